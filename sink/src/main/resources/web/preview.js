// The chosen stream's pictures. They are asked for only while someone looks; an address of its own
// each time starts them anew.

import { hasToken } from "./access.js";
import { getBlob } from "./api.js";
import { $, element } from "./page.js";

let begun = 0; // grows with each preview that is begun
let shown = null; // id

/** Shows a stream's preview where the box is open; null for none. */
export function showPreview(stream) {
  shown = stream;
  begin();
}

function begin() {
  const number = ++begun;
  const running = document.querySelector("#preview img");
  running?.removeAttribute("src"); // ends the connection
  $("preview").replaceChildren();
  if (shown === null || !$("preview-box").open || document.hidden) {
    return;
  }
  const picture = element("img");
  picture.alt = `Preview of ${shown}`;
  const path = `/api/v1/streams/${encodeURIComponent(shown)}/preview`;
  $("preview").append(picture);
  if (hasToken()) {
    showPictures(picture, path + ".jpg?overlay=true", number);
  } else {
    picture.onerror = () => setTimeout(() => number === begun && begin(), 2000);
    keepAsking(picture, path + "?overlay=true", number);
  }
}

/** The server ends a preview that has nothing to show for 30 s; there may be something later. */
async function keepAsking(picture, path, number) {
  while (number === begun && picture.naturalWidth === 0) {
    picture.src = path;
    await new Promise((resume) => setTimeout(resume, 35_000));
  }
}

/** An img element sends no token, so pictures are fetched one by one. */
async function showPictures(picture, path, number) {
  while (number === begun) {
    try {
      const address = URL.createObjectURL(await getBlob(path));
      picture.onload = picture.onerror = () => URL.revokeObjectURL(address);
      picture.src = address;
      picture.className = "";
    } catch {
      picture.className = "old"; // what is wrong is told elsewhere
    }
    await new Promise((resume) => setTimeout(resume, 500));
  }
}

$("preview-box").addEventListener("toggle", begin);
