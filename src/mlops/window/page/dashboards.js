// CloudWatch's dashboards, drawn from their own JSON.

import { lineChart, numbers } from "./charts.js";
import { make, nothing, stateOf } from "./elements.js";

const ROW = 46;
const NARROW = 720;

export function drawDashboard(dashboard, alarms, available) {
  const narrow = available < NARROW;
  const [from, to] = [new Date(dashboard.from) / 1000, new Date(dashboard.to) / 1000];
  const widgets = [...dashboard.widgets].sort((one, other) => one.y - other.y || one.x - other.x);
  const grid = make("div", { class: narrow ? "dashboard narrow" : "dashboard" });
  for (const widget of widgets) {
    const width = narrow ? available : (available * widget.width) / 24;
    const content = draw(widget, alarms, { width: width - 34, height: Math.max(110, widget.height * ROW - 92), from, to });
    const card = make("div", { class: `widget of-${widget.type}` }, content);
    if (!narrow) {
      card.style.gridColumn = `${widget.x + 1} / span ${widget.width}`;
      card.style.gridRow = `${widget.y + 1} / span ${widget.height}`;
    }
    grid.append(card);
  }
  return grid;
}

function draw(widget, alarms, size) {
  if (widget.type === "text") return text(widget.text);
  if (widget.type === "alarm") return alarmList(widget, alarms);
  if (widget.type !== "metric") return nothing(`A widget of type ${widget.type} is drawn by CloudWatch only.`);
  const notes = widget.not_drawn.map((each) => nothing(`Computed by CloudWatch only: ${each}`));
  if (widget.view === "singleValue" || widget.view === "gauge") return [numbers(widget.title, widget.lines), ...notes];
  const left = widget.axis.left ?? {};
  const options = { ...size, time: true, legend: true, least: left.min, most: left.max, horizontal: widget.horizontal, vertical: widget.vertical, stacked: widget.stacked };
  const unit = left.label ? `, ${left.label}` : "";
  return [lineChart(`${widget.title}${unit}`, widget.lines, options), ...notes];
}

// Headings and paragraphs of Markdown; the rest as it is written.
function text(markdown) {
  return markdown
    .split(/\n+/)
    .filter((each) => each.trim())
    .map((each) => (/^#+ /.test(each) ? make("h3", {}, each.replace(/^#+ /, "")) : make("p", {}, each.replace(/\*\*|`/g, ""))));
}

function alarmList(widget, alarms) {
  const byName = new Map(alarms.map((each) => [each.name, each]));
  const items = widget.alarms.map((name) => make("li", {}, stateOf(byName.get(name)?.state ?? "does not exist"), ` ${name}`));
  return [make("h3", {}, widget.title || "Alarms"), make("ul", { class: "plain" }, items)];
}
