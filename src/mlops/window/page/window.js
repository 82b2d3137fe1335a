// The page: asks for the documents, and draws the parts that have changed.

import { lineChart, numbers } from "./charts.js";
import { drawDashboard } from "./dashboards.js";
import { clock, make, nothing, number, sign, stateOf, table, tick, took, tone } from "./elements.js";
import { drawMachine } from "./machine.js";

const [FAST, SLOW, DASHBOARDS] = [1500, 5000, 6000];
const SPANS = [["", "Own time"], ["15", "15 min"], ["60", "1 h"], ["360", "6 h"]];

const chosen = { machine: null, minutes: "15", log: null };
const drawnOf = {};
let state = null;
let dashboards = null;

const content = (id) => document.querySelector(`#${id} .content`);

async function ask(name, query = {}) {
  const answer = await fetch(`${name}.json?${new URLSearchParams(query)}`);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  return body;
}

// Draws a part when what it shows has changed; what a reader has scrolled and focused stays.
function draw(id, shown, build) {
  const text = JSON.stringify([shown, window.innerWidth]);
  if (drawnOf[id] === text) return;
  drawnOf[id] = text;
  const part = content(id);
  const scrolled = new Map([...part.querySelectorAll("[data-scroll]")].map((each) => [each.dataset.scroll, each.scrollLeft]));
  const focused = part.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  part.replaceChildren(...[build()].flat(Infinity).filter(Boolean));
  for (const each of part.querySelectorAll("[data-scroll]")) each.scrollLeft = scrolled.get(each.dataset.scroll) ?? 0;
  if (focused) part.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function logButton(name, log) {
  if (!log) return null;
  const key = `log ${log.group} ${log.prefix}`;
  return make("button", { type: "button", "data-key": key, "aria-label": `Log of ${name}`, onclick: () => openLog(name, log) }, "Log");
}

function drawHeader() {
  const pipeline = state.pipelines[0];
  const newest = pipeline?.executions[0];
  document.querySelector("#place").textContent = `Local cloud · ${state.region} · account ${state.account} · ${state.place}`;
  document.querySelector("#title").textContent = pipeline?.name ?? "Nothing is deployed yet";
  const actions = (pipeline?.stages ?? []).flatMap((stage) => stage.actions.map((action) => ({ ...action, path: `${stage.name}/${action.name}` })));
  const [kind, word, sentence] = verdict(newest, actions, Boolean(pipeline));
  document.title = `${sign(kind)} ${word} – ${pipeline?.name ?? "local cloud"}`;
  document.querySelector("#verdict").replaceChildren(
    make("div", { class: `verdict ${kind}` }, make("span", { class: "sign", "aria-hidden": "true" }, sign(kind)), make("div", {}, make("strong", {}, word), make("p", {}, sentence))),
  );
  const errors = Object.entries(state.errors).map(([part, reason]) => `${part}: ${reason}`);
  document.querySelector("#errors").textContent = errors.join(" · ");
}

function verdict(newest, actions, exists) {
  if (!newest) return ["run", "Nothing has run yet", exists ? "Start a release with: mlops start" : "Deploy the pipeline with: mlops deploy"];
  const who = newest.started_by && newest.started_by !== "none" ? `, started by ${newest.started_by}` : "";
  const id = newest.id.slice(0, 8);
  const name = `Execution ${id}${who}`;
  const waits = actions.find((each) => each.state === "Waiting");
  if (waits) return ["wait", "Waits for approval", `${name}. Decide with: mlops approve ${id}, or mlops reject ${id}`];
  const running = actions.filter((each) => each.state === "InProgress").map((each) => each.path);
  if (newest.state === "InProgress") return ["run", running.length ? `Runs ${running.join(" and ")}` : "Runs", name];
  const failed = actions.find((each) => each.state === "Failed");
  if (failed) return ["bad", `Failed in ${failed.path}`, `${name}. ${failed.detail || newest.reason}`];
  return [tone(newest.state) || "run", newest.state, `${name}${newest.reason ? `. ${newest.reason}` : ""}`];
}

function drawPipeline() {
  draw("pipeline", state.pipelines, () => {
    if (!state.pipelines.length) return nothing("There is no pipeline yet. Create it with: mlops deploy");
    return state.pipelines.map((pipeline) => [stages(pipeline), executions(pipeline)]);
  });
}

function stages(pipeline) {
  return make("ol", { class: "stages" }, pipeline.stages.map((stage) =>
    make("li", { class: tone(stage.actions.some((each) => each.state === "Waiting") ? "Waiting" : stage.state), "data-stage": stage.name },
      make("h3", {}, stage.name),
      stage.actions.map((action) =>
        make("div", { class: "action", "data-action": action.name },
          make("div", { class: "line" }, make("span", {}, action.name), took(action.started, action.ended)),
          make("div", { class: "line" }, stateOf(action.state), logButton(`${stage.name}/${action.name}`, action.log)),
          make("small", {}, action.provider),
          action.state === "Failed" && action.detail ? make("span", { class: "reason", title: action.detail }, action.detail) : null)))));
}

function executions(pipeline) {
  return make("div", { class: "executions" }, table("Executions", ["Execution", "State", "Started by", "Started", "Took"], pipeline.executions.map((each) =>
    make("tr", {},
      make("th", { scope: "row" }, make("code", {}, each.id.slice(0, 8)), make("br"), make("small", {}, each.commit ? `commit ${each.commit.slice(0, 10)}` : "")),
      make("td", {}, stateOf(each.state), each.reason ? make("span", { class: "reason" }, make("br"), each.reason) : null),
      make("td", {}, [each.started_by === "none" ? "" : each.started_by, each.trigger].filter(Boolean).join(", "), make("br"), make("small", {}, each.why === "none" || each.why === "none given" ? "" : each.why)),
      make("td", {}, clock(each.started)),
      make("td", {}, took(each.started, each.ended))))));
}

function drawMachines() {
  const machines = [...state.machines].sort((one, other) => other.graph.nodes.length - one.graph.nodes.length);
  const machine = machines.find((each) => each.name === chosen.machine) ?? machines.find((each) => each.executions[0]?.state === "RUNNING") ?? machines[0];
  draw("machines", [machines, machine?.name], () => {
    if (!machine) return nothing("There is no state machine yet.");
    const choose = (name) => () => { chosen.machine = name; drawMachines(); };
    return [
      make("div", { class: "bar-of-buttons", role: "group", "aria-label": "State machine" }, machines.map((each) =>
        make("button", { type: "button", "data-key": `machine ${each.name}`, "aria-pressed": each === machine ? "true" : "false", onclick: choose(each.name) }, each.name))),
      make("div", { class: "machines" }, drawMachine(machine), machineFacts(machine)),
    ];
  });
}

function machineFacts(machine) {
  const entered = Object.entries(machine.states);
  const rows = entered.map(([name, each]) => make("tr", {},
    make("th", { scope: "row" }, name, each.reason ? make("span", { class: "reason" }, make("br"), each.reason) : null),
    make("td", {}, stateOf(each.state)), make("td", { class: "number" }, took(each.started, each.ended))));
  const runs = machine.executions.map((each) => make("tr", {},
    make("th", { scope: "row" }, make("code", {}, each.name.slice(0, 18))), make("td", {}, stateOf(each.state)), make("td", { class: "number" }, took(each.started, each.ended))));
  return make("div", {},
    entered.length ? table("States of the newest execution", ["State", "", "Took"], rows) : nothing("It has not run yet."),
    runs.length ? make("div", { class: "next" }, table("Executions", ["Name", "", "Took"], runs)) : null);
}

function drawJobs() {
  draw("jobs", state.jobs, () => {
    const own = state.jobs.filter((each) => !each.tuned_by);
    if (!own.length) return nothing("No job has run yet.");
    const width = cardWidth();
    return make("div", { class: "cards" }, own.map((job) => jobCard(job, state.jobs.filter((each) => each.tuned_by === job.name), width)));
  });
}

function cardWidth() {
  const available = content("jobs").clientWidth;
  const columns = Math.max(1, Math.floor((available + 12) / 322));
  return (available - 12 * (columns - 1)) / columns - 34;
}

function jobCard(job, trials, width) {
  const curves = job.metrics.filter((each) => each.values.length);
  const counters = job.trials ? `${job.trials.Completed} trials done, ${job.trials.InProgress} running` : "";
  return make("article", { class: `card ${tone(job.state)}`, "data-job": job.name },
    make("h3", {}, job.kind, " ", make("small", {}, job.name)),
    make("div", { class: "facts-line" }, stateOf(job.state), took(job.started ?? job.created, job.ended), make("span", {}, job.instances), logButton(job.name, job.log)),
    job.reason ? make("p", { class: "reason" }, job.reason) : null,
    counters ? make("p", {}, counters) : null,
    job.best ? make("p", {}, `Best: ${job.best.metric} ${number(job.best.value)}`) : null,
    trials.length ? trialChart(trials, job, width) : null,
    group(curves).map(([name, series]) => (series.some((each) => each.points.length > 1) ? lineChart(name, series, { width, height: 130, legend: series.length > 1 }) : numbers(name, series))));
}

// Metrics of the same name in train:… and validation:… share a chart.
function group(curves) {
  const groups = new Map();
  for (const each of curves) {
    const name = each.name.split(":").pop();
    groups.set(name, [...(groups.get(name) ?? []), { label: each.name, points: each.values.map((value, index) => [index + 1, value]) }]);
  }
  return [...groups].map(([name, series]) => [series.length > 1 ? name : series[0].label, series]);
}

function trialChart(trials, job, width) {
  const metric = job.best?.metric;
  const values = [...trials].reverse().map((each, index) => [index + 1, each.metrics.find((metric_) => metric_.name === metric)?.final]).filter((each) => each[1] !== null && each[1] !== undefined);
  return values.length ? lineChart(`${metric} by trial`, [{ label: metric, points: values }], { width, height: 110 }) : null;
}

function drawServing() {
  draw("serving", [state.functions, state.shifts, state.endpoints], () => {
    const called = state.functions.filter((each) => each.alias);
    return [
      called.map(trafficOf),
      state.endpoints.length ? make("div", { class: "cards" }, state.endpoints.map(endpointCard)) : nothing("There is no endpoint."),
      state.functions.length ? make("div", { class: "next" }, table("Functions", ["Function", ""], state.functions.map((each) =>
        make("tr", {}, make("th", { scope: "row" }, each.name, make("br"), make("small", {}, each.description)), make("td", { class: "number" }, logButton(each.name, each.log)))))) : null,
    ];
  });
}

function trafficOf(called) {
  const shift = state.shifts[0];
  const bar = make("div", { class: "shares", role: "img", "aria-label": called.shares.map((each) => `version ${each.version}: ${percent(each.share)}`).join(", ") }, called.shares.map((each, place) => {
    const part = make("span", { class: `s${place}`, "data-version": each.version }, each.share >= 0.08 ? `version ${each.version}: ${percent(each.share)}` : "");
    part.style.flexGrow = String(each.share);
    return part;
  }));
  return make("div", { class: "serving-part" },
    make("h3", {}, `Requests of clients: ${called.name}:${called.alias}`), bar,
    make("ul", { class: "legend" }, called.shares.map((each, place) => make("li", { class: `s${place}` }, `version ${each.version}`, make("b", {}, percent(each.share))))),
    shift ? make("p", { class: "note" }, "Latest shift ", stateOf(shift.state), ` ${clock(shift.started)} `, took(shift.started, shift.ended), shift.reason ? make("span", { class: "reason" }, ` ${shift.reason}`) : null,
      make("ul", { class: "steps" }, shift.steps.map((each) => make("li", {}, `${each.name} `, stateOf(each.state))))) : null);
}

function percent(share) {
  return `${Number((100 * share).toFixed(1))} %`;
}

function endpointCard(endpoint) {
  const width = cardWidth();
  return make("article", { class: `card ${tone(endpoint.state)}`, "data-endpoint": endpoint.name },
    make("h3", {}, endpoint.name),
    make("div", { class: "facts-line" }, stateOf(endpoint.state), make("span", {}, `since ${clock(endpoint.changed)}`), logButton(endpoint.name, endpoint.log)),
    endpoint.reason ? make("p", { class: "reason" }, endpoint.reason) : null,
    endpoint.variants.map((each) => variant(each)),
    endpoint.pending ? [make("p", {}, make("b", {}, `New: ${endpoint.pending.configuration}`)), endpoint.pending.variants.map((each) => variant(each))] : null,
    endpoint.variants.some((each) => each.requests.length)
      ? lineChart("Requests a minute", endpoint.variants.map((each) => ({ label: each.name, points: each.requests })), { width, height: 110, time: true, least: 0 })
      : make("p", { class: "note" }, "No requests in the last half hour."));
}

function variant(each) {
  const instances = each.serverless ? `serverless, ${each.serverless.MemorySizeInMB} MB, ${each.serverless.MaxConcurrency} at once` : `${each.instances ?? 0} of ${each.wanted ?? 0} × ${each.instance_type}`;
  return make("p", {}, make("b", {}, each.name), ` ${percent(each.share)} · ${instances}`, make("br"), make("small", { class: "took" }, each.model));
}

function drawAlarms() {
  draw("alarms", state.alarms, () => {
    if (!state.alarms.length) return nothing("There is no alarm yet: they come with the first release.");
    const scaling = state.alarms.filter((each) => each.scales);
    const open = content("alarms").querySelector("details")?.open;
    return [
      state.alarms.filter((each) => !each.scales).map(alarm),
      scaling.length ? make("details", { class: "scaling", open }, make("summary", { "data-key": "scaling" }, `${scaling.length} alarms by which autoscaling works`), scaling.map(alarm)) : null,
    ];
  });
}

function alarm(each) {
  const reason = each.state === "ALARM" && !each.scales ? make("small", { class: "reason" }, each.reason) : null;
  return make("div", { class: "alarm", "data-alarm": each.name }, each.scales ? make("span", { class: "state" }, each.state === "ALARM" ? "on" : "off") : stateOf(each.state),
    make("div", {}, make("b", {}, each.name), each.scales ? null : make("small", {}, each.description), make("small", {}, each.rule), reason));
}

function drawDashboards() {
  if (!dashboards) return;
  draw("dashboards", [dashboards, chosen.minutes, state?.alarms], () => {
    if (!dashboards.length) return nothing("There is no dashboard yet.");
    const choose = (minutes) => () => { chosen.minutes = minutes; readDashboards(); };
    const spans = make("div", { class: "bar-of-buttons", role: "group", "aria-label": "Time" }, SPANS.map(([minutes, word]) =>
      make("button", { type: "button", "data-key": `span ${minutes}`, "aria-pressed": minutes === chosen.minutes ? "true" : "false", onclick: choose(minutes) }, word)));
    return [spans, dashboards.map((each) => [make("h3", {}, each.name), drawDashboard(each, state?.alarms ?? [], content("dashboards").clientWidth)])];
  });
}

async function openLog(name, log) {
  chosen.log = { name, ...log };
  await readLog();
  document.querySelector("#log button")?.focus();
}

function closeLog() {
  chosen.log = null;
  document.querySelector("#log").hidden = true;
  document.body.classList.remove("reads-log");
}

async function readLog() {
  const log = chosen.log;
  if (!log) return;
  const { lines } = await ask("log", { group: log.group, prefix: log.prefix });
  if (chosen.log !== log) return;
  const panel = document.querySelector("#log");
  const before = panel.querySelector("pre");
  const atEnd = panel.hidden || !before || before.scrollTop + before.clientHeight >= before.scrollHeight - 8;
  const text = make("pre", { tabindex: 0 }, lines.length ? lines.map((each) => [make("time", {}, clock(each.time)), `${each.text}\n`]) : "No lines yet.");
  const top = before?.scrollTop ?? 0;
  if (before && panel.dataset.name === log.name) before.replaceWith(text);
  else panel.replaceChildren(make("header", {}, make("b", {}, log.name), make("code", {}, `${log.group} ${log.prefix}`), make("button", { type: "button", onclick: closeLog }, "Close")), text);
  panel.dataset.name = log.name;
  panel.hidden = false;
  document.body.classList.add("reads-log");
  text.scrollTop = atEnd ? text.scrollHeight : top;
}

function alive(well, words) {
  const shown = document.querySelector("#alive");
  shown.classList.toggle("gone", !well);
  shown.textContent = words;
}

function drawAll() {
  drawHeader();
  drawPipeline();
  drawMachines();
  drawJobs();
  drawServing();
  drawAlarms();
  drawDashboards();
}

function runs() {
  return state?.pipelines.some((each) => each.executions[0]?.state === "InProgress") || state?.jobs.some((each) => each.state === "InProgress");
}

async function readState() {
  if (!document.hidden) {
    try {
      state = await ask("state");
      drawAll();
      await readLog();
      alive(true, `Live, read at ${clock(state.written)}`);
    } catch (error) {
      alive(false, error instanceof TypeError ? "The window is closed: start mlops local open again" : error.message);
    }
  }
  setTimeout(readState, runs() ? FAST : SLOW);
}

async function readDashboards() {
  try {
    ({ dashboards } = await ask("dashboards", chosen.minutes ? { minutes: chosen.minutes } : {}));
    drawDashboards();
  } catch (error) {
    if (!(error instanceof TypeError)) content("dashboards").replaceChildren(nothing(error.message));
  }
}

document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeLog(); });
window.addEventListener("resize", () => { if (state) drawAll(); });
setInterval(tick, 1000);
setInterval(() => { if (!document.hidden) readDashboards(); }, DASHBOARDS);
readState();
readDashboards();
