// Standing rules: a list that everyone sees, and a form that adds one or changes it.

import { getAll, send } from "./api.js";
import { $, attempt, element } from "./page.js";

// What the choice of one stream adds to a rule, at its end.
const ONE_STREAM = /\s+(where|and)\s+stream\s*=\s*("[^"]*"|[A-Za-z0-9._-]+)\s*$/;

let shown = ""; // which revision of which rule
let edited = null; // the rule that the form changes; null where it adds one
const form = $("rule");
const field = form.elements.expression;

/** Reads the rules while the box is open. */
export async function loadRules() {
  if (!$("rules-box").open) {
    return;
  }
  const found = await getAll("/api/v1/rules", "rules");
  $("no-rules").hidden = found.length > 0;
  const versions = found.map((rule) => rule.id + "/" + rule.revision).join(" ");
  if (versions !== shown) {
    shown = versions; // as long as nothing changes, what has the focus keeps it
    $("rules").replaceChildren(...found.map(ruleItem));
  }
}

/** The streams that a rule can be meant for. */
export function offerStreams(streams) {
  const select = form.elements.stream;
  const known = new Set([...select.options].map((option) => option.value));
  streams.filter((stream) => !known.has(stream.id)).forEach((stream) =>
    select.append(new Option(stream.id, stream.id)));
  [...select.options]
    .filter((option) => option.value !== "" && !streams.some((stream) => stream.id === option.value))
    .forEach((option) => option.remove());
}

/** Someone else looks now. */
export function forgetRules() {
  shown = "";
  $("rules").replaceChildren();
  leave();
}

function ruleItem(rule) {
  const item = element("li", undefined, "rule");
  const title = element("div", undefined, "title");
  const buttons = element("span", undefined, "buttons operator");
  buttons.append(
    button("Edit", "plain", rule, () => edit(rule)),
    button("Remove", "danger", rule, () => attempt(() => remove(rule))));
  title.append(element("strong", rule.id + (rule.enabled ? "" : " (off)")), buttons);
  item.append(title, element("code", rule.expression));
  return item;
}

function button(words, className, rule, work) {
  const made = element("button", words, className);
  made.type = "button";
  made.setAttribute("aria-label", `${words} the rule ${rule.id}`);
  made.addEventListener("click", work);
  return made;
}

function edit(rule) {
  leave();
  edited = rule;
  form.elements.id.value = rule.id;
  form.elements.id.readOnly = true;
  field.value = rule.expression;
  form.elements.enabled.checked = rule.enabled;
  showStream();
  $("rule-send").textContent = "Change the rule";
  $("rule-leave").hidden = false;
  field.focus();
}

/** Back to adding rules. */
function leave() {
  edited = null;
  form.reset();
  form.elements.id.readOnly = false;
  $("rule-send").textContent = "Add the rule";
  $("rule-leave").hidden = true;
  refuse(null);
}

async function remove(rule) {
  if (!confirm(`Remove the rule ${rule.id}? What it found stays.`)) {
    return;
  }
  await send("DELETE", path(rule.id));
  if (edited?.id === rule.id) {
    leave();
  }
  await loadRules();
}

function path(id) {
  return "/api/v1/rules/" + encodeURIComponent(id);
}

/** Says beside the rule what is wrong with it, and marks the place. */
function refuse(problem) {
  $("rule-words").textContent = problem ? problem.message : "";
  field.setAttribute("aria-invalid", String(problem !== null));
  if (problem?.position) {
    field.focus();
    field.setSelectionRange(problem.position - 1, problem.position);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const id = form.elements.id.value;
  const demand = edited ? { "If-Match": `"${edited.revision}"` } : { "If-None-Match": "*" };
  refuse(null);
  attempt(async () => {
    try {
      const rule = { expression: field.value, enabled: form.elements.enabled.checked };
      await send("PUT", path(id), rule, demand);
    } catch (problem) {
      if (problem.status === 422 || problem.status === 400) {
        refuse(problem);
        return;
      }
      if (problem.status === 412) {
        await loadRules();
        throw new Error(
          edited
            ? `the rule ${id} was changed meanwhile: look at it again, then edit it anew`
            : `there is a rule ${id} already: choose another id, or edit that one`);
      }
      throw problem;
    }
    leave();
    await loadRules();
  });
});

$("rule-leave").addEventListener("click", leave);

/** The choice of a stream is a part of the rule, so it is written there. */
form.elements.stream.addEventListener("change", () => {
  const rest = field.value.replace(ONE_STREAM, "");
  const id = form.elements.stream.value;
  field.value = id === "" ? rest : `${rest} ${/\swhere\s/.test(rest) ? "and" : "where"} stream = ${id}`;
});

function showStream() {
  const named = ONE_STREAM.exec(field.value)?.[2].replaceAll('"', "") ?? "";
  const offered = [...form.elements.stream.options].some((option) => option.value === named);
  form.elements.stream.value = offered ? named : "";
}

field.addEventListener("input", showStream);
$("rules-box").addEventListener("toggle", () => attempt(loadRules));
