// Draws a timeline as SVG: mean scores stacked per window, coverage and faces below. What is missing
// is hatched, what was looked at without a face is a flat band, so the two are never mistaken.

import { roundTimes } from "./times.js";

const SVG = "http://www.w3.org/2000/svg";
const PLOT = { top: 8, height: 200 };
const FACES = { top: 220, height: 34 };
const COVERAGE = { top: 266, height: 26 };
const AXIS = 308;
const HEIGHT = 318;
const LEFT = 74;
const NAME_WIDTH = 84; // of an instant on the axis, with room beside it
const KNOWN = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"];

/** Labels in a fixed order, so that a colour always means the same. */
export function labelsOf(windows) {
  const found = new Set(windows.flatMap((window) => Object.keys(window.scores)));
  const known = KNOWN.filter((label) => found.has(label));
  return known.concat([...found].filter((label) => !KNOWN.includes(label)).sort());
}

/** The class that gives a label its colour; labels that nobody knows have theirs by their order. */
export function colourOf(label, labels) {
  const others = labels.filter((other) => !KNOWN.includes(other));
  return KNOWN.includes(label) ? "label-" + label : "label-other-" + (others.indexOf(label) % 8);
}

/**
 * Draws into an element and returns what finds the window at a share of the width.
 *
 * @param from first instant of the axis, milliseconds
 * @param to its end
 * @param start where a recording begins, milliseconds; null for a live stream
 */
export function draw(element, windows, from, to, start) {
  const width = Math.max(320, element.clientWidth - 8);
  const svg = node("svg", { viewBox: `0 0 ${width} ${HEIGHT}` });
  const span = Math.max(1, to - from);
  const x = (time) => LEFT + ((time - from) / span) * (width - LEFT);
  const parts = windows.map((window) => ({
    window,
    left: x(Math.max(from, Date.parse(window.start))),
    right: x(Math.min(to, Date.parse(window.end))),
  }));
  svg.append(hatch());
  for (const lane of [PLOT, FACES, COVERAGE]) {
    const missing = rect("missing", LEFT, lane.top, width - LEFT, lane.height);
    missing.setAttribute("fill", "url(#hatch)");
    svg.append(missing);
  }
  drawLanes(svg, parts);
  drawScores(svg, parts);
  drawAxis(svg, roundTimes(from, to, (width - LEFT) / NAME_WIDTH, start), x, width);
  caption(svg, "1", PLOT.top + 10);
  caption(svg, "mean score", PLOT.top + PLOT.height / 2);
  caption(svg, "0", PLOT.top + PLOT.height);
  caption(svg, "faces", FACES.top + 20);
  caption(svg, "coverage", COVERAGE.top + 18);
  const chosen = rect("chosen", -10, PLOT.top, 0, COVERAGE.top + COVERAGE.height - PLOT.top);
  svg.append(chosen);
  const cursor = rect("cursor", -10, PLOT.top, 1.5, COVERAGE.top + COVERAGE.height - PLOT.top);
  svg.append(cursor);
  element.replaceChildren(svg);
  const timeAt = (share) =>
    from + (Math.min(width - LEFT, Math.max(0, share * width - LEFT)) / (width - LEFT)) * span;
  return {
    from,
    to,
    timeAt,
    at(share) {
      const time = timeAt(share);
      return windows.findIndex(
        (window) => Date.parse(window.start) <= time && time < Date.parse(window.end));
    },
    /** Shades what is being chosen between two instants. */
    choose(begin, end) {
      chosen.setAttribute("x", x(Math.min(begin, end)));
      chosen.setAttribute("width", Math.abs(x(end) - x(begin)));
    },
    mark(index) {
      const part = parts[index];
      cursor.setAttribute("visibility", part ? "visible" : "hidden");
      cursor.setAttribute("x", part ? (part.left + part.right) / 2 : 0);
    },
  };
}

/** Under the scores: the ground of every window that exists, its faces and its coverage. */
function drawLanes(svg, parts) {
  const ground = [];
  const empty = [];
  const coverage = [];
  const faces = [];
  const most = Math.max(1, ...parts.map(({ window }) => facesPerFrame(window)));
  for (const { window, left, right } of parts) {
    const width = right - left;
    for (const lane of [PLOT, FACES, COVERAGE]) {
      ground.push(box(left, lane.top, width, lane.height));
    }
    if (window.faces === 0) {
      empty.push(box(left, PLOT.top + PLOT.height - 6, width, 6));
    }
    const high = (facesPerFrame(window) / most) * FACES.height;
    faces.push(box(left, FACES.top + FACES.height - high, width, high));
    const covered = window.coverage * COVERAGE.height;
    coverage.push(box(left, COVERAGE.top + COVERAGE.height - covered, width, covered));
  }
  svg.append(path("ground", ground), path("empty", empty), path("faces", faces));
  svg.append(path("coverage", coverage));
}

/** One path per label, however many windows there are. */
function drawScores(svg, parts) {
  const labels = labelsOf(parts.map((part) => part.window));
  const heights = parts.map(() => 0);
  for (const label of labels) {
    const boxes = [];
    parts.forEach(({ window, left, right }, index) => {
      const score = window.scores[label];
      if (score !== undefined) {
        const low = heights[index];
        heights[index] = low + score;
        boxes.push(
          box(left, PLOT.top + PLOT.height * (1 - low - score), right - left, PLOT.height * score));
      }
    });
    svg.append(path(colourOf(label, labels), boxes));
  }
}

function drawAxis(svg, times, x, width) {
  for (const { at, name } of times) {
    svg.append(rect("tick", x(at) - 0.5, AXIS - 15, 1, 5));
    if (x(at) <= width - NAME_WIDTH / 2) {
      const text = node("text", { x: x(at), y: AXIS + 6, class: "axis instant", "text-anchor": "middle" });
      text.textContent = name;
      svg.append(text);
    }
  }
}

export function facesPerFrame(window) {
  return window.analysed === 0 ? 0 : window.faces / window.analysed;
}

function hatch() {
  const pattern = node("pattern", {
    id: "hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
  });
  pattern.append(rect("hatch", 0, 0, 2, 8));
  const defs = node("defs", {});
  defs.append(pattern);
  return defs;
}

function caption(svg, words, y) {
  const text = node("text", { x: LEFT - 8, y, class: "axis", "text-anchor": "end" });
  text.textContent = words;
  svg.append(text);
}

function box(x, y, width, height) {
  const n = (value) => value.toFixed(2);
  return `M${n(x)} ${n(y)}h${n(Math.max(0.4, width))}v${n(height)}h${n(-Math.max(0.4, width))}z`;
}

function path(name, boxes) {
  return node("path", { class: name, d: boxes.join("") });
}

function rect(name, x, y, width, height) {
  return node("rect", { class: name, x, y, width, height });
}

function node(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  return element;
}
