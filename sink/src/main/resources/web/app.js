// The page: streams on the left, the chosen one on the right.

import { forgetToken, hasToken, keepToken, whenTokenNeeded } from "./access.js";
import { Alerts } from "./alerts.js";
import { loadAnalyzers } from "./analyzers.js";
import { get, getAll, getBlob, send } from "./api.js";
import { colourOf, draw, facesPerFrame, labelsOf } from "./chart.js";
import { readEvents } from "./events.js";
import { fillForms, startForms } from "./forms.js";
import { $, attempt, element, show } from "./page.js";
import { showPreview } from "./preview.js";
import { forgetRules, loadRules, offerStreams } from "./rules.js";
import { nameTime, needDate, startOf, timeLength } from "./times.js";

const MAX_EVENTS = 40;
// More windows than these say nothing more on a screen: a coarser step is shown then.
const MAX_WINDOWS = 1500;
const STEPS = ["1s", "10s", "1m", "1h"];
const POINT = $("readout").textContent;
const YEAR = 366 * 86400000;
const FINAL = ["FINISHED", "FAILED", "REFUSED"];
const TIME_SOURCES = {
  SENDER_REPORT: "from the camera's own clock",
  ARRIVAL: "from the least delayed arrivals",
  RECORDING: "counted from the recording's start",
};
const SAMPLINGS = { keyframes: "key frames alone", motion: "where something moves" };

let streams = [];
let chosen = null; // id
let events = null; // what readEvents gave; null where none are read
let lastEvent = null; // of the chosen stream, while the page is not looked at
let toldState = null; // of the chosen stream, as its events told it
let windows = [];
let step = "";
let coarser = null; // the step that is asked for where the finest one has too many windows
let chart = null;
let pointed = null; // where the window starts that is pointed at, milliseconds
let stale = true; // the timeline may have changed
let whole = null; // { from, to } of all that a recording shows
let asked = 0; // grows with each question for the timeline
let missed = 0; // how often in a row the chosen stream was not in the list
let rangeChosen = false; // by the reader
let zoom = null; // { from, to } in milliseconds, or all
let dragged = null; // the instant at which a drag over the timeline began

const alerts = new Alerts(
  $("alerts-box"),
  $("alerts"),
  $("older-alerts"),
  (id) => streams.find((stream) => stream.id === id),
  (id, range) => streams.some((stream) => stream.id === id) && choose(id, range));

$("older-alerts").addEventListener("click", () => attempt(() => alerts.more()));

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
  document.body.classList.toggle("viewer", system.role === "viewer");
  fillForms(system);
}

// Streams

async function loadStreams() {
  streams = await getAll("/api/v1/streams", "streams");
  showStreams();
  offerStreams(streams);
  missed = chosen === null || current() ? 0 : missed + 1;
  if (missed > 1) {
    forget(); // it was removed elsewhere: another instance may only not know it yet
  }
  if (chosen === null && streams.length > 0) {
    choose(streams[0].id);
  } else if (chosen !== null) {
    showChosen();
  }
}

/** Changes what is different and no more: what has the focus keeps it. */
function showStreams() {
  $("no-streams").hidden = streams.length > 0;
  const list = $("streams");
  const items = new Map([...list.children].map((item) => [item.firstChild.dataset.stream, item]));
  streams.forEach((stream, index) => {
    const item = items.get(stream.id) ?? streamItem(stream.id);
    items.delete(stream.id);
    const [name, state, source] = item.firstChild.children;
    name.textContent = stream.name;
    state.textContent = stream.status.state.toLowerCase().replace("_", " ");
    state.className = "state " + stream.status.state;
    source.textContent = `${stream.id} · ${stream.source}`;
    if (list.children[index] !== item) {
      list.insertBefore(item, list.children[index] ?? null);
    }
  });
  items.forEach((item) => item.remove());
}

