"""thaw compare: on real photographs, against itself, a damaged copy and documents of detections."""

import html.parser
import json
import re

import numpy as np
import pytest
from PIL import Image

from program import COCO, COCO_LABELS, DATA, ROOT, needs_data, photographs, thaw

IMAGES = DATA / "images"
TAGS = {"city": ["street", "day"], "peds": ["street"], "traf": ["street", "simulated"]}
KEYS = ["ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "ar_1", "ar_10", "ar_100", "ar_small", "ar_medium",
        "ar_large"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compare")


@pytest.fixture(scope="module")
def truth(folder):
    """What TensorFlow finds with the same model, as if people had drawn it."""
    golden = np.load(DATA / "golden/ssd_mobilenet_v1_coco.npz")
    names = re.findall(r'id: (\d+)\s+display_name: "([^"]+)"', COCO_LABELS.read_text())
    images, objects = [], []
    for number, photograph in enumerate(photographs(), 1):
        name = photograph.name
        width, height = Image.open(photograph).size
        images.append({"id": number, "file_name": name, "width": width, "height": height, "tags": TAGS.get(name[:4], [])})
        scores = golden[f"{name}/detection_scores"]
        for row in np.flatnonzero(scores >= 0.45):
            top, left, bottom, right = map(float, golden[f"{name}/detection_boxes"][row])
            box = [left * width, top * height, (right - left) * width, (bottom - top) * height]
            objects.append({"id": len(objects) + 1, "image_id": number, "bbox": box, "area": box[2] * box[3],
                            "category_id": int(golden[f"{name}/detection_classes"][row]), "iscrowd": 0})
    path = folder / "truth.json"
    path.write_text(json.dumps({"images": images, "annotations": objects,
                                "categories": [{"id": int(i), "name": n} for i, n in names]}))
    return path


@pytest.fixture(scope="module")
def damaged(folder):
    """The model with noise on its convolutions' weights."""
    graph_pb2 = pytest.importorskip("tensorflow.core.framework.graph_pb2")
    graph = graph_pb2.GraphDef.FromString(COCO.read_bytes())
    rng = np.random.default_rng(0)
    changed = 0
    for node in graph.node:
        tensor = node.attr["value"].tensor
        if node.op != "Const" or len(tensor.tensor_shape.dim) != 4 or len(tensor.tensor_content) < 4000:
            continue
        weights = np.frombuffer(tensor.tensor_content, np.float32)
        noise = rng.normal(0, 0.06 * weights.std(), weights.shape)
        tensor.tensor_content = (weights + noise).astype(np.float32).tobytes()
        changed += 1
    assert changed > 20
    path = folder / "damaged.pb"
    path.write_bytes(graph.SerializeToString())
    return path


class Page(html.parser.HTMLParser):
    """What a report holds; fails on tags that do not nest."""

    VOID = {"meta"}

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.text, self.counts = [], [], [], {}
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.links += [value for name, value in attributes if name in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> in {self.open}"
        self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


@needs_data
def test_a_model_is_itself(truth):
    result = thaw("compare", COCO, COCO, "--images", IMAGES, "--truth", truth, "--max-map-drop", "0", "--max-score-change",
                  "0", "--json")
    document = json.loads(result.out)
    total = document["total"]
    assert total["pictures"] == len(photographs()) and total["unreadable"] == 0
    assert total["matched"] > 50 and total["lost"] == total["new"] == total["relabelled"] == 0
    assert total["score_change"]["max"] == 0 and total["iou"]["min"] == 1 and total["corner_shift"]["max"] == 0
    assert [g["passed"] for g in document["gates"]] == [True, True]
    coco = document["truth"]["coco"]
    assert list(coco["a"]) == KEYS and coco["a"] == coco["b"] and set(coco["change"].values()) == {0.0}
    assert coco["a"]["ap"] > 0.97, "what TensorFlow finds is what thaw finds"
    assert document["a"]["ms"]["p50"] > 0 and document["b"]["ms"]["p50"] > 0
    tags = {t["tag"]: t["images"] for t in document["truth"]["tags"]}
    assert tags == {"street": 6, "day": 3, "simulated": 1}


@needs_data
def test_a_damaged_model_misses_both_gates(truth, damaged, folder):
    report = folder / "report.html"
    result = thaw("compare", COCO, damaged, "--images", IMAGES, "--truth", truth, "--labels", COCO_LABELS,
                  "--max-map-drop", "0.005", "--max-score-change", "0.02", "--report", report, "--json", status=1)
    document = json.loads(result.out)
    drop = -document["truth"]["coco"]["change"]["ap"]
    assert drop > 0.05
    lines = [line for line in result.err.splitlines() if line.startswith("thaw: gate missed: ")]
    assert len(lines) == 2
    assert "--max-map-drop" in lines[0] and f"{-drop:+.4f}" in lines[0]
    assert "--max-score-change" in lines[1] and f"{document['total']['largest_change']:.4f}" in lines[1]
    total = document["total"]
    assert total["lost"] + total["new"] > 5 and total["matched"] > 30
    kinds = [pair["kind"] for image in document["images"] for pair in image["pairs"]]
    assert {kind: kinds.count(kind) for kind in ("matched", "lost", "new", "relabelled")} == \
        {kind: total[kind] for kind in ("matched", "lost", "new", "relabelled")}
    count = len(document["truth"]["confusion"]["a"])
    assert count == len(document["truth"]["categories"]) + 1
    confusion = np.array(document["truth"]["confusion"]["b"])
    assert confusion.shape == (count, count) and confusion[:-1].sum() == document["truth"]["objects"]
    assert_report(report, document)


def assert_report(report, document):
    text = report.read_text()
    assert report.stat().st_size < 5 << 20
    page = Page(text)
    assert all(link.startswith("data:image/jpeg;base64,/9j/") or link.startswith("#") for link in page.links)
    assert not re.search(r"https?://|<script|@import|url\(", text)
    words = " ".join(page.text)
    for word in ["Gate missed", "AP75", "AR small", "street", "simulated", "missed", "background", "traffic light",
                 f"{document['truth']['coco']['b']['ap']:.3f}", *(p.name for p in photographs())]:
        assert word in words, word
    total = document["total"]
    changes = total["lost"] + total["new"] + total["relabelled"]
    assert page.counts["circle"] == total["matched"] + changes
    assert page.counts["section"] == total["pictures"] == page.counts["use"]
    # One picture each, and a detail of each change (7 a picture at most).
    assert total["pictures"] < page.counts["image"] <= total["pictures"] + changes


@needs_data
def test_report_of_few_pictures(damaged, folder):
    report = folder / "small.html"
    out = thaw("compare", COCO, damaged, "--images", IMAGES, "--report", report, "--report-pictures", "2").out
    page = Page(report.read_text())
    assert page.counts["section"] == 2 and "Wrote" in out
    worst = re.search(r"worst first\n  (\S+): ", out)[1]
    assert worst in " ".join(page.text)


@needs_data
def test_documents_in_place_of_models(folder, truth):
    """What detect wrote gives what the model gives, for any mix of the two."""
    found = folder / "found.json"
    thaw("detect", COCO, IMAGES, "--score", "0", "--json", found)
    model = json.loads(thaw("compare", COCO, COCO, "--images", IMAGES, "--truth", truth, "--json").out)
    for sides in [(found, found), (COCO, found)]:
        images = ["--images", IMAGES] if COCO in sides else []
        document = json.loads(thaw("compare", *sides, *images, "--truth", truth, "--json").out)
        assert document["truth"]["coco"] == model["truth"]["coco"]
        assert document["total"]["matched"] == model["total"]["matched"] and document["total"]["iou"]["min"] == 1
    pruned = json.loads(found.read_text())
    for image in pruned["images"]:
        image["detections"] = [d for d in image["detections"] if d["score"] >= 0.6]
    (folder / "pruned.json").write_text(json.dumps(pruned))
    document = json.loads(thaw("compare", found, folder / "pruned.json", "--json").out)
    scores = [d["score"] for i in json.loads(found.read_text())["images"] for d in i["detections"]]
    assert document["total"]["matched"] == sum(s >= 0.6 for s in scores)
    assert document["total"]["lost"] == sum(0.5 <= s < 0.6 for s in scores) > 0


@needs_data
def test_b_in_tiles_and_other_numbers(folder):
    """What B has of its own: its detections are those that detect gives with the same options."""
    picture = IMAGES / "city_0.jpg"
    tiles = ["tiles", "2x2", "tile-overlap", "0.3"]
    options = [f"--{prefix}{word}" if i % 2 == 0 else word for prefix in ("", "b-") for i, word in enumerate(tiles)]
    found = json.loads(thaw("detect", COCO, picture, *options[:4], "--json", "-").out)["images"][0]["detections"]
    document = json.loads(thaw("compare", COCO, COCO, "--images", picture, *options[4:], "--b-precision", "FP32",
                               "--json").out)
    of_b = [p["b"]["score"] for p in document["images"][0]["pairs"] if p["b"] and p["b"]["score"] >= 0.5]
    assert sorted(of_b) == sorted(d["score"] for d in found)
    assert (document["a"]["parts"], document["b"]["parts"]) == ("", "2x2 tiles")
    assert document["total"]["new"] > 3, "tiles show small cars and people"
    assert document["b"]["ms"]["p50"] > 2 * document["a"]["ms"]["p50"]
    document = json.loads(thaw("compare", COCO, COCO, "--images", picture, "--b-precision", "BF16", "--json").out)
    assert (document["a"]["precision"], document["b"]["precision"]) == ("FP32", "BF16")
    assert 0 < document["total"]["score_change"]["max"] < 0.1


def write(path, document):
    path.write_text(json.dumps(document))
    return path


def found(path, *detections, size=(1000, 500)):
    return write(path, {"images": [{"file": "p.jpg", "width": size[0], "height": size[1], "detections": [
        {"class_id": c, "label": label, "score": s, "box": box} for c, label, s, box in detections]}]})


ARROWS = [{"id": 1, "name": "straight arrow"}, {"id": 2, "name": "left arrow"}]


def test_straight_taken_for_left(tmp_path):
    """The case that matters: A knows the straight arrow, B takes it for a left one."""
    box = [0.2, 0.1, 0.4, 0.2]
    a = found(tmp_path / "a.json", (1, "straight arrow", 0.9, box), (2, "left arrow", 0.8, [0.5, 0.5, 0.7, 0.6]))
    b = found(tmp_path / "b.json", (2, "left arrow", 0.7, box), (2, "left arrow", 0.8, [0.5, 0.5, 0.7, 0.6]))
    truth = write(tmp_path / "truth.json", {
        "images": [{"id": 1, "file_name": "p.jpg"}], "categories": ARROWS,
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [100, 100, 100, 100]},
                        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [500, 250, 100, 100]}]})
    report = tmp_path / "r.html"
    result = thaw("compare", a, b, "--truth", truth, "--json", "--report", report, "--max-score-change", "0.5", status=1)
    document = json.loads(result.out)
    assert document["total"]["relabelled"] == 1 and document["total"]["matched"] == 1
    assert document["truth"]["confusion"] == {"a": [[1, 0, 0], [0, 1, 0], [0, 0, 0]], "b": [[0, 1, 0], [0, 1, 0], [0, 0, 0]]}
    assert document["truth"]["coco"]["a"]["ap"] == pytest.approx(1)
    assert "0.9000" in result.err, "a wrong label counts with all of the score"
    text = thaw("compare", a, b, "--truth", truth).out
    assert re.search(r"straight arrow +left arrow +0 +1", text)
    assert "straight arrow 0.90 is left arrow 0.70 in B" in text
    assert "p.jpg" in report.read_text(), "a picture that is not there any more does not stop the report"


