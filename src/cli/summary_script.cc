// What summary's page does: draws the graph, and answers the user.
#include "cli/summary_page.h"

namespace thaw::cli {

const char* const kSummaryScript = R"js(
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (query) => document.querySelector(query);
const canvas = $("canvas"), pen = canvas.getContext("2d"), tip = $("#tip");
const NUMBERS = {int8: ["INT8", "#15803d"], bfloat16: ["BF16", "#7c3aed"],
                 float16: ["FP16", "#a21caf"], float32: ["FP32", "#475569"]};
let plan, scale = 1, x0 = 0, y0 = 0, hovered = null, chosen = null, found = [], slowest = 0;
let fitted = true;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const figures = (value) => value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2)
                                                                        : value.toFixed(3);
const shape = (s) => s ? s.map((d) => d === null || d < 0 ? "?" : d).join("x") : "?";
const layers = (count) => count + (count === 1 ? " layer" : " layers");
const isSlow = (node) => node.kernel.startsWith("ref.") || node.kernel === "runtime";
const short = (node) => node.op.replace(/[({].*/s, "").trim();
const numbersOf = (node) => NUMBERS[node.numbers] || ["", ""];
const share = (node) => (100 * node.ms / plan.ms).toFixed(1) + " %";
const breakable = (name) => name.replace(/[\/_]/g, "$&\u200b");

// What tells a layer from others: its name without the folders that a third of all layers share, and
// without an end that its op says anyhow.
function labelNodes(nodes) {
  const shared = new Map(), most = Math.max(2, nodes.length / 3);
  const folders = (n) => [...n.node.matchAll(/\//g)].map((m) => n.node.slice(0, m.index + 1));
  for (const node of nodes)
    for (const folder of folders(node)) shared.set(folder, (shared.get(folder) || 0) + 1);
  for (const node of nodes) {
    const common = folders(node).filter((f) => shared.get(f) > most).pop() || "";
    const parts = node.node.slice(common.length).split("/"), end = parts[parts.length - 1];
    if (parts.length > 1 && (end === "Conv2D" || short(node).includes(end))) parts.pop();
    node.label = parts.join("/") || node.node;
  }
}

function mix(a, b, part) {
  const rgb = (c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16));
  const [p, q] = [rgb(a), rgb(b)];
  return "rgb(" + p.map((v, i) => Math.round(v + (q[i] - v) * part)).join(",") + ")";
}

function add(parent, tag, text, type) {
  const made = parent.appendChild(document.createElement(tag));
  if (text !== undefined) made.textContent = text;
  if (type) made.className = type;
  return made;
}

function factsOf(node) {
  const facts = [["Layer", node.node], ["Op", node.op], ["Kernel", node.kernel]];
  if (node.from.length) facts.push(["Reads", node.from.map((n) => n.output).join(", ")]);
  facts.push(["Result", node.output], ["Stage", node.stage]);
  if (plan.ms > 0)
    facts.push(["Time", figures(node.ms) + " ms, " + share(node)]);
  if (node.macs > 0) {
    const rate = node.ms > 0 ? ", " + (node.macs / node.ms / 1e6).toFixed(1) + " GMAC/s" : "";
    if (node.numbers) facts.push(["Multiplies", numbersOf(node)[0] || node.numbers]);
    facts.push(["MACs", (node.macs / 1e6).toFixed(2) + " M" + rate]);
  }
  facts.push(["Threads", node.threads]);
  if (node.why) facts.push(["Why", node.why]);
  return facts;
}

function list(parent, facts) {
  const dl = add(parent, "dl");
  for (const [name, value] of facts) {
    add(dl, "dt", name);
    add(dl, "dd", value);
  }
}

function drawEdge(from, to) {
  const beside = from.column !== to.column;  // from its right to the left of one in a later column
  const [x1, y1] = beside ? [from.x + W / 2, from.y + H / 2] : [from.x, from.y + H];
  const [x2, y2] = beside ? [to.x - W / 2, to.y + H / 2] : [to.x, to.y];
  const bend = beside ? Math.min(110, (x2 - x1) / 2 + 10) : Math.min(60, (y2 - y1) / 2);
  const [dx, dy] = beside ? [bend, 0] : [0, bend], [ax, ay] = beside ? [7, 4] : [4, 7];
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.bezierCurveTo(x1 + dx, y1 + dy, x2 - dx, y2 - dy, x2, y2);
  pen.stroke();
  pen.beginPath();
  pen.moveTo(x2, y2);
  pen.lineTo(x2 - ax, y2 - ay);
  pen.lineTo(x2 + (beside ? -ax : ax), y2 + (beside ? ay : -ay));
  pen.fill();
}

function drawEdges(marked, colours) {
  pen.strokeStyle = pen.fillStyle = marked ? colours.mark : colours.edge;
  pen.lineWidth = marked ? 2.5 : 1.3;
  for (const node of plan.layers)
    for (const from of node.from)
      if (marked === Boolean(chosen && (node === chosen || from === chosen))) drawEdge(from, node);
}

// `text` in at most `most` lines, broken behind / and _ where it can be; of a name too long its end.
function wrapped(text, width, most) {
  const lines = [""], fits = (line) => pen.measureText(line).width <= width;
  for (const part of text.match(/[^\/_]*[\/_]?/g))
    for (const piece of fits(part) ? [part] : part)
      if (fits(lines[lines.length - 1] + piece)) lines[lines.length - 1] += piece;
      else lines.push(piece);
  if (lines.length <= most) return lines;
  let end = lines.slice(-most).join("");
  const first = lines[lines.length - most];
  if (most > 1) end = end.slice(Math.min(2, first.length));
  if (most > 1) return wrapped("\u2026" + end, width, most);
  end = text;
  while (end.length > 1 && !fits("\u2026" + end)) end = end.slice(1);
  return ["\u2026" + end];
}

// Text keeps its size on the screen, so that a nearer layer tells more.
function drawText(node, ink) {
  const size = Math.min(14, Math.max(9, H * scale / 5.6)) / scale, line = size * 1.25;
  let room = Math.floor((H - 6) / line), y = node.y + size + 3;
  if (room < 1) return;
  const left = node.x - W / 2 + 13, width = W - 21, [badge, tint] = numbersOf(node);
  const font = (weight) => { pen.font = weight + " " + size + "px system-ui,sans-serif"; };
  let right = left + width;
  font(600);
  if (badge) {
    const wide = pen.measureText(badge).width + size * 0.6;
    pen.fillStyle = tint;
    pen.beginPath();
    pen.roundRect(right - wide, y - size * 0.98, wide, size * 1.26, size * 0.3);
    pen.fill();
    pen.fillStyle = "#fff";
    pen.fillText(badge, right - wide + size * 0.3, y);
    right -= wide + size * 0.5;
  }
  pen.fillStyle = ink;
  const put = (text) => { pen.fillText(text, left, y); y += line; --room; };
  if (room > 1) {
    const op = short(node);
    let length = op.length;
    while (length > 1 && pen.measureText(op.slice(0, length)).width > right - left) --length;
    put(op.slice(0, length));
    right = left + width;
  }
  font(400);
  wrapped(node.label, right - left, Math.min(room, 2)).forEach(put);
  const time = node.ms > 0 ? figures(node.ms) + " ms, " + share(node) : "";
  for (const text of [time, node.output, node.kernel])
    if (text && room > 0) put(wrapped(text, width, 1)[0]);
}

function drawNode(node, colours) {
  const part = slowest > 0 ? node.ms / slowest : 0;
  const left = node.x - W / 2, tint = numbersOf(node)[1];
  pen.globalAlpha = found.length && !found.includes(node) ? 0.3 : 1;
  pen.beginPath();
  pen.roundRect(left, node.y, W, H, 7);
  pen.fillStyle = mix(colours.cold, colours.hot, part);
  pen.fill();
  const marked = node === chosen || node === hovered;
  pen.lineWidth = marked ? 3 : isSlow(node) ? 2 : 1;
  pen.strokeStyle = marked ? colours.mark : isSlow(node) ? colours.slow : colours.line;
  pen.stroke();
  if (tint) {
    pen.fillStyle = tint;
    pen.beginPath();
    pen.roundRect(left, node.y, 8, H, [7, 0, 0, 7]);
    pen.fill();
  }
  drawText(node, part > 0.55 ? "#1b1204" : colours.ink);
  pen.globalAlpha = 1;
}

function draw() {
  const ratio = window.devicePixelRatio || 1, {width, height} = canvas.getBoundingClientRect();
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x0, ratio * y0);
  const colours = {};
  for (const name of ["cold", "hot", "mark", "slow", "line", "ink", "edge", "band", "soft"])
    colours[name] = colour("--" + name);
  for (const piece of plan.pieces) {
    pen.fillStyle = colours.band;
    pen.beginPath();
    pen.roundRect(piece.left, piece.top, piece.right - piece.left, piece.bottom - piece.top, 12);
    pen.fill();
    pen.fillStyle = colours.soft;
    pen.font = "600 16px system-ui,sans-serif";
    const text = piece.segment.device + ", " + layers(piece.segment.layers);
    pen.fillText(text, piece.left + 14, piece.top + 23);
  }
  drawEdges(false, colours);
  drawEdges(true, colours);
  const top = -y0 / scale - H, bottom = (height - y0) / scale;
  const left = -x0 / scale - W / 2, right = (width - x0) / scale + W / 2;
  for (const node of plan.layers)
    if (node.y > top && node.y < bottom && node.x > left && node.x < right)
      drawNode(node, colours);
}

let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

function zoom(factor, x, y) {
  const next = Math.min(4, Math.max(0.02, scale * factor));
  x0 = x - (x - x0) * next / scale;
  y0 = y - (y - y0) * next / scale;
  scale = next;
  fitted = false;
  redraw();
}

function fit() {
  const {width, height} = canvas.getBoundingClientRect();
  fold(plan, width / height);
  const box = plan.box;
  scale = Math.min(width / (box.right - box.left), height / (box.bottom - box.top), 1.4);
  x0 = width / 2 - scale * (box.left + box.right) / 2;
  y0 = height / 2 - scale * (box.top + box.bottom) / 2;
  fitted = true;
  redraw();
}

function choose(node, go) {
  chosen = node;
  const section = $("#chosen");
  section.replaceChildren();
  if (node) {
    add(section, "h2", "Chosen layer");
    list(section, factsOf(node));
  }
  if (node && go) {
    const {width, height} = canvas.getBoundingClientRect();
    scale = Math.max(scale, 0.9);
    fitted = false;
    x0 = width / 2 - scale * node.x;
    y0 = height / 2 - scale * (node.y + H / 2);
  }
  redraw();
}

function nodeAt(event) {
  const {left, top} = canvas.getBoundingClientRect();
  const x = (event.clientX - left - x0) / scale, y = (event.clientY - top - y0) / scale;
  return plan.layers.find((n) => Math.abs(n.x - x) <= W / 2 && y >= n.y && y <= n.y + H) || null;
}

function showTip(event) {
  const {left, top, width, height} = canvas.getBoundingClientRect();
  tip.hidden = !hovered;
  if (!hovered) return;
  tip.replaceChildren();
  list(tip, factsOf(hovered));
  const x = event.clientX - left, y = event.clientY - top;
  tip.style.left = Math.max(0, Math.min(x + 16, width - tip.offsetWidth - 8)) + "px";
  tip.style.top = Math.max(0, Math.min(y + 16, height - tip.offsetHeight - 8)) + "px";
}

function fillAside() {
  const rows = $("#slowest"), segments = $("#segments"), left = $("#left");
  for (const section of [rows, segments, left]) section.replaceChildren();
  add(rows, "h2", plan.ms > 0 ? "Slowest layers" : "No times: optimise the model, or --time");
  const slow = plan.layers.filter((n) => n.ms > 0).sort((a, b) => b.ms - a.ms).slice(0, 15);
  for (const node of slow) {
    const row = add(rows, "div", undefined, "row");
    add(row, "span", breakable(node.label)).title = node.node;
    add(row, "span", figures(node.ms) + " ms, " + share(node));
    add(row, "i").style.width = 100 * node.ms / slowest + "%";
    row.onclick = () => choose(node, true);
  }
  add(segments, "h2", "Engines");
  for (const e of plan.engines)
    list(segments, [[e.name, e.device + ", " + layers(e.nodes)],
                    ["in", e.input_shapes.map((s, i) => e.input_dtypes[i] + " " + shape(s))
                             .join(", ")],
                    ["out", e.output_shapes.map((s, i) => e.output_dtypes[i] + " " + shape(s))
                              .join(", ")]]);
  add(left, "h2", "Ops left out");
  const all = plan.conversion.left_out;
  if (!all.length) add(left, "div", "None");
  for (const l of all) {
    const row = add(left, "div", undefined, "row");
    add(row, "span", l.op + ": " + l.count + "x", "slow");
    row.title = l.node + ": " + l.why;
    row.onclick = () => choose(plan.layers.find((n) => n.node === l.node) || null, true);
  }
}

// Which numbers are multiplied in how many layers; a click finds them.
function fillNumbers() {
  $("#heat").hidden = !slowest;
  $("#numbers").replaceChildren();
  for (const [name, tint] of Object.values(NUMBERS)) {
    const nodes = plan.layers.filter((n) => numbersOf(n)[0] === name);
    if (!nodes.length) continue;
    const entry = add($("#numbers"), "u"), ms = nodes.reduce((sum, n) => sum + n.ms, 0);
    add(entry, "b", name).style.background = tint;
    entry.append(layers(nodes.length), plan.ms > 0 ? ", " + share({ms}) : "");
    entry.title = "Layers that multiply " + name + "; a click finds them";
    entry.onclick = () => {
      $("#find").value = $("#find").value === name ? "" : name;
      find(false);
    };
  }
}

function find(go) {
  const text = $("#find").value.trim().toLowerCase();
  const words = (n) => [n.node, short(n), n.kernel, numbersOf(n)[0]].join(" ").toLowerCase();
  found = text ? plan.layers.filter((n) => words(n).includes(text)) : [];
  $("#count").textContent = !text ? "" : found.length ? found.length + " found" : "none found";
  if (go && found.length) findNext(0);
  redraw();
}

function findNext(step) {
  const at = found.indexOf(chosen), count = found.length;
  const next = at < 0 ? 0 : (at + step + count) % count;
  choose(found[next], true);
  $("#count").textContent = next + 1 + " of " + count;
}

function show(number) {
  plan = data.plans[number];
  if (!plan.rows) placeNodes(plan);
  labelNodes(plan.layers);
  slowest = Math.max(0, ...plan.layers.map((n) => n.ms));
  hovered = null;
  const c = plan.conversion;
  $("h1").textContent = data.model.split("/").filter(Boolean).pop() || data.model;
  $("h1").title = data.model;
  $(".facts").textContent = [layers(plan.layer_count) + " on " + plan.device, plan.precision,
    plan.ms > 0 ? figures(plan.ms) + " ms (" + plan.times + ")" : "",
    c.percent.toFixed(2) + " % of " + c.ops_total + " ops converted"].filter(Boolean).join(" \u00b7 ");
  fillAside();
  fillNumbers();
  choose(null);
  find(false);
  fit();
}

const held = new Map();
let moved = 0;
canvas.onpointerdown = (e) => { held.set(e.pointerId, e); moved = 0; };
canvas.onpointermove = (e) => {
  const was = held.get(e.pointerId);
  if (!was) {
    hovered = nodeAt(e);
    showTip(e);
    return redraw();
  }
  tip.hidden = true;
  const other = [...held.values()].find((p) => p.pointerId !== e.pointerId);
  if (other) {
    const apart = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
    const {left, top} = canvas.getBoundingClientRect();
    zoom(apart(e) / Math.max(apart(was), 1), other.clientX - left, other.clientY - top);
  } else {
    x0 += e.clientX - was.clientX;
    y0 += e.clientY - was.clientY;
    fitted = false;
  }
  moved += Math.hypot(e.clientX - was.clientX, e.clientY - was.clientY);
  if (moved > 4 && !canvas.hasPointerCapture(e.pointerId)) canvas.setPointerCapture(e.pointerId);
  held.set(e.pointerId, e);
  redraw();
};
canvas.onpointerup = canvas.onpointercancel = (e) => {
  held.delete(e.pointerId);
  if (moved <= 4 && e.type === "pointerup") choose(nodeAt(e));
};
canvas.onpointerleave = () => { hovered = null; tip.hidden = true; redraw(); };
canvas.addEventListener("wheel", (e) => {
  e.preventDefault();
  const {left, top} = canvas.getBoundingClientRect();
  zoom(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0015)), e.clientX - left, e.clientY - top);
}, {passive: false});
const middle = (factor) => {
  const {width, height} = canvas.getBoundingClientRect();
  zoom(factor, width / 2, height / 2);
};
$("#in").onclick = () => middle(1.3);
$("#out").onclick = () => middle(1 / 1.3);
$("#fit").onclick = fit;
$("#find").oninput = () => find(true);
$("#find").onkeydown = (e) => {
  if (e.key === "Enter" && found.length) findNext(e.shiftKey ? -1 : 1);
};
document.onkeydown = (e) => {
  if (e.target.tagName === "INPUT") return;
  if (e.key === "+" || e.key === "=") middle(1.3);
  if (e.key === "-") middle(1 / 1.3);
  if (e.key === "0") fit();
};
data.plans.forEach((p, i) => {
  add($("#plan"), "option", p.shapes.map(shape).join(", ")).value = i;
});
$("#plan").hidden = data.plans.length < 2;
$("#plan").onchange = (e) => show(Number(e.target.value));
new ResizeObserver(() => fitted ? fit() : redraw()).observe($("#view"));
matchMedia("(prefers-color-scheme:dark)").onchange = redraw;
show(0);
)js";

}  // namespace thaw::cli
