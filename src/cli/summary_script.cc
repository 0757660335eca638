// What summary's page does: draws the graph, and answers the user.
#include "cli/summary_page.h"

namespace thaw::cli {

const char* const kSummaryScript = R"js(
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (query) => document.querySelector(query);
const canvas = $("canvas"), pen = canvas.getContext("2d"), tip = $("#tip");
let plan, scale = 1, x0 = 0, y0 = 0, hovered = null, chosen = null, found = new Set(), slowest = 0;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const figures = (value) => value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2)
                                                                        : value.toFixed(3);
const shape = (s) => s ? s.map((d) => d === null || d < 0 ? "?" : d).join("x") : "?";
const layers = (count) => count + (count === 1 ? " layer" : " layers");
const isSlow = (node) => node.kernel.startsWith("ref.") || node.kernel === "runtime";
const short = (node) => node.op.replace(/[({].*/s, "").trim();

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
    facts.push(["Time", figures(node.ms) + " ms, " + (100 * node.ms / plan.ms).toFixed(1) + " %"]);
  if (node.macs > 0) {
    const rate = node.ms > 0 ? ", " + (node.macs / node.ms / 1e6).toFixed(1) + " GMAC/s" : "";
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

function drawEdges(marked) {
  for (const node of plan.layers)
    for (const from of node.from) {
      const is = chosen && (node === chosen || from === chosen);
      if (marked !== Boolean(is)) continue;
      const y1 = from.y + H, y2 = node.y, bend = Math.min(60, (y2 - y1) / 2);
      pen.beginPath();
      pen.moveTo(from.x, y1);
      pen.bezierCurveTo(from.x, y1 + bend, node.x, y2 - bend, node.x, y2);
      pen.strokeStyle = colour(marked ? "--mark" : "--edge");
      pen.lineWidth = marked ? 2.5 : 1.2;
      pen.stroke();
    }
}

// Of a name its end tells more.
function clipped(text, width, part = (length) => "\u2026" + text.slice(-length)) {
  if (pen.measureText(text).width <= width) return text;
  let length = text.length;
  while (length > 1 && pen.measureText(part(length)).width > width) --length;
  return part(length);
}

function drawNode(node, colours) {
  const part = slowest > 0 ? node.ms / slowest : 0;
  const left = node.x - W / 2;
  pen.beginPath();
  pen.roundRect(left, node.y, W, H, 7);
  pen.fillStyle = mix(colours.cold, colours.hot, part);
  pen.fill();
  const marked = node === chosen || node === hovered || found.has(node);
  pen.lineWidth = marked ? 3 : isSlow(node) ? 2 : 1;
  pen.strokeStyle = marked ? colours.mark : isSlow(node) ? colours.slow : colours.line;
  pen.stroke();
  if (scale < 0.35) return;
  pen.fillStyle = part > 0.55 ? "#1b1204" : colours.ink;
  pen.font = "600 13px system-ui,sans-serif";
  const time = node.ms > 0 ? figures(node.ms) + " ms" : "";
  const room = time ? pen.measureText(time).width + 8 : 0;
  const op = short(node), beginning = (length) => op.slice(0, length) + "\u2026";
  pen.fillText(clipped(op, W - 20 - room, beginning), left + 10, node.y + 19);
  if (time) pen.fillText(time, left + W - 10 - room + 8, node.y + 19);
  pen.font = "11px system-ui,sans-serif";
  pen.fillText(clipped(node.node, W - 20), left + 10, node.y + 36);
}

function draw() {
  const ratio = window.devicePixelRatio || 1, {width, height} = canvas.getBoundingClientRect();
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x0, ratio * y0);
  for (const band of plan.bands) {
    pen.fillStyle = colour("--band");
    pen.beginPath();
    pen.roundRect(plan.box.left, band.top, plan.box.right - plan.box.left,
                  band.bottom - band.top, 12);
    pen.fill();
    pen.fillStyle = colour("--soft");
    pen.font = "600 15px system-ui,sans-serif";
    const text = band.segment.device + ", " + layers(band.segment.layers);
    pen.fillText(text, plan.box.left + 14, band.top + 22);
  }
  drawEdges(false);
  const colours = {};
  for (const name of ["cold", "hot", "mark", "slow", "line", "ink"])
    colours[name] = colour("--" + name);
  const top = -y0 / scale - H, bottom = (height - y0) / scale;
  const left = -x0 / scale - W / 2, right = (width - x0) / scale + W / 2;
  drawEdges(true);
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
  redraw();
}

function fit() {
  const {width, height} = canvas.getBoundingClientRect(), box = plan.box;
  scale = Math.min(width / (box.right - box.left), height / (box.bottom - box.top), 1.2);
  x0 = width / 2 - scale * (box.left + box.right) / 2;
  y0 = height / 2 - scale * (box.top + box.bottom) / 2;
  redraw();
}

// A long graph begins at its top, readable.
function begin() {
  fit();
  if (scale >= 0.5) return;
  const {width} = canvas.getBoundingClientRect(), box = plan.box;
  scale = Math.min(0.9, Math.max(0.6, width / (box.right - box.left)));
  const first = plan.layers[0];
  x0 = width / 2 - scale * (first ? first.x : 0);
  y0 = 20 - scale * box.top;
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
    scale = Math.max(scale, 0.7);
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
    add(row, "span", node.node.split("/").slice(-3).join("/")).title = node.node;
    add(row, "span", figures(node.ms) + " ms");
    add(row, "i").style.width = 100 * node.ms / slowest + "%";
    row.onclick = () => choose(node, true);
  }
  if (slow.length) add(rows, "div", undefined, "legend").innerHTML = "0 <b></b> slowest";
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

function show(number) {
  plan = data.plans[number];
  if (!plan.box) placeNodes(plan);
  slowest = Math.max(0, ...plan.layers.map((n) => n.ms));
  hovered = null;
  found.clear();
  const c = plan.conversion;
  $("h1").textContent = data.model.split("/").filter(Boolean).pop() || data.model;
  $("h1").title = data.model;
  $(".facts").textContent = [layers(plan.layer_count) + " on " + plan.device, plan.precision,
    plan.ms > 0 ? figures(plan.ms) + " ms (" + plan.times + ")" : "",
    c.percent.toFixed(2) + " % of " + c.ops_total + " ops"].filter(Boolean).join(" \u00b7 ");
  fillAside();
  choose(null);
  begin();
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
$("#find").oninput = (e) => {
  const text = e.target.value.toLowerCase();
  const hit = (n) => (n.node + " " + n.op + " " + n.kernel).toLowerCase().includes(text);
  found = new Set(text ? plan.layers.filter(hit) : []);
  redraw();
};
$("#find").onkeydown = (e) => {
  const all = [...found];
  if (e.key === "Enter" && all.length) choose(all[(all.indexOf(chosen) + 1) % all.length], true);
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
new ResizeObserver(redraw).observe($("#view"));
matchMedia("(prefers-color-scheme:dark)").onchange = redraw;
show(0);
)js";

}  // namespace thaw::cli
