// The page: streams on the left, the chosen one on the right. Everything that users or cameras named
// is put in as text, never as markup.

import { forgetToken, hasToken, keepToken, whenTokenNeeded } from "./access.js";
import { get, getBlob, send, upload } from "./api.js";
import { colourOf, draw, facesPerFrame, labelsOf } from "./chart.js";
import { readEvents } from "./events.js";

const $ = (id) => document.getElementById(id);
const MAX_EVENTS = 40;
const FINAL = ["FINISHED", "FAILED", "REFUSED"];
const TIME_SOURCES = {
  SENDER_REPORT: "from the camera's own clock",
  ARRIVAL: "from the least delayed arrivals",
  RECORDING: "counted from the recording's start",
};
const SAMPLINGS = { keyframes: "key frames alone", motion: "where something moves" };

let streams = [];
let chosen = null; // id
let events = null; // what readEvents gave
let toldState = null; // of the chosen stream, as its events told it
let preview = 0; // grows with each preview that is begun
let windows = [];
let step = "";
let chart = null;
let pointed = -1;
let stale = true; // the timeline may have changed
let zoom = null; // { from, to } in milliseconds, or all
let dragged = null; // the instant at which a drag over the timeline began

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) {
    made.textContent = text;
  }
  if (className) {
    made.className = className;
  }
  return made;
}

function show(problem) {
  $("error").hidden = !problem;
  $("error").textContent = problem ? problem.message : "";
}

/** Runs what a person asked for, and shows what came in its way. */
async function attempt(work) {
  try {
    show(null);
    await work();
  } catch (problem) {
    if ($("token-box").hidden) {
      show(problem);
    }
  }
}

// What the server works with

async function loadSystem() {
  const system = await get("/api/v1/system");
  $("detector").textContent = system.detector ? system.detector.name : "in another process";
  $("limits").textContent =
    system.detector?.limits ? `What this detector can not see: ${system.detector.limits}` : "";
  $("model").textContent = system.model ?? "in another process";
  const waiting = system.parts.filter((part) => part.state !== "UP");
  $("server").textContent =
    `version ${system.version}, ` +
    (waiting.length === 0
      ? "ready"
      : waiting.map((part) => `${part.name} ${part.state.toLowerCase()} ${part.reason}`).join("; "));
  $("notice").textContent = system.notice;
  for (const select of document.querySelectorAll("select.purpose")) {
    if (select.options.length === 1) {
      system.purposes.forEach((purpose) => select.append(new Option(purpose, purpose)));
    }
  }
}

// Streams

async function loadStreams() {
  streams = (await get("/api/v1/streams")).streams;
  $("no-streams").hidden = streams.length > 0;
  $("streams").replaceChildren(...streams.map(streamItem));
  if (chosen === null && streams.length > 0) {
    choose(streams[0].id);
  } else if (chosen !== null) {
    showChosen();
  }
}

function streamItem(stream) {
  const item = element("li");
  const button = element("button", undefined, "stream");
  button.type = "button";
  button.dataset.stream = stream.id;
  markChosen(button);
  button.append(
    element("span", stream.name, "name"),
    element("span", stream.status.state.toLowerCase().replace("_", " "), "state " + stream.status.state),
    element("span", `${stream.id} · ${stream.source}`, "quiet"));
  button.addEventListener("click", () => choose(stream.id));
  item.append(button);
  return item;
}

function markChosen(button) {
  if (button.dataset.stream === chosen) {
    button.setAttribute("aria-current", "true");
  } else {
    button.removeAttribute("aria-current");
  }
}

function choose(id) {
  if (id === chosen && events !== null) {
    return;
  }
  chosen = id;
  windows = [];
  zoom = null;
  $("whole").hidden = true;
  pointed = -1;
  $("events").replaceChildren();
  $("chosen").hidden = false;
  document.querySelectorAll("button.stream").forEach(markChosen);
  showChosen();
  listen();
  showPreview();
  stale = true;
  attempt(refresh);
}

function forget() {
  chosen = null;
  events?.close();
  events = null;
  $("chosen").hidden = true;
  showPreview();
}

function current() {
  return streams.find((stream) => stream.id === chosen);
}

