// The processes that analyse frames, with what they work with and what they give up.

import { get } from "./api.js";
import { $, attempt, element } from "./page.js";

const LOADS = {
  NORMAL: "in time",
  TRIAL_PAUSED: "late: the model under trial waits",
  RECORDINGS_SLOWED: "late: recordings wait",
  FRAMES_SKIPPED: "late: live frames are skipped",
};

/** Reads how they are while the box is open. */
export async function loadAnalyzers() {
  if (!$("analyzers-box").open) {
    return;
  }
  const { analyzers } = await get("/api/v1/analyzers");
  $("no-analyzers").hidden = analyzers.length > 0;
  $("analyzers").replaceChildren(...analyzers.map(analyzerItem));
}

function analyzerItem(analyzer) {
  const item = element("li");
  item.append(
    element("strong", analyzer.instance),
    element("span", LOADS[analyzer.load] ?? analyzer.load, "state " + (analyzer.load === "NORMAL" ? "STREAMING" : "STALLED")),
    element("span", `model ${analyzer.model} · detector ${analyzer.detector}`, "quiet"));
  if (analyzer.problem) {
    item.append(element("span", analyzer.problem, "quiet"));
  }
  return item;
}

$("analyzers-box").addEventListener("toggle", () => attempt(loadAnalyzers));
