// A state machine as SVG: the boxes and paths of its graph, coloured by the states of an execution.

import { make, makeSvg, tone } from "./elements.js";

const MARGIN = 6;

export function drawMachine(machine) {
  const { graph, states } = machine;
  const [width, height] = [graph.width + 2 * MARGIN, graph.height + 2 * MARGIN];
  const svg = makeSvg("svg", { class: "machine", viewBox: `${-MARGIN} ${-MARGIN} ${width} ${height}`, width, height, role: "img", "aria-label": description(machine) });
  const marker = `arrow-${machine.name}`;
  svg.append(makeSvg("defs", {}, makeSvg("marker", { id: marker, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, makeSvg("path", { class: "arrow", d: "M0 0L8 4L0 8z" }))));
  // What contains others lies below them, and below the edges.
  const boxes = graph.nodes.map((node) => [node, box(node, states[node.name])]);
  svg.append(...boxes.filter(([node]) => node.contains).map(([, drawn]) => drawn));
  for (const edge of graph.edges) svg.append(line(edge, states, marker));
  svg.append(...boxes.filter(([node]) => !node.contains).map(([, drawn]) => drawn));
  return make("div", { class: "scroll", "data-scroll": `machine ${machine.name}`, tabindex: 0, role: "group", "aria-label": `Graph of ${machine.name}` }, svg);
}

function box(node, state) {
  const classes = ["node", node.type.toLowerCase(), state ? tone(state.state) : "pending", state ? state.state : "", node.contains ? "contains" : ""];
  const middle = node.contains ? node.y + 15 : node.y + node.height / 2 + 4.5;
  return makeSvg(
    "g",
    { class: classes.filter(Boolean).join(" "), "data-node": node.name },
    makeSvg("title", {}, `${node.name} (${node.type})${state ? `: ${state.state}` : ""}${state?.reason ? `. ${state.reason}` : ""}`),
    makeSvg("rect", { x: node.x, y: node.y, width: node.width, height: node.height, rx: node.type === "Choice" ? 17 : 8 }),
    makeSvg("text", { class: "middle", x: node.x + node.width / 2, y: middle }, node.label),
  );
}

function line(edge, states, marker) {
  const [start, , end] = edge.points.length === 3 ? edge.points : [edge.points[0], null, edge.points[1]];
  let path;
  if (edge.kind === "around") {
    const bulge = edge.points[1][0];
    path = `M${start}C${bulge},${start[1]} ${bulge},${start[1]} ${bulge},${start[1] + 18}L${bulge},${end[1] - 18}C${bulge},${end[1]} ${bulge},${end[1]} ${end}`;
  } else if (edge.kind === "across") {
    const half = (start[0] + end[0]) / 2;
    path = `M${start}C${half},${start[1]} ${half},${end[1]} ${end}`;
  } else {
    path = `M${start}L${end}`;
  }
  const taken = states[edge.from] && states[edge.to] && states[edge.from].state !== "running";
  return makeSvg("path", { class: `edge${edge.label === "error" ? " error" : ""}${taken ? " taken" : ""}`, d: path, "marker-end": `url(#${marker})` });
}

function description(machine) {
  const reached = Object.entries(machine.states).map(([name, { state }]) => `${name} ${state}`);
  return `State machine ${machine.name}. ${reached.length ? reached.join(", ") : "It has not run yet"}`;
}