def test_the_traffic_lights_of_the_repository(tmp_path):
    """Its own objects found without a fault, then those in the dark missed and far ones mixed up."""
    truth = ROOT / "examples/traffic_lights/validation/instances.json"
    document = json.loads(truth.read_text())
    names = {c["id"]: c["name"] for c in document["categories"]}
    left, straight = (next(i for i, n in names.items() if word in n) for word in ("left", "straight"))

    def detections(path, spoil):
        images = []
        for image in document["images"]:
            rows = []
            for o in document["annotations"]:
                category = spoil(image["tags"], o["category_id"])
                if o["image_id"] != image["id"] or o["iscrowd"] or category is None:
                    continue
                x, y, w, h = o["bbox"]
                rows.append({"class_id": category, "label": names[category], "score": 0.9, "box":
                             [y / image["height"], x / image["width"], (y + h) / image["height"], (x + w) / image["width"]]})
            images.append({"file": image["file_name"], "width": image["width"], "height": image["height"],
                           "detections": rows})
        return write(path, {"images": images})

    a = detections(tmp_path / "a.json", lambda tags, c: c)
    b = detections(tmp_path / "b.json", lambda tags, c: None if "night" in tags else left if "far" in tags and
                   c == straight else c)
    report = tmp_path / "r.html"
    result = thaw("compare", a, b, "--images", truth.parent, "--truth", truth, "--json", "--report", report,
                  "--max-map-drop", "0.005", status=1)
    compared = json.loads(result.out)
    assert compared["total"]["pictures"] == len(document["images"]) and not compared["warnings"]
    assert compared["truth"]["coco"]["a"]["ap"] == pytest.approx(1, abs=1e-9)
    tags = {t["tag"]: t["change"]["ap"] for t in compared["truth"]["tags"]}
    assert tags["night"] == pytest.approx(-1, abs=1e-9) and tags["dusk"] == 0 and -1 < tags["far"] < 0
    places = [c["id"] for c in compared["truth"]["categories"]]
    confusion = np.array(compared["truth"]["confusion"]["b"])
    assert confusion[places.index(straight), places.index(left)] == compared["total"]["relabelled"] > 0
    assert confusion[:, -1].sum() == compared["total"]["lost"] > 10
    assert "night" in report.read_text() and report.stat().st_size < 5 << 20


