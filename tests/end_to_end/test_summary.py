"""What thaw summary counts, and the page that it draws."""

import json
import re
import shutil
import subprocess

import pytest

import small_models
from program import COCO, TRAFFIC, needs_data, thaw


def summary(*arguments):
    return json.loads(thaw("summary", *arguments, "--json").out)["plans"][0]


def document(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))


@needs_data
def test_tf_trt_s_columns_and_lines():
    text = thaw("summary", COCO).out
    for column in ("# Nodes", "# Inputs", "# Outputs", "Input DTypes", "Output DTypes", "Input Shapes", "Output Shapes"):
        assert column in text
    plan = summary(COCO)
    counted = plan["conversion"]
    for op, count in counted["ops"].items():
        assert f"    - {op}: {count}x\n" in text
    assert "[*] Total number of thaw engines: 1\n" in text
    line = f"[*] % of OPs Converted: {counted['percent']:.2f}% [{counted['ops_converted']}/{counted['ops_total']}]\n"
    assert line in text
    (engine,) = plan["engines"]
    assert engine["nodes"] == plan["layer_count"]
    assert engine["input_names"] == ["image_tensor"] and engine["input_dtypes"] == ["uint8"]
    assert engine["output_names"][:2] == ["num_detections", "detection_boxes"]
    assert [1, 100, 4] in engine["output_shapes"] and set(engine["output_dtypes"]) == {"float32"}


@needs_data
@pytest.mark.parametrize("model", [COCO, TRAFFIC], ids=["coco", "traffic"])
def test_ops_are_those_that_tensorflow_s_outputs_need(model):
    tensorflow = pytest.importorskip("tensorflow")
    graph = tensorflow.compat.v1.GraphDef.FromString(model.read_bytes())
    nodes = {node.name: node for node in graph.node}
    plan = summary(model)
    needed, left = set(), list(plan["engines"][0]["output_names"])
    while left:
        name = left.pop()
        if name not in needed:
            needed.add(name)
            left += [i.split(":")[0] for i in nodes[name].input if not i.startswith("^")]
    ops = [nodes[name].op for name in needed]
    ops = [op for op in ops if op not in ("Const", "Placeholder", "PlaceholderWithDefault", "NoOp")]
    counted = plan["conversion"]
    assert counted["ops_total"] == len(ops)
    assert counted["ops_converted"] + sum(left["count"] for left in counted["left_out"]) == len(ops)
    assert counted["ops_converted"] / len(ops) > 0.95 and counted["ops"]["Conv2D"] == ops.count("Conv2D")
    slow = summary(model, "--device", "ref")["conversion"]
    assert slow["ops_total"] == len(ops) and slow["ops_converted"] < len(ops) / 2  # those that were folded


@needs_data
def test_a_device_with_memory_of_its_own():
    plan = summary(COCO, "--device", "null")
    assert [segment["device"] for segment in plan["segments"]].count("null") == len(plan["engines"]) > 0
    left = {entry["op"]: entry for entry in plan["conversion"]["left_out"]}
    assert any(op.startswith("NonMaxSuppression") for op in left)
    assert all("beside null" in entry["why"] for entry in left.values())
    assert 0.2 < plan["conversion"]["percent"] / 100 < 0.9  # most ops of the graph are the suppression's, class by class


def test_a_small_graph(tmp_path):
    path = tmp_path / "scaling.pbtxt"
    path.write_text(small_models.scaling())
    counted = summary(path)["conversion"]
    assert (counted["ops_converted"], counted["ops_total"], counted["ops"]) == (1, 1, {"Mul": 1})


