// Line charts as SVG, drawn in the pixels that they get.

import { make, makeSvg, number } from "./elements.js";

const TOP = 10;
const LINE = 18;

// series: [{label, points: [[x, y], …]}]; options: width, height, time (x are seconds since 1970), from, to, least, most,
// horizontal and vertical: [{value, label}], stacked.
export function lineChart(name, series, options = {}) {
  const width = Math.max(160, Math.round(options.width ?? 320));
  const height = options.height ?? 150;
  const drawn = options.stacked ? stack(series) : series;
  const points = drawn.flatMap((each) => each.points);
  const legend = series.length > 1 || options.legend ? makeLegend(series) : null;
  if (!points.length) {
    return make("figure", { class: "chart" }, make("figcaption", {}, make("b", {}, name)), make("p", { class: "note empty-chart" }, "No values in this time."), legend);
  }
  const bounds = (options.horizontal ?? []).map((each) => each.value);
  let [low, high] = extent([...points.map((each) => each[1]), ...bounds]);
  if (options.least !== undefined) low = Math.min(low, options.least);
  if (options.most !== undefined) high = Math.max(high, options.most);
  if (low === high) [low, high] = low === 0 ? [0, 1] : [Math.min(0, low), Math.max(0, high)];
  const ticks = steps(low, high, height < 120 ? 3 : 4);
  low = Math.min(low, ticks[0]);
  high = Math.max(high, ticks[ticks.length - 1]);
  const left = 12 + 6.6 * Math.max(...ticks.map((each) => number(each).length));
  const bottom = height - LINE;
  let [first, last] = extent(points.map((each) => each[0]));
  first = options.from ?? first;
  last = options.to ?? last;
  const x = (value) => (last === first ? (left + width) / 2 : left + ((value - first) / (last - first)) * (width - left - 6));
  const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - TOP);
  const svg = makeSvg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": summary(name, series) });
  for (const each of ticks) {
    svg.append(makeSvg("line", { class: "grid", x1: left, x2: width, y1: y(each), y2: y(each) }));
    svg.append(makeSvg("text", { class: "tick end", x: left - 6, y: y(each) + 4 }, number(each)));
  }
  const label = options.time ? (value) => new Date(value * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) : (value) => number(value);
  svg.append(makeSvg("text", { class: "tick", x: left, y: height - 3 }, label(first)));
  if (last !== first) svg.append(makeSvg("text", { class: "tick end", x: width, y: height - 3 }, label(last)));
  for (const each of options.horizontal ?? []) {
    svg.append(makeSvg("line", { class: "bound", x1: left, x2: width, y1: y(each.value), y2: y(each.value) }));
    svg.append(makeSvg("text", { class: "label halo end", x: width - 2, y: y(each.value) - 4 }, each.label || number(each.value)));
  }
  for (const each of options.vertical ?? []) {
    const at = x(new Date(each.value) / 1000);
    if (at < left || at > width) continue;
    svg.append(makeSvg("line", { class: "ideal", x1: at, x2: at, y1: TOP, y2: bottom }));
    svg.append(makeSvg("text", { class: "label halo end", x: at - 4, y: TOP + 8 }, each.label));
  }
  drawn.forEach((each, place) => {
    if (!each.points.length) return;
    const path = each.points.map(([across, up], index) => `${index ? "L" : "M"}${x(across).toFixed(1)} ${y(up).toFixed(1)}`).join("");
    svg.append(makeSvg("path", { class: `line s${place % 8}`, d: path }));
    const [across, up] = each.points[each.points.length - 1];
    svg.append(makeSvg("circle", { class: `dot s${place % 8}`, cx: x(across), cy: y(up), r: each.points.length < 2 ? 3.5 : 2.5 }));
  });
  const latest = series.length === 1 ? make("span", { class: "latest" }, number(series[0].points[series[0].points.length - 1][1])) : null;
  return make("figure", { class: "chart" }, make("figcaption", {}, make("b", {}, name), latest), svg, legend);
}

// The latest values as numbers.
export function numbers(name, series, format = number) {
  return make(
    "figure",
    { class: "chart" },
    make("figcaption", {}, make("b", {}, name)),
    make("dl", { class: "numbers" }, series.map((each) => make("div", {}, make("dt", {}, each.label), make("dd", {}, each.points.length ? format(each.points[each.points.length - 1][1]) : "–")))),
  );
}

function makeLegend(series) {
  return make("ul", { class: "legend" }, series.map((each, place) => make("li", { class: `s${place % 8}` }, each.label, each.points.length ? make("b", {}, number(each.points[each.points.length - 1][1])) : make("i", {}, "no values"))));
}

function summary(name, series) {
  const ends = series.filter((each) => each.points.length).map((each) => `${each.label}: ${number(each.points[each.points.length - 1][1])}`);
  return `${name}. ${ends.join(", ")}`;
}

function stack(series) {
  const totals = new Map();
  return series.map((each) => ({
    ...each,
    points: each.points.map(([across, up]) => {
      totals.set(across, (totals.get(across) ?? 0) + up);
      return [across, totals.get(across)];
    }),
  }));
}

function extent(values) {
  return values.reduce(([low, high], each) => [Math.min(low, each), Math.max(high, each)], [Infinity, -Infinity]);
}

// Round numbers between two values, and around them.
function steps(low, high, count) {
  const rough = (high - low) / count;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * [1, 2, 2.5, 5, 10].find((each) => each * size >= rough);
  const found = [];
  for (let each = Math.floor(low / step) * step; found[found.length - 1] === undefined || found[found.length - 1] < high; each += step) found.push(Number(each.toPrecision(12)));
  return found;
}
