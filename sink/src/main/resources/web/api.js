// Calls the HTTP API. What the server refuses becomes an Error with the server's own sentence.

import { headers, noteStatus } from "./access.js";

// A connection that died without a word would be waited for without end.
const PATIENCE = 30000;

export async function get(path) {
  try {
    return await answer(
      await fetch(path, {
        headers: headers({ Accept: "application/json" }),
        signal: AbortSignal.timeout(PATIENCE),
      }));
  } catch (problem) {
    throw problem.name === "TimeoutError" ? new Error("the server does not answer") : problem;
  }
}

/** All items of a list that comes in pages. */
export async function getAll(path, items) {
  const found = [];
  let next = null;
  do {
    const page = await get(path + (next === null ? "" : "?cursor=" + encodeURIComponent(next)));
    found.push(...page[items]);
    next = page.next;
  } while (next !== null);
  return found;
}

export async function send(method, path, body, more = {}) {
  const options = { method, headers: headers({ Accept: "application/json", ...more }) };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  return answer(await fetch(path, options));
}

async function answer(response) {
  const text = await response.text();
  const body = text === "" ? null : parse(text);
  if (!response.ok) {
    throw refused(response.status, body);
  }
  return body;
}

function refused(status, body) {
  const words = body?.detail ?? `the server answered with status ${status}`;
  noteStatus(status, words);
  return Object.assign(new Error(words), { status, position: body?.position });
}

/** What an address holds, as it is. */
export async function getBlob(path) {
  const response = await fetch(path, { headers: headers({}), cache: "no-store" });
  if (!response.ok) {
    throw refused(response.status, parse(await response.text()));
  }
  return response.blob();
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Uploads a file; fetch can not tell how far it is, so the older interface is used. */
export function upload(file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/recordings?name=" + encodeURIComponent(file.name));
    Object.entries(headers({ "Content-Type": "application/octet-stream" })).forEach(([name, value]) =>
      request.setRequestHeader(name, value));
    request.upload.onprogress = (event) => onProgress(event.loaded / Math.max(1, event.total));
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status === 201) {
        resolve(body);
      } else {
        reject(refused(request.status, body));
      }
    };
    request.onerror = () => reject(new Error("the upload broke: is the server still there?"));
    request.send(file);
  });
}