def test_edges_against_pycocotools(tmp_path):
    """Through the program: pixels of the truth, normalised boxes of the detections."""
    coco = pytest.importorskip("pycocotools.coco")
    from pycocotools.cocoeval import COCOeval
    rng = np.random.default_rng(3)
    width, height = 1000, 500
    objects, rows = [], []
    for _ in range(60):
        box = np.float32(np.concatenate([low := rng.uniform(0, 0.8, 2), low + rng.uniform(0.02, 0.3, 2)]))
        category = int(rng.integers(1, 3))
        pixels = [float(v) for v in (box * np.float64([height, width, height, width]))]
        objects.append({"id": len(objects) + 1, "image_id": 1, "category_id": category, "iscrowd": int(rng.random() < 0.1),
                        "bbox": [pixels[1], pixels[0], pixels[3] - pixels[1], pixels[2] - pixels[0]]})
        objects[-1]["area"] = objects[-1]["bbox"][2] * objects[-1]["bbox"][3]
        for _ in range(rng.integers(0, 4)):
            near = np.float32(box + rng.normal(0, 0.02, 4))
            near[2:] = np.maximum(near[2:], near[:2])
            rows.append((category, str(category), float(np.float32(rng.random())), [float(v) for v in near]))
    truth = write(tmp_path / "truth.json", {"images": [{"id": 1, "file_name": "p.jpg", "width": width, "height": height}],
                                            "categories": ARROWS, "annotations": objects})
    a = found(tmp_path / "a.json", *rows)
    document = json.loads(thaw("compare", a, a, "--truth", truth, "--json").out)
    api = coco.COCO(str(truth))
    detections = []
    for category, _, score, box in rows:
        top, left, bottom, right = np.float64(box) * [height, width, height, width]
        detections.append({"image_id": 1, "category_id": category, "score": score,
                           "bbox": [left, top, right - left, bottom - top]})
    evaluation = COCOeval(api, api.loadRes(detections), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    got = [-1 if v is None else v for v in document["truth"]["coco"]["a"].values()]
    np.testing.assert_allclose(got, evaluation.stats, rtol=0, atol=1e-12)


@needs_data
def test_unreadable_pictures_are_named_and_the_others_come(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    result = thaw("compare", COCO, COCO, "--images", tmp_path / "bad.jpg", IMAGES / "od_dogs.jpg", "--json", status=3)
    document = json.loads(result.out)
    assert document["total"]["unreadable"] == 1 and document["total"]["pictures"] == 1
    assert "bad.jpg" in document["images"][0]["error"]
    assert re.search(r"^thaw: error: .*bad\.jpg", result.err, re.M)


def test_bad_truth_is_named(tmp_path):
    a = found(tmp_path / "a.json", (1, "x", 0.9, [0, 0, 1, 1]))
    image = {"id": 1, "file_name": "p.jpg"}
    cases = [("not json", ["is no JSON"]), ("{}", ["images"]), ("[" * 100000, ["nested"]),
             (json.dumps({"images": [image], "categories": ARROWS, "annotations": [{"id": 1, "image_id": 1,
              "category_id": 7, "bbox": [0, 0, 1, 1]}]}), ["annotations[0]", "category_id", "7"]),
             (json.dumps({"images": [{"id": 1, "file_name": "q.jpg"}], "categories": ARROWS, "annotations": []}),
              ["none of the pictures"])]
    for text, words in cases:
        truth = tmp_path / "truth.json"
        truth.write_text(text)
        result = thaw("compare", a, a, "--truth", truth, status=3)
        lines = result.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("thaw: error: "), result.err
        for word in ["truth.json", *words]:
            assert word in lines[0]
    with open(truth, "wb") as file:
        file.truncate(300 << 20)
    result = thaw("compare", a, a, "--truth", truth, status=3)
    assert "256.0 MiB" in result.err and result.peak_bytes < 64 << 20


def test_wrong_use(tmp_path):
    a = found(tmp_path / "a.json", (1, "x", 0.9, [0, 0, 1, 1]))
    assert "--truth" in thaw("compare", a, a, "--max-map-drop", "0.1", status=2).err
    thaw("compare", a, status=2)
    thaw("compare", a, a, "--score", "2", status=2)
    thaw("compare", a, tmp_path / "none.json", status=3)
