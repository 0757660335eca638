// The look of summary's page and where the nodes of the graph stand in it.
#include "cli/summary_page.h"

namespace thaw::cli {

const char* const kSummaryStyle = R"css(
:root{--bg:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5b6675;--line:#d5dbe3;--band:#eceff3;
--edge:#8794a6;--cold:#ffffff;--hot:#f97316;--mark:#2563eb;--slow:#c81e1e}
@media (prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1b2129;--ink:#e6eaf0;--soft:#9aa5b4;
--line:#2c343f;--band:#171c23;--edge:#566172;--cold:#232b35;--hot:#ea6a12;--mark:#6ea0ff;
--slow:#ff7b7b}}
*{box-sizing:border-box}
html,body{height:100%}
body{margin:0;background:var(--bg);color:var(--ink);display:grid;
grid-template:auto 1fr auto/1fr 340px;overflow:hidden;
font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header{grid-column:1/3;display:flex;flex-wrap:wrap;gap:6px 18px;align-items:center;
padding:10px 16px;background:var(--card);border-bottom:1px solid var(--line)}
h1{font-size:16px;margin:0;font-weight:650;overflow-wrap:anywhere}
header .facts{color:var(--soft);font-variant-numeric:tabular-nums}
header .tools{margin-left:auto;display:flex;gap:8px;flex-wrap:wrap}
button,select,input{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);
border-radius:7px;padding:4px 10px}
button{cursor:pointer}
#count{color:var(--soft);align-self:center;min-width:64px;font-variant-numeric:tabular-nums}
#view{position:relative;min-width:0;min-height:0}
footer{display:flex;flex-wrap:wrap;gap:4px 20px;align-items:center;padding:7px 16px;
background:var(--card);border-top:1px solid var(--line);color:var(--soft);font-size:12px}
footer i{display:inline-block;width:80px;height:10px;border:1px solid var(--line);border-radius:3px;
margin:0 6px;vertical-align:-1px;background:linear-gradient(90deg,var(--cold),var(--hot))}
footer u{cursor:pointer;text-decoration:none;margin-right:12px}
footer b,.row b{color:#fff;border-radius:4px;padding:1px 5px;font-size:11px;margin-right:5px}
canvas{position:absolute;inset:0;width:100%;height:100%;cursor:grab;touch-action:none}
canvas:active{cursor:grabbing}
aside{grid-area:2/2/4/3;background:var(--card);border-left:1px solid var(--line);padding:12px 14px;overflow:auto;
min-height:0}
h2{font-size:13px;margin:0 0 6px;color:var(--soft);font-weight:600}
aside section+section{margin-top:18px}
.row{display:grid;grid-template-columns:1fr auto;gap:2px 10px;padding:3px 6px;border-radius:6px;
cursor:pointer;font-variant-numeric:tabular-nums;position:relative;overflow:hidden}
.row:hover{background:var(--band)}
.row i{position:absolute;left:0;bottom:0;height:3px;background:var(--hot)}
.row span:first-child{overflow-wrap:anywhere;font-size:13px;line-height:1.3}
.row span+span{white-space:nowrap}
dl{margin:0;display:grid;grid-template-columns:auto 1fr;gap:3px 10px}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
#tip{position:absolute;pointer-events:none;max-width:420px;background:var(--card);z-index:2;
border:1px solid var(--line);border-radius:8px;padding:8px 11px;box-shadow:0 6px 22px #0003;
font-size:13px}
.slow{color:var(--slow)}
@media (max-width:760px){body{grid-template:auto 1fr auto/1fr}header{grid-column:1}aside{display:none}}
)css";

const char* const kSummaryBody = R"html(<body>
<header><h1></h1><span class="facts"></span><span class="tools">
<select id="plan" aria-label="Plan"></select>
<input id="find" type="search" placeholder="Find a layer" aria-label="Find a layer" size="18"
title="Name, op, kernel or numbers; Enter: the next, Shift Enter: the one before">
<span id="count" role="status"></span>
<button id="in" title="Nearer (+)">+</button><button id="out" title="Farther (-)">&minus;</button>
<button id="fit" title="All of it (0)">Fit</button></span></header>
<div id="view"><canvas></canvas><div id="tip" hidden></div></div>
<footer><span>Wheel, pinch or + and &minus;: zoom &middot; drag: move &middot; click a layer: details
&middot; Fit or 0: all of it</span><span id="heat">Time 0<i></i>slowest</span>
<span id="numbers"></span></footer>
<aside><section id="chosen"></section><section id="slowest"></section>
<section id="segments"></section><section id="left"></section></aside>
)html";

// Rows from top to bottom, in columns from left to right: a layer stands below those that it reads
// or in a later column, and a segment behind the one before. Within a row layers stand near those
// that they are joined to.
const char* const kSummaryLayout = R"js(
"use strict";
const W = 232, H = 84, GAP_X = 26, GAP_Y = 30, GAP_COLUMN = 64, BAND = 34;

function rowsOf(plan) {
  const segments = plan.segments.length ? plan.segments : [{layers: plan.layers.length}];
  const rows = [], bands = [];
  let at = 0, base = 0;
  for (const segment of segments) {
    let last = base;
    for (let i = 0; i < segment.layers; ++i, ++at) {
      const node = plan.layers[at];
      node.row = base;
      for (const r of node.reads) node.row = Math.max(node.row, plan.layers[r].row + 1);
      last = Math.max(last, node.row);
      (rows[node.row] = rows[node.row] || []).push(node);
    }
    bands.push({segment, first: base, last});
    base = last + 1;
  }
  for (let i = 0; i < rows.length; ++i) rows[i] = rows[i] || [];
  return {rows, bands};
}

const mean = (nodes, otherwise) =>
  nodes.length ? nodes.reduce((sum, n) => sum + n.x, 0) / nodes.length : otherwise;

// Nearest places to those wished for, in order and without overlap.
function spread(row) {
  const step = W + GAP_X, groups = [];
  for (const node of row) {
    groups.push({nodes: [node], sum: node.wish, size: 1});
    while (groups.length > 1) {
      const b = groups[groups.length - 1], a = groups[groups.length - 2];
      const left = (g) => g.sum / g.size - step * (g.size - 1) / 2;
      if (left(a) + step * a.size <= left(b)) break;
      groups.splice(-2, 2, {nodes: a.nodes.concat(b.nodes), sum: a.sum + b.sum,
                            size: a.size + b.size});
    }
  }
  for (const g of groups)
    g.nodes.forEach((n, i) => { n.x = g.sum / g.size + step * (i - (g.size - 1) / 2); });
}

function placeNodes(plan) {
  Object.assign(plan, rowsOf(plan));
  const {rows} = plan;
  plan.layers.forEach((node, i) => { node.index = i; node.users = []; });
  for (const node of plan.layers) for (const r of node.reads) plan.layers[r].users.push(node);
  for (const node of plan.layers) node.from = node.reads.map((r) => plan.layers[r]);
  for (const row of rows)
    row.forEach((node, i) => { node.x = (i - (row.length - 1) / 2) * (W + GAP_X); });
  for (let sweep = 0; sweep < 12; ++sweep) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : rows.slice().reverse()) {
      for (const node of row) node.wish = mean(down ? node.from : node.users, node.x);
      row.sort((a, b) => a.wish - b.wish || a.index - b.index);
      spread(row);
    }
  }
  for (const node of plan.layers) node.place = node.x;
}

