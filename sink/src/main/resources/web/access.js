// The access token of this tab. It is kept for the tab's session, and sent with every request.

const KEY = "moodline-token";
const needed = new Set();

/** Headers of a request, with the token where there is one. */
export function headers(more) {
  const token = sessionStorage.getItem(KEY);
  return token === null ? { ...more } : { ...more, Authorization: "Bearer " + token };
}

export function hasToken() {
  return sessionStorage.getItem(KEY) !== null;
}

export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
}

/** Calls back with the server's words whenever it asks for a token, or for another one. */
export function whenTokenNeeded(callback) {
  needed.add(callback);
}

/** Looks at an answer's status. */
export function noteStatus(status, words) {
  if (status === 401) {
    needed.forEach((callback) => callback(words));
  }
}
