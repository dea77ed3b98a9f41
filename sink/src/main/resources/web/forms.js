// The forms that register a stream and replay a recording.

import { send, upload } from "./api.js";
import { $, attempt } from "./page.js";

let uploadMaxBytes = Infinity;
let whenMade = async () => {};

/** Begins; calls back with the id of each stream that a form has made. */
export function startForms(callback) {
  whenMade = callback;
}

/** Offers what the server takes. */
export function fillForms(system) {
  uploadMaxBytes = system.uploadMaxBytes;
  document.querySelectorAll("input[name=framesPerSecond]").forEach(
    (input) => (input.placeholder = system.framesPerSecond));
  for (const select of document.querySelectorAll("select.purpose")) {
    if (select.options.length === 1) {
      system.purposes.forEach((purpose) => select.append(new Option(purpose, purpose)));
    }
  }
}

$("register").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = new FormData(form);
  attempt(async () => {
    const id = fields.get("id");
    const path = `/api/v1/streams/${encodeURIComponent(id)}`;
    try {
      await send("PUT", path, body(fields, { source: fields.get("source") }), { "If-None-Match": "*" });
    } catch (problem) {
      throw problem.status === 412
        ? new Error(`there is a stream ${id} already: choose another id, or remove that one first`)
        : problem;
    }
    form.reset();
    $("register-box").open = false;
    await whenMade(id);
  });
});

$("replay").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = new FormData(form);
  attempt(async () => {
    const file = fields.get("file");
    if (file.size > uploadMaxBytes) {
      const megabytes = (bytes) => Math.round(bytes / 1e6) + " MB";
      throw new Error(`${file.name} has ${megabytes(file.size)}; this server takes ${megabytes(uploadMaxBytes)}`);
    }
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const taken = await upload(file, (share) =>
        ($("upload-state").textContent = `uploading, ${Math.round(100 * share)} %`));
      const name = fields.get("name") || file.name.slice(-200);
      const replay = await send("POST", "/api/v1/replays", body(fields, { recording: taken.recording, name }));
      form.reset();
      $("replay-box").open = false;
      await whenMade(replay.stream);
    } finally {
      button.disabled = false;
      $("upload-state").textContent = "";
    }
  });
});

function body(fields, more) {
  const made = { purpose: fields.get("purpose") };
  if (fields.get("name")) {
    made.name = fields.get("name");
  }
  if (fields.get("framesPerSecond")) {
    made.framesPerSecond = Number(fields.get("framesPerSecond"));
  }
  if (fields.get("sampling")) {
    made.sampling = fields.get("sampling");
  }
  if (fields.get("showFaces")) {
    made.showFaces = true;
  }
  return Object.assign(made, more);
}
