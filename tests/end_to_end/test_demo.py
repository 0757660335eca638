"""thaw demo from end to end: on the bundled detector, and on a model and photographs given by path."""

import csv
import json

import pytest
from PIL import Image

from program import DATA, ROOT, TRAFFIC, needs_data, thaw

BUNDLED = ROOT / "examples/traffic_lights"
LABELS = DATA / "models/traffic_label_map.pbtxt"
needs_bundled = pytest.mark.skipif(not (BUNDLED / "model/frozen_inference_graph.pb").exists()
                                   or not (BUNDLED / "validation").exists(),
                                   reason=f"no bundled detector in {BUNDLED}")


def check_results(folder, document, pictures):
    """What the demo says it made is there and is of one piece."""
    detections = json.loads((folder / "detections.json").read_text())["images"]
    assert len(detections) == document["pictures"] == pictures
    assert sum(len(entry["detections"]) for entry in detections) == document["objects"] > 0
    with open(folder / "detections.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == document["objects"]
    annotated = sorted((folder / "pictures").iterdir())
    assert len(annotated) == pictures
    sizes = sorted((entry["width"], entry["height"]) for entry in detections)
    assert sorted(Image.open(picture).size for picture in annotated) == sizes
    assert document["converted"]["checked"]
    same = document["converted"]["compare"]
    assert same["matched"] == document["objects"] and same["lost"] == same["new"] == same["relabelled"] == 0
    assert document["ms"]["p50"] > document["ms"]["network"] * 0.8 > 0
    tiles = document["tiles"]
    assert tiles["new"] > tiles["lost"] and tiles["ms"]["b"] > tiles["ms"]["a"] > 0
    for name in ("far_whole.jpg", "far_tiles.jpg"):
        assert Image.open(folder / name).size in sizes
    for name in ("converted", "tiles", *document["numbers"]):
        assert "<html" in (folder / f"report_{name}.html").read_text()


@needs_data
def test_a_model_and_photographs_by_path(tmp_path):
    out = tmp_path / "out"
    options = ["--out", out, "--model", TRAFFIC, "--labels", LABELS, "--images", DATA / "images/city_0.jpg",
               DATA / "images/od_kites.jpg", DATA / "images/peds_0.jpg", "--json"]
    result = thaw("demo", *options)
    document = json.loads(result.out)
    check_results(out, document, 3)
    assert "[1/" in result.err and str(out / "pictures") in result.err
    assert thaw("inspect", out / "saved_model").out
    # A second time into the same folder, now from what the first made.
    options[3] = out / "saved_model"
    again = json.loads(thaw("demo", *options).out)
    assert again["objects"] == document["objects"] and (out / "frozen_graph.pb").exists()


@needs_bundled
def test_the_bundled_detector_in_a_minute(tmp_path):
    out = tmp_path / "out"
    result = thaw("demo", "--out", out, "--json")
    document = json.loads(result.out)
    check_results(out, document, document["pictures"])
    assert document["pictures"] > 10
    truth = document["tiles"]["truth"]
    assert truth["found"]["b"] > truth["found"]["a"]
    assert result.seconds < 2 * 60  # of two processors


def test_missing_data_is_one_clear_line(tmp_path):
    for options in (["--data", tmp_path], ["--model", tmp_path / "no.pb", "--images", tmp_path]):
        result = thaw("demo", "--out", tmp_path / "out", *options, status=3)
        assert result.err.count("thaw: error: ") == 1 and str(tmp_path) in result.err
    assert "--data" in thaw("demo", "--data", tmp_path, "--out", tmp_path / "out", status=3).err