function showChosen() {
  const stream = current();
  if (!stream) {
    return;
  }
  const status = stream.status;
  const recording = stream.kind === "RECORDING";
  $("chosen-title").textContent = stream.name;
  const words = [status.state.toLowerCase().replace("_", " ")];
  if (status.reason) {
    words.push(status.reason);
  }
  $("chosen-state").replaceChildren(
    element("strong", words[0], "state " + status.state),
    document.createTextNode(words.length > 1 ? ": " + words[1] : ""));
  const unmoved = (status.droppedByReason || {}).NO_MOTION || 0;
  const lost = (status.dropped || 0) - unmoved;
  const facts = [
    recording ? "recording" : "live",
    `purpose ${stream.purpose}`,
    `${stream.framesPerSecond} frames/s`,
    SAMPLINGS[stream.sampling] || "",
    stream.credentials ? "credentials are kept sealed" : "",
    status.width ? `${status.width} × ${status.height}` : "",
    status.decodedBy ? `decoded by ${status.decodedBy} (${status.decodedByReason})` : "",
    status.published === undefined ? "" : `${status.published} frames published`,
    lost ? `${lost} dropped` : "",
    unmoved ? `${unmoved} left out: nothing moved` : "",
  ];
  $("chosen-facts").textContent = facts.filter((fact) => fact !== "").join(" · ");
  $("chosen-times").textContent = captureTimes(status);
  $("range-box").hidden = recording;
  $("progress-box").hidden = !recording;
  $("pause").textContent = stream.desiredState === "PAUSED" ? "Resume" : "Pause";
  $("pause").hidden = FINAL.includes(status.state);
  $("preview-note").textContent = stream.showFaces
    ? "This stream shows faces as they are."
    : "Faces that were found are pixelated; one that the detector misses is not.";
  showDownloads(stream);
}

/** Where capture times come from, and how well they are known. */
function captureTimes(status) {
  if (!TIME_SOURCES[status.timeSource]) {
    return "";
  }
  const facts = ["Capture times " + TIME_SOURCES[status.timeSource]];
  if (status.timeSource !== "RECORDING") {
    facts.push(`± ${timeLength(status.timeUncertaintyMicros)}`);
  }
  const drift = status.mediaClockDriftPpm ?? null;
  if (drift !== null) {
    facts.push(`media clock ${Math.abs(drift).toFixed(1)} ppm ${drift < 0 ? "slow" : "fast"}`);
  }
  const offset = status.senderClockOffsetMicros ?? null;
  if (offset !== null) {
    facts.push(`camera's clock ${timeLength(Math.abs(offset))} ${offset < 0 ? "behind" : "ahead of"} its arrival`);
  }
  return facts.join(" · ");
}