@needs_data
def test_layers_read_what_others_wrote():
    layers = summary(COCO)["layers"]
    for place, layer in enumerate(layers):
        assert layer["reads"] == sorted(set(layer["reads"])) and all(read < place for read in layer["reads"])
    assert [place for place, layer in enumerate(layers) if not layer["reads"]] == [0]  # what reads the picture
    heads = [place for place, layer in enumerate(layers) if layer["kernel"].startswith("cpu.conv_heads")]
    (decode,) = [layer for layer in layers if layer["kernel"].startswith("cpu.box_decode")]
    assert decode["reads"] == heads and len(heads) == 6  # joined where they lie


@needs_data
def test_the_page(tmp_path):
    page = tmp_path / "graph.html"
    done = thaw("summary", COCO, "--html", page, "--time", "--shape", "1x240x320x3")
    assert f"Wrote {page}" in done.out
    text = page.read_text()
    assert text.startswith("<!DOCTYPE html>\n") and text.endswith("</html>\n")
    assert not re.search(r"(src|href)\s*=|https?:|import\s*\(|fetch\s*\(|@import|url\(", text)
    (plan,) = document(text)["plans"]
    assert {layer["numbers"] for layer in plan["layers"] if layer["macs"]} == {"float32"}
    assert plan["ms"] > 0 and len(plan["layers"]) == plan["layer_count"]
    thaw("summary", COCO, "--html", page)  # thaw's own is replaced
    page.write_text("mine")
    thaw("summary", COCO, "--html", page, status=2)
    assert page.read_text() == "mine"
    thaw("summary", COCO, "--html", page, "--overwrite")


def test_no_name_is_a_tag(tmp_path):
    path = tmp_path / "<script>alert(1)<!--.pbtxt"
    path.write_text(small_models.scaling(name="</script><b>"))
    page = tmp_path / "graph.html"
    thaw("summary", path, "--html", page)
    text = page.read_text()
    assert text.count("<script") == 2 and "<b>" not in text.split("</title>")[0]
    assert document(text)["plans"][0]["layers"][0]["node"] == "</script><b>"


CHECK = """
const text = require("fs").readFileSync(process.argv[2], "utf8");
const script = text.split("<script>").pop().split("</script>")[0].split("const data =")[0];
const place = new Function(script + "; return (p) => { placeNodes(p); fold(p, 1.3); };")();
const layers = [];
for (let i = 0; i < 3000; ++i) {
  const reads = i === 0 ? [] : [...new Set([i - 1, Math.max(0, i - 1 - i % 7)])];
  layers.push({node: "n" + i, reads, ms: 1});
}
const plan = {layers, segments: [{layers: 1000, device: "a"}, {layers: 2000, device: "b"}]};
place(plan);
const rows = new Map();
for (const n of layers) {
  for (const r of n.reads.map((i) => layers[i]))
    if (!(r.column < n.column || r.column === n.column && r.y < n.y)) throw new Error("before what it reads");
  rows.set(n.y, (rows.get(n.y) || []).concat(n));
}
for (const row of rows.values()) {
  row.sort((a, b) => a.x - b.x);
  for (let i = 1; i < row.length; ++i) if (row[i].x - row[i - 1].x < 232) throw new Error("overlap");
}
plan.pieces.forEach((a, i) => plan.pieces.slice(0, i).forEach((b) => {
  if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) throw new Error("bands");
}));
if (new Set(plan.pieces.map((p) => p.segment)).size !== 2) throw new Error("segments");
const shape = (plan.box.right - plan.box.left) / (plan.box.bottom - plan.box.top);
if (!(shape > 0.9 && shape < 1.9)) throw new Error("fills no view: " + shape);
console.log("placed");
"""


def test_nodes_stand_apart_and_behind_what_they_read(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to run the page's script")
    path = tmp_path / "scaling.pbtxt"
    path.write_text(small_models.scaling())
    thaw("summary", path, "--html", tmp_path / "graph.html")
    (tmp_path / "check.js").write_text(CHECK)
    done = subprocess.run([node, tmp_path / "check.js", tmp_path / "graph.html"], capture_output=True, text=True,
                          timeout=60)
    assert done.stdout == "placed\n", done.stderr
