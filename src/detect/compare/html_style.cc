// The look of the report. Colours: A blue, B orange, the truth green; what changed has four of its
// own.
#include "detect/compare/html.h"

namespace thaw {

const char* const kHtmlStyle = R"css(
:root{--bg:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5b6675;--line:#e3e7ec;--grid:#edf0f4;
--a:#2563eb;--b:#e8630a;--good:#15803d;--bad:#c81e1e;--matched:#0ea5e9;--relabelled:#d99a06;
--lost:#dc2626;--new:#9333ea;--truth:#22c55e;--hit:22,163,74;--miss:220,38,38}
@media (prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1b2129;--ink:#e6eaf0;--soft:#9aa5b4;
--line:#2c343f;--grid:#262d37;--a:#6ea0ff;--b:#ff9447;--good:#4ade80;--bad:#ff7b7b;
--relabelled:#eab308;--lost:#f87171;--new:#c084fc}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1280px;margin:0 auto;padding:28px 24px 64px}
h1{font-size:26px;line-height:1.25;margin:0 0 12px;font-weight:650}
h2{font-size:18px;margin:38px 0 12px;font-weight:650}
h3{font-size:14px;margin:0 0 8px;font-weight:600}
p.note,.note{color:var(--soft);font-size:13px;margin:6px 0 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px}
.chip{display:inline-block;min-width:20px;text-align:center;color:#fff;border-radius:5px;
font-weight:650;font-size:12px;line-height:18px;padding:0 6px;margin-right:8px}
.chip.a{background:var(--a)}.chip.b{background:var(--b)}
@media (prefers-color-scheme:dark){.chip.a,.chip.b{color:#10141a}}
.sides{display:grid;grid-template-columns:auto 1fr auto auto;gap:4px 22px;align-items:baseline;
width:max-content;max-width:100%}
.sides b{font-weight:600;overflow-wrap:anywhere}.sides span{color:var(--soft)}
.gate{border-radius:10px;padding:10px 16px;margin-top:14px;border:1px solid;font-size:14px}
.gate.held{color:var(--good);border-color:var(--good)}
.gate.missed{color:var(--bad);border-color:var(--bad)}
.gate b{margin-right:8px}.gate code{font-size:13px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:12px;
margin-top:18px}
.tile .name{color:var(--soft);font-size:13px}
.tile .value{font-size:25px;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums}
.tile .more{font-size:13px;color:var(--soft);font-variant-numeric:tabular-nums}
.tile.lost .value{color:var(--lost)}.tile.new .value{color:var(--new)}
.tile.relabelled .value{color:var(--relabelled)}
.one{display:grid;gap:16px}
.two{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:16px;
align-items:start}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%;font-size:14px}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--soft);font-weight:550;font-size:13px}
th:first-child,td:first-child{text-align:left;padding-left:0}
td:last-child,th:last-child{padding-right:0}tr:last-child td{border-bottom:0}
tr.gap td{border-bottom:2px solid var(--line)}td.wrap{white-space:normal}
.better{color:var(--good);font-weight:600}.worse{color:var(--bad);font-weight:600}
.same{color:var(--soft)}
.scroll{overflow-x:auto}
td.bar{width:34%;min-width:120px}
.bars{display:block;height:14px;position:relative}
.bars i{position:absolute;left:0;height:5px;border-radius:0 3px 3px 0}
.bars i.a{top:1px;background:var(--a)}.bars i.b{top:8px;background:var(--b)}
svg{display:block;width:100%;height:auto}
svg text{font-family:inherit;fill:var(--soft);font-size:12px}
svg .axis{stroke:var(--soft);stroke-width:1}svg .grid{stroke:var(--grid);stroke-width:1}
svg .line{fill:none;stroke-width:2.2;stroke-linejoin:round}
svg .line.a{stroke:var(--a)}svg .line.b{stroke:var(--b)}svg .dashed{stroke-dasharray:5 4}
svg .guide{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 4;opacity:.7}
svg circle{fill-opacity:.6}
svg .matched{--c:var(--matched)}svg .relabelled{--c:var(--relabelled)}
svg .lost{--c:var(--lost)}svg .new{--c:var(--new)}
svg circle.matched,svg circle.relabelled,svg circle.lost,svg circle.new{fill:var(--c)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;color:var(--soft);margin:8px 0 0}
.legend i{display:inline-block;width:18px;height:0;border-top:3px solid var(--c);
vertical-align:middle;margin-right:6px}
.legend i.dot{width:10px;height:10px;border:0;border-radius:50%;background:var(--c)}
.legend i.box{width:14px;height:11px;border:2px solid var(--c)}
.legend i.thin{border-width:1px;border-style:solid}
.legend i.dash{border-top-style:dashed}
.small{display:grid;grid-template-columns:repeat(auto-fill,minmax(170px,1fr));gap:14px 18px}
.small .title{font-size:13px;font-weight:550;overflow:hidden;text-overflow:ellipsis;
white-space:nowrap}
.small .more{font-size:12px;color:var(--soft);font-variant-numeric:tabular-nums}
.confusion{width:auto;font-size:13px;margin-top:4px}
.confusion td,.confusion th{border:2px solid var(--card);padding:4px 8px;text-align:center;
min-width:42px}
.confusion th.row,.confusion td:first-child{text-align:right;padding-left:0;white-space:nowrap;
font-weight:500;color:var(--ink)}
.confusion th.column{vertical-align:bottom;color:var(--ink);font-weight:500;padding:6px 4px}
.confusion th.column span{writing-mode:vertical-rl;transform:rotate(180deg);display:inline-block;
max-height:130px}
.confusion td{background:rgba(var(--c,128,128,128),var(--s,.05));border-radius:4px}
.confusion td.zero{color:transparent}.confusion td.none{background:none}
.confusion em{font-style:normal;font-size:11px;margin-left:4px;color:inherit;opacity:.8}
.shot{margin-top:16px}
.shot .head{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline;margin-bottom:8px}
.shot .head b{font-weight:600;overflow-wrap:anywhere}
.shot .head span{font-size:13px;color:var(--soft)}
.tag{border:1px solid var(--line);border-radius:9px;padding:0 8px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:10px}
@media (max-width:760px){.pair{grid-template-columns:1fr}}
figure,.changes svg{--relabelled:#d99a06;--lost:#dc2626;--new:#9333ea}
figure{margin:0}figure svg{border-radius:6px;background:#000}
figcaption{font-size:13px;color:var(--soft);margin-bottom:4px}
svg .found rect.edge{fill:none;stroke:var(--c);stroke-width:2}
svg .found rect.back{fill:none;stroke:#000;stroke-opacity:.45;stroke-width:4}
svg .found rect.label{fill:var(--c)}
svg .found text{fill:#fff;font-size:11px;font-weight:600}
svg .found.matched,svg .found.relabelled{--t:#10141a}
svg .found.matched text,svg .found.relabelled text{fill:var(--t)}
svg .found.faint rect.edge{stroke-dasharray:5 3}
svg .found:hover rect.edge{stroke-width:4}
svg .truth{fill:none;stroke:var(--truth);stroke-width:1}
.changes{margin:10px 0 0;padding:0;list-style:none;display:grid;
grid-template-columns:repeat(auto-fill,minmax(158px,1fr));gap:10px}
.changes li{max-width:190px;font-size:12.5px;line-height:1.35}
.changes svg{border-radius:5px;margin-bottom:4px;background:#000}
.changes .word{font-weight:650}
.word.lost{color:var(--lost)}.word.new{color:var(--new)}.word.relabelled{color:var(--relabelled)}
footer{margin-top:40px;color:var(--soft);font-size:13px}
@media print{body{background:#fff}.card{break-inside:avoid}}
)css";

}  // namespace thaw
