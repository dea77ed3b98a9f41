// What all parts of the page use. Everything that users or cameras named is put in as text, never
// as markup.

export const $ = (id) => document.getElementById(id);

export function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) {
    made.textContent = text;
  }
  if (className) {
    made.className = className;
  }
  return made;
}

export function show(problem) {
  $("error").hidden = !problem;
  $("error").textContent = problem ? problem.message : "";
}

/** Runs what a person asked for, and shows what came in its way. */
export async function attempt(work) {
  try {
    show(null);
    await work();
  } catch (problem) {
    if ($("token-box").hidden) {
      show(problem);
    }
  }
}