// Cuts the rows into columns of `most` rows; a segment's band is a piece in each of its columns.
function stand(plan, most) {
  const {rows, bands} = plan, several = bands.length > 1;
  plan.pieces = [];
  plan.box = {left: -30, right: -GAP_COLUMN, top: -24, bottom: 0};
  for (let first = 0, column = 0, band = 0; first < rows.length; first += most, ++column) {
    const part = rows.slice(first, first + most), nodes = part.flat();
    const places = nodes.map((n) => n.place), left = plan.box.right + GAP_COLUMN;
    const shift = left + W / 2 - Math.min(...places);
    plan.box.right = Math.max(...places) + shift + W / 2;
    let y = 0, piece = null;
    part.forEach((row, i) => {
      if (several && (!piece || first + i > bands[band].last)) {
        if (first + i > bands[band].last) ++band;
        piece = {segment: bands[band].segment, left: left - 20, right: plan.box.right + 20, top: y};
        plan.pieces.push(piece);
        y += BAND;
      }
      for (const node of row) Object.assign(node, {x: node.place + shift, y, column});
      y += H + GAP_Y;
      if (piece) piece.bottom = y - GAP_Y / 2;
    });
    plan.box.bottom = Math.max(plan.box.bottom, y);
  }
  plan.box.right += 30;
}

// The columns that show most in a view so many times as wide as it is high.
function fold(plan, ratio) {
  let best = null, last = 0;
  for (let columns = 1; columns <= 100; ++columns) {
    const most = Math.max(1, Math.ceil(plan.rows.length / columns));
    if (most === last) continue;
    last = most;
    stand(plan, most);
    const size = Math.max((plan.box.right - plan.box.left) / ratio,
                          plan.box.bottom - plan.box.top);
    if (!best || size < best.size) best = {most, size};
  }
  stand(plan, best.most);
}
)js";

}  // namespace thaw::cli
