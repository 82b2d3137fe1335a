// Elements of the page. Text becomes text nodes only: what AWS answers is never parsed as HTML.

export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  fill(element, attributes, children);
  return element;
}

export function makeSvg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(element, attributes, children);
  return element;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
}

const TONES = {
  good: ["Succeeded", "Completed", "InService", "OK", "SUCCEEDED", "succeeded", "caught"],
  bad: ["Failed", "Abandoned", "Stopped", "ALARM", "FAILED", "ABORTED", "TIMED_OUT", "OutOfService", "failed", "stopped", "RollingBack", "Superseded"],
  wait: ["Waiting", "INSUFFICIENT_DATA"],
  run: ["InProgress", "Stopping", "RUNNING", "running", "Creating", "Updating", "Deleting", "Created", "Queued"],
};
const WORDS = { InProgress: "Running", RUNNING: "Running", SUCCEEDED: "Succeeded", FAILED: "Failed", ABORTED: "Aborted", TIMED_OUT: "Timed out", InService: "In service", INSUFFICIENT_DATA: "No data", Waiting: "Waits for you", ALARM: "In alarm" };
const SIGNS = { good: "✓", bad: "✗", wait: "‖", run: "…" };

export function tone(state) {
  return Object.keys(TONES).find((each) => TONES[each].includes(state)) ?? "";
}

export function stateOf(state, key = null) {
  const kind = tone(state);
  return make("span", { class: `state ${kind}`, "data-state": key }, `${SIGNS[kind] ?? "·"} ${WORDS[state] ?? state}`);
}

export function sign(kind) {
  return SIGNS[kind] ?? "·";
}

export function clock(iso) {
  if (!iso) return "";
  const moment = new Date(iso);
  const time = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const today = moment.toDateString() === new Date().toDateString();
  return today ? time : `${moment.toLocaleDateString([], { month: "short", day: "numeric" })}, ${time}`;
}

export function span(seconds) {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

// How long something took, or takes until now: `tick` keeps the latter going.
export function took(started, ended) {
  if (!started) return "";
  if (ended) return make("span", { class: "took" }, span((new Date(ended) - new Date(started)) / 1000));
  return make("span", { class: "took", "data-since": started }, span(Math.max(0, (Date.now() - new Date(started)) / 1000)));
}

export function tick() {
  for (const each of document.querySelectorAll("[data-since]")) {
    each.textContent = span(Math.max(0, (Date.now() - new Date(each.dataset.since)) / 1000));
  }
}

export function number(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (size >= unit) return `${trim((value / (letter === "k" ? 1e3 : unit)).toPrecision(3))}${letter}`;
  }
  return size !== 0 && size < 1e-3 ? value.toExponential(1) : trim(value.toPrecision(4));
}

function trim(text) {
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

export function table(caption, heads, rows) {
  return make(
    "div",
    { class: "scroll", "data-scroll": caption },
    make(
      "table",
      {},
      make("caption", {}, caption),
      make("thead", {}, make("tr", {}, heads.map((each) => make("th", { scope: "col" }, each)))),
      make("tbody", {}, rows),
    ),
  );
}

export function nothing(text) {
  return make("p", { class: "note" }, text);
}