function streamItem(id) {
  const item = element("li");
  const button = element("button", undefined, "stream");
  button.type = "button";
  button.dataset.stream = id;
  markChosen(button);
  button.append(element("span", "", "name"), element("span", ""), element("span", "", "quiet"));
  button.addEventListener("click", () => choose(id));
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

/** Shows a stream, and of its time a range where one is given. */
function choose(id, range = null) {
  if (id === chosen && events !== null) {
    if (range !== null) {
      look(range);
    }
    return;
  }
  chosen = id;
  clearTimeline();
  suggestRange(current());
  zoom = range;
  $("whole").hidden = zoom === null;
  lastEvent = null;
  $("events").replaceChildren();
  $("chosen").hidden = false;
  document.querySelectorAll("button.stream").forEach(markChosen);
  showChosen();
  listen();
  showPreview(chosen);
  stale = true;
  attempt(refresh);
}

/** In the last hour of a camera that is minutes old there is little to see; what a reader chose stays. */
function suggestRange(stream) {
  if (stream && !rangeChosen) {
    const [closest] = $("range").options;
    const young = Date.now() - Date.parse(stream.createdAt) < 1000 * Number(closest.value);
    $("range").value = young ? closest.value : "3600";
  }
}

/** What was shown of another stream must not stand under this one's name. */
function clearTimeline() {
  windows = [];
  chart = null;
  whole = null;
  zoom = null;
  coarser = null;
  pointed = null;
  dragged = null;
  $("whole").hidden = true;
  $("chart").replaceChildren();
  $("chart").setAttribute("aria-label", "Timeline");
  $("legend").replaceChildren();
  $("readout").textContent = POINT;
  $("progress").removeAttribute("value");
  $("progress-text").textContent = "";
  document.querySelectorAll("#table thead, #table tbody").forEach((part) => part.replaceChildren());
}

function forget() {
  chosen = null;
  clearTimeline();
  events?.close();
  events = null;
  $("chosen").hidden = true;
  showPreview(chosen);
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
  $("zone").textContent = recording
    ? ""
    : `Times of ${Intl.DateTimeFormat().resolvedOptions().timeZone}, in downloads UTC`;
  $("progress-box").hidden = !recording;
  $("pause").textContent = stream.desiredState === "PAUSED" ? "Resume" : "Pause";
  $("pause").hidden = FINAL.includes(status.state) && status.state !== "REFUSED";
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
  coarser = null;
  pointed = null;
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
  const number = ++asked;
  try {
    const timeline = await wholeTimeline(stream);
    if (number !== asked || stream.id !== chosen) {
      return; // another one was asked for meanwhile
    }
    windows = timeline.windows;
    step = timeline.step;
    drawTimeline(stream);
    if (stream.kind === "RECORDING") {
      await showProgress(stream);
    }
  } catch (problem) {
    stale = true; // it is still to be shown
    throw problem;
  }
}

/** All windows of the finest step that a screen can show: thinned ones would look as if some were missing. */
async function wholeTimeline(stream) {
  const query = new URLSearchParams({ maxPoints: MAX_WINDOWS });
  const range = rangeOf(stream);
  if (range) {
    query.set("from", new Date(range.from).toISOString());
  }
  if (zoom) {
    query.set("to", new Date(range.to).toISOString()); // now is by the server's clock
  }
  const path = `/api/v1/streams/${encodeURIComponent(stream.id)}/timeline?`;
  const ask = () => {
    if (coarser !== null) {
      query.delete("maxPoints");
      query.set("step", coarser);
    }
    return get(path + query);
  };
  let timeline = await ask();
  while (timeline.thinned || timeline.windows.length > MAX_WINDOWS) {
    const next = STEPS[STEPS.indexOf(timeline.step) + 1];
    if (next === undefined || stream.id !== chosen) {
      break;
    }
    coarser = next;
    timeline = await ask();
  }
  return timeline;
}

/** What the axis shows. */
function shownRange(stream) {
  if (zoom) {
    return zoom;
  }
  const range = rangeOf(stream);
  const start = range ? range.from : startOf(stream);
  const first = windows.length > 0 ? Date.parse(windows[0].start) : start;
  const last = windows.length > 0 ? Date.parse(windows[windows.length - 1].end) : start + 60000;
  const from = range ? range.from : Math.min(start, first);
  return { from, to: Math.max(last, range ? range.to : from + 1000) };
}

function pointedIndex() {
  return windows.findIndex((window) => Date.parse(window.start) === pointed);
}

function drawTimeline(stream) {
  if (dragged !== null) {
    return; // drawn anew once the drag is over
  }
  const { from, to } = shownRange(stream);
  if (zoom === null) {
    whole = { from, to };
  }
  const start = startOf(stream);
  const dated = start === null && needDate(from, to);
  const name = (time) => nameTime(time, start, dated);
  chart = draw($("chart"), windows, from, to, start);
  chart.mark(pointedIndex());
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

function point(index) {
  const window = windows[index];
  pointed = window ? Date.parse(window.start) : null;
  chart?.mark(index);
  const stream = current();
  if (!window || !stream) {
    $("readout").textContent = "Nothing was looked at here.";
    return;
  }
  const start = startOf(stream);
  const dated = start === null && needDate(pointed, pointed);
  const name = (text) => nameTime(Date.parse(text), start, dated);
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
  const last = lastEvent;
  lastEvent = null;
  let broken = false;
  toldState = current()?.status.state;
  events = readEvents(`/api/v1/streams/${encodeURIComponent(id)}/events`, {
    open() {
      $("live-state").textContent = "connected, newest first";
      if (broken) {
        broken = false;
        showPreview(chosen); // its connection is as dead
      }
    },
    broken() {
      broken = true;
      $("live-state").textContent = "connection broke, trying again";
    },
    refused(words) {
      $("live-state").textContent = `closed: ${words}`;
      events = null; // chosen again, it is tried again
    },
    emotion: showEmotion,
    status: showStatus,
    segment: showSegment,
    alert: showAlert,
    gap: (gap) => addEvent("", `events are missing here: ${gap.reason}`),
  }, last);
}

function showEmotion(emotion) {
  stale = true;
  addEvent(
    current()?.kind === "RECORDING"
      ? (emotion.mediaTimeMicros / 1e6).toFixed(2) + " s"
      : nameTime(Date.parse(emotion.time), null),
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
      addEvent(nameTime(Date.parse(status.since), null), status.state.toLowerCase() + (status.reason ? ": " + status.reason : ""));
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
  addEvent(
    segment.start ? nameTime(Date.parse(segment.start), startOf(current())) : "",
    `track ${segment.track}: ${segment.label} for ` +
      `${((Date.parse(segment.end) - Date.parse(segment.start)) / 1000).toFixed(1)} s`);
}

function showAlert(alert) {
  addEvent(
    alert.start ? nameTime(Date.parse(alert.start), startOf(current())) : "",
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
  alerts.open();
  await loadStreams();
  if (chosen !== null) {
    listen();
    showPreview(chosen);
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
  alerts.clear();
  forgetRules();
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

startForms(async (id) => {
  await loadStreams();
  choose(id);
});

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
  const live = current()?.kind === "LIVE";
  const bounds = live
    ? { from: Date.now() - YEAR, to: Date.now() }
    : (whole ?? { from: startOf(current()), to: Infinity }); // all of it was not yet looked at
  const middle = pointed ?? (chart.from + chart.to) / 2;
  const half = Math.max(2500, ((chart.to - chart.from) * factor) / 2);
  const from = Math.max(bounds.from, middle - half);
  const to = Math.min(bounds.to, middle + half);
  look(!live && from === bounds.from && to === bounds.to ? null : { from, to });
}

$("chart").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return; // the browser's own
  }
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (move && windows.length > 0) {
    event.preventDefault();
    point(Math.min(windows.length - 1, Math.max(0, pointedIndex() + move)));
  }
  if (chart && (event.key === "+" || event.key === "-")) {
    event.preventDefault();
    scale(event.key === "+" ? 0.5 : 2);
  }
});

$("pause").addEventListener("click", () =>
  attempt(async () => {
    const stream = current();
    const what = stream.desiredState === "PAUSED" ? "resume" : "pause";
    await send("POST", `/api/v1/streams/${encodeURIComponent(stream.id)}/${what}`);
    await loadStreams();
  }));

$("range").addEventListener("change", () => {
  rangeChosen = true;
  look(null);
});

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
      if (!document.hidden) {
        await work();
      }
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

/** A tab that nobody looks at holds no connection: browsers have few for each server. */
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    lastEvent = events?.close() ?? lastEvent;
    events = null;
    alerts.close();
  } else if ($("token-box").hidden) {
    alerts.open();
    if (chosen !== null) {
      listen();
    }
  }
  showPreview(chosen);
});

showAccess();
alerts.open();
repeat(loadSystem, 10000);
repeat(loadStreams, 3000);
repeat(() => alerts.lookBack(), 3000);
repeat(loadRules, 10000);
repeat(loadAnalyzers, 5000);
repeat(refresh, 1000);