/** Microseconds in the unit in which they are read best. */
function timeLength(micros) {
  const seconds = micros / 1e6;
  if (seconds < 10) {
    return `${(1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  }
  return seconds < 10000 ? `${seconds.toFixed(1)} s` : `${(seconds / 86400).toFixed(1)} days`;
}

function showDownloads(stream) {
  const range = new URLSearchParams();
  const shown = rangeOf(stream);
  if (shown) {
    range.set("from", new Date(shown.from).toISOString());
    range.set("to", new Date(shown.to).toISOString());
  }
  for (const link of document.querySelectorAll("#downloads a")) {
    link.href =
      `/api/v1/streams/${encodeURIComponent(stream.id)}/timeline.${link.dataset.format}?${range}`;
  }
}

/** The picture is asked for only while someone looks; an address of its own each time starts it anew. */
function showPreview() {
  const open = chosen !== null && $("preview-box").open;
  preview++;
  const running = document.querySelector("#preview img");
  running?.removeAttribute("src"); // ends the connection
  $("preview").replaceChildren();
  if (!open) {
    return;
  }
  const picture = element("img");
  picture.alt = `Preview of ${chosen}`;
  const path = `/api/v1/streams/${encodeURIComponent(chosen)}/preview`;
  $("preview").append(picture);
  if (hasToken()) {
    showPictures(picture, path + ".jpg?overlay=true", preview);
  } else {
    picture.src = path + "?overlay=true";
  }
}

/** An img element sends no token, so pictures are fetched one by one. */
async function showPictures(picture, path, number) {
  while (number === preview) {
    try {
      const address = URL.createObjectURL(await getBlob(path));
      picture.onload = picture.onerror = () => URL.revokeObjectURL(address);
      picture.src = address;
    } catch {
      // The stream shows no picture at the moment; what else is wrong is told elsewhere.
    }
    await new Promise((resume) => setTimeout(resume, 500));
  }
}

// Timeline

/** What is looked at; null for all of a recording. */
function rangeOf(stream) {
  if (zoom !== null) {
    return zoom;
  }
  const now = Date.now();
  return stream.kind === "LIVE" ? { from: now - 1000 * Number($("range").value), to: now } : null;
}

/** Looks at a part, or at all again. */
function look(range) {
  zoom = range;
  pointed = -1;
  stale = true;
  $("whole").hidden = zoom === null;
  const stream = current();
  if (stream) {
    showDownloads(stream);
  }
  attempt(refresh);
}

async function refresh() {
  const stream = current();
  if (!stream) {
    return;
  }
  const done = !stale && FINAL.includes(stream.status.state);
  if (done) {
    return;
  }
  stale = false;
  const path = `/api/v1/streams/${encodeURIComponent(stream.id)}/timeline`;
  let query = "";
  const range = rangeOf(stream);
  if (range) {
    query =
      "?from=" + encodeURIComponent(new Date(range.from).toISOString()) +
      (zoom ? "&to=" + encodeURIComponent(new Date(range.to).toISOString()) : "");
  }
  const timeline = await get(path + query);
  if (stream.id !== chosen) {
    return; // another one was chosen meanwhile
  }
  windows = timeline.windows;
  step = timeline.step;
  drawTimeline(stream);
  if (stream.kind === "RECORDING") {
    await showProgress(stream);
  }
}

function drawTimeline(stream) {
  const recording = stream.kind === "RECORDING";
  const start = recording ? Date.parse(stream.start ?? "1970-01-01T00:00:00Z") : 0;
  const first = windows.length > 0 ? Date.parse(windows[0].start) : recording ? start : Date.now() - 60000;
  const last = windows.length > 0 ? Date.parse(windows[windows.length - 1].end) : first + 60000;
  const from = recording ? Math.min(start, first) : first;
  const name = (time) => nameTime(time, recording, start);
  if (dragged !== null) {
    return; // drawn anew once the drag is over
  }
  chart = zoom
    ? draw($("chart"), windows, zoom.from, zoom.to, name)
    : draw($("chart"), windows, from, Math.max(last, from + 1000), name);
  chart.mark(pointed);
  const faces = windows.reduce((sum, window) => sum + window.faces, 0);
  $("chart").setAttribute(
    "aria-label",
    `Timeline of ${stream.name}: ${windows.length} windows of ${step}, ${faces} faces`);
  const labels = labelsOf(windows);
  $("legend").replaceChildren(
    ...labels.map((label) => legendItem(colourOf(label, labels), label)),
    legendItem("empty", "looked at, no face"),
    legendItem("missing", "missing: nothing was looked at"));
  drawTable(labels, name);
}

function legendItem(className, words) {
  const item = element("li");
  item.append(element("span", "", "swatch " + className), document.createTextNode(words));
  return item;
}

function drawTable(labels, name) {
  if (!$("table-box").open) {
    return;
  }
  const head = element("tr");
  ["from", "coverage", "frames", "faces", "mostly", ...labels].forEach((title) =>
    head.append(element("th", title)));
  document.querySelector("#table thead").replaceChildren(head);
  const rows = windows.map((window) => {
    const row = element("tr");
    row.append(
      element("td", name(Date.parse(window.start))),
      element("td", Math.round(100 * window.coverage) + " %"),
      element("td", window.frames),
      element("td", window.faces),
      element("td", window.dominant ?? (window.faces > 0 ? "withheld" : "no face")));
    labels.forEach((label) =>
      row.append(element("td", window.scores[label]?.toFixed(2) ?? "")));
    return row;
  });
  document.querySelector("#table tbody").replaceChildren(...rows);
}

function nameTime(time, recording, start) {
  if (!recording) {
    return new Date(time).toLocaleTimeString();
  }
  const seconds = Math.round((time - start) / 1000);
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  return (hours > 0 ? hours + ":" : "") + two(Math.floor(seconds / 60) % 60) + ":" + two(seconds % 60);
}

function point(index) {
  pointed = index;
  chart?.mark(index);
  const window = windows[index];
  const stream = current();
  if (!window || !stream) {
    $("readout").textContent = "Nothing was looked at here.";
    return;
  }
  const start = Date.parse(stream.start ?? "1970-01-01T00:00:00Z");
  const name = (text) => nameTime(Date.parse(text), stream.kind === "RECORDING", start);
  const scores = Object.entries(window.scores)
    .sort((a, b) => b[1] - a[1])
    .map(([label, score]) => `${label} ${score.toFixed(2)}`);
  $("readout").textContent =
    `${name(window.start)} to ${name(window.end)}: ${window.frames} frames, coverage ` +
    `${Math.round(100 * window.coverage)} %, ${facesPerFrame(window).toFixed(1)} faces per frame. ` +
    (scores.length > 0 ? scores.join(", ") + "." : "No face.") + withheldOf(window);
}

/** How many faces have no label, and why. */
function withheldOf(window) {
  const without = window.faces - window.labelled;
  const reasons = Object.entries(window.withheld).map(([reason, faces]) => `${reason} ${faces}`);
  return without > 0 ? ` Label withheld for ${without} of ${window.faces} faces (${reasons.join(", ")}).` : "";
}

async function showProgress(stream) {
  const replay = await get(`/api/v1/replays/${encodeURIComponent(stream.id)}`);
  if (replay.progress === null) {
    $("progress").removeAttribute("value");
  } else {
    $("progress").value = replay.progress;
  }
  $("progress-text").textContent =
    `${replay.state.toLowerCase()}: ${replay.ledger.analysed} of ${replay.ledger.published} frames analysed, ` +
    `${replay.ledger.skipped} skipped, ${replay.ledger.failed} failed, ${replay.faces} faces` +
    (replay.model ? ` · model ${replay.model}, detector ${replay.detector}` : "");
  if (!FINAL.includes(replay.state)) {
    stale = true;
  }
}

// Events

function listen() {
  events?.close();
  const id = chosen;
  toldState = current()?.status.state;
  events = readEvents(`/api/v1/streams/${encodeURIComponent(id)}/events`, {
    open: () => ($("live-state").textContent = "connected, newest first"),
    broken: () => ($("live-state").textContent = "connection broke, trying again"),
    refused: (words) => ($("live-state").textContent = `closed: ${words}`),
    emotion: showEmotion,
    status: showStatus,
    segment: showSegment,
    alert: showAlert,
    gap: (gap) => addEvent("", `events are missing here: ${gap.reason}`),
  });
}

function showEmotion(emotion) {
  stale = true;
  addEvent(
    current()?.kind === "RECORDING"
      ? (emotion.mediaTimeMicros / 1e6).toFixed(2) + " s"
      : new Date(emotion.time).toLocaleTimeString(),
    emotion.label === null
      ? `face ${emotion.face}: label withheld (${emotion.withheld.join(", ")})`
      : `face ${emotion.face}: ${emotion.label} ${emotion.score.toFixed(2)}`);
}

function showStatus(status) {
  stale = true;
  const stream = current();
  if (status.state === "REMOVED") {
    attempt(loadStreams);
  } else if (stream) {
    if (toldState !== status.state) {
      toldState = status.state;
      addEvent(new Date(status.since).toLocaleTimeString(), status.state.toLowerCase() + (status.reason ? ": " + status.reason : ""));
    }
    stream.status = status;
    showChosen();
  }
}

function showSegment(segment) {
  stale = true;
  if (!segment.final) {
    return; // it is told once it is over
  }
  const stream = current();
  const origin = Date.parse(stream?.start ?? "1970-01-01T00:00:00Z");
  addEvent(
    segment.start ? nameTime(Date.parse(segment.start), stream?.kind === "RECORDING", origin) : "",
    `track ${segment.track}: ${segment.label} for ` +
      `${((Date.parse(segment.end) - Date.parse(segment.start)) / 1000).toFixed(1)} s`);
}

function showAlert(alert) {
  addEvent(
    alert.start ? new Date(alert.start).toLocaleTimeString() : "",
    `alert ${alert.rule} ${alert.state.toLowerCase()}${alert.message ? ": " + alert.message : ""}`,
    "alert");
}

function addEvent(time, words, className) {
  const item = element("li", undefined, className);
  item.append(element("time", time), document.createTextNode(" " + words));
  $("events").prepend(item);
  while ($("events").children.length > MAX_EVENTS) {
    $("events").lastChild.remove();
  }
}

// Access

whenTokenNeeded((words) => {
  $("token-words").textContent = hasToken() ? `The server refused the token: ${words}.` : "";
  $("token-box").hidden = false;
  showAccess();
});

function showAccess() {
  $("forget-token").hidden = !hasToken();
}

/** Everything is asked for anew, as someone else may ask now. */
async function begin() {
  showAccess();
  await loadSystem();
  $("token-box").hidden = true;
  await loadStreams();
  if (chosen !== null) {
    listen();
    showPreview();
    stale = true;
    await refresh();
  }
}

$("token").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.elements.token;
  keepToken(field.value.trim());
  field.value = "";
  attempt(begin);
});

$("forget-token").addEventListener("click", () => {
  forgetToken();
  forget();
  streams = [];
  $("streams").replaceChildren();
  attempt(begin);
});

$("downloads").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (link && hasToken() && link.href.startsWith(location.origin)) {
    event.preventDefault();
    attempt(() => save(link.href, `${chosen}.${link.dataset.format}`));
  }
});

/** A link sends no token, so the file is fetched first. */
async function save(path, name) {
  const link = element("a");
  link.href = URL.createObjectURL(await getBlob(path));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// What a person does

$("register").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = new FormData(form);
  attempt(async () => {
    const id = fields.get("id");
    await send("PUT", `/api/v1/streams/${encodeURIComponent(id)}`, body(fields, { source: fields.get("source") }));
    form.reset();
    $("register-box").open = false;
    await loadStreams();
    choose(id);
  });
});

$("replay").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = new FormData(form);
  attempt(async () => {
    const file = fields.get("file");
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const taken = await upload(file, (share) =>
        ($("upload-state").textContent = `uploading, ${Math.round(100 * share)} %`));
      const name = fields.get("name") || file.name;
      const replay = await send("POST", "/api/v1/replays", body(fields, { recording: taken.recording, name }));
      form.reset();
      $("replay-box").open = false;
      await loadStreams();
      choose(replay.stream);
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

$("remove").addEventListener("click", () =>
  attempt(async () => {
    const stream = current();
    if (stream && confirm(`Remove the stream ${stream.id}?`)) {
      await send("DELETE", `/api/v1/streams/${encodeURIComponent(stream.id)}`);
      forget();
      await loadStreams();
    }
  }));

function shareAt(event) {
  const area = $("chart").firstElementChild.getBoundingClientRect();
  return (event.clientX - area.left) / area.width;
}

$("chart").addEventListener("pointermove", (event) => {
  if (chart) {
    point(chart.at(shareAt(event)));
    if (dragged !== null) {
      chart.choose(dragged, chart.timeAt(shareAt(event)));
    }
  }
});

$("chart").addEventListener("pointerdown", (event) => {
  if (chart && event.button === 0) {
    dragged = chart.timeAt(shareAt(event));
    if (event.isTrusted) {
      $("chart").setPointerCapture(event.pointerId);
    }
  }
});

$("chart").addEventListener("pointerup", (event) => {
  if (dragged === null) {
    return;
  }
  const began = dragged;
  const ended = chart.timeAt(shareAt(event));
  dragged = null;
  const range = { from: Math.min(began, ended), to: Math.max(began, ended) };
  if (range.to - range.from > (chart.to - chart.from) / 50) {
    look(range);
  } else {
    chart.choose(0, 0);
  }
});

$("chart").addEventListener("pointercancel", () => (dragged = null));

$("whole").addEventListener("click", () => look(null));

/** Half or twice as much, around the window that is pointed at, or around the middle. */
function scale(factor) {
  const shown = windows[pointed];
  const middle = shown ? Date.parse(shown.start) : (chart.from + chart.to) / 2;
  const half = Math.max(2500, ((chart.to - chart.from) * factor) / 2);
  look({ from: middle - half, to: middle + half });
}

$("chart").addEventListener("keydown", (event) => {
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (move && windows.length > 0) {
    event.preventDefault();
    point(Math.min(windows.length - 1, Math.max(0, pointed + move)));
  }
  if (chart && (event.key === "+" || event.key === "-")) {
    event.preventDefault();
    scale(event.key === "+" ? 0.5 : 2);
  }
});

$("preview-box").addEventListener("toggle", showPreview);

$("pause").addEventListener("click", () =>
  attempt(async () => {
    const stream = current();
    const what = stream.desiredState === "PAUSED" ? "resume" : "pause";
    await send("POST", `/api/v1/streams/${encodeURIComponent(stream.id)}/${what}`);
    await loadStreams();
  }));

$("range").addEventListener("change", () => look(null));

$("table-box").addEventListener("toggle", () => {
  stale = true;
  attempt(refresh);
});

window.addEventListener("resize", () => {
  const stream = current();
  if (stream && chart) {
    drawTimeline(stream);
  }
});

/** Runs again and again, a pause after each time; a server that is away is no news twice. */
async function repeat(work, pause) {
  for (;;) {
    try {
      await work();
      if ($("error").dataset.away) {
        delete $("error").dataset.away;
        show(null);
      }
    } catch (problem) {
      if ($("error").hidden && $("token-box").hidden) {
        $("error").dataset.away = "true";
        show(problem);
      }
    }
    await new Promise((resume) => setTimeout(resume, pause));
  }
}

showAccess();
repeat(loadSystem, 10000);
repeat(loadStreams, 3000);
repeat(refresh, 1000);
