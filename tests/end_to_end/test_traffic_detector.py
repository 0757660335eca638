"""The bundled detector on its validation scenes: what it finds, and that TensorFlow finds the same."""

import json
import subprocess
import sys

import pytest

from program import ROOT, THAW

FOLDER = ROOT / "examples/traffic_lights"
GRAPH = FOLDER / "model/frozen_inference_graph.pb"
VALIDATION = FOLDER / "validation"
COMPARED = 8  # pictures that TensorFlow is run on too

sys.path.insert(0, str(FOLDER))

from evaluate import Truth, mean_average_precision, recall_at  # noqa: E402


@pytest.fixture(scope="module")
def truth():
    return Truth(json.loads((VALIDATION / "instances.json").read_text()))


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """All detections of thaw on the validation pictures."""
    out = tmp_path_factory.mktemp("detector") / "thaw.json"
    subprocess.run([THAW, "detect", GRAPH, VALIDATION, "--labels", FOLDER / "label_map.pbtxt", "--score", "0",
                    "--json", out], check=True, capture_output=True)
    return json.loads(out.read_text())


def test_graph_is_small():
    assert GRAPH.stat().st_size < 8_000_000


def test_finds_lights(truth, document):
    found = truth.match_files(document)
    assert mean_average_precision(truth, found, truth.images_with("clear")) >= 0.95
    assert mean_average_precision(truth, found) >= 0.89
    lights, recall = recall_at(truth, found, truth.images_with("clear"))
    assert lights > 250 and recall >= 0.95


def test_evaluation_knows_right_from_wrong(truth):
    perfect = [{"image_id": a["image_id"], "category_id": a["category_id"], "bbox": a["bbox"], "score": 0.9}
               for a in truth.document["annotations"] if not a["iscrowd"]]
    assert mean_average_precision(truth, perfect) == pytest.approx(1)
    assert recall_at(truth, perfect)[1] == 1
    wrong = [{**d, "category_id": d["category_id"] % 5 + 1} for d in perfect]
    assert mean_average_precision(truth, wrong) < 0.1
    near = mean_average_precision(truth, perfect, counts=lambda a: a["distance_m"] < 40)
    assert near == pytest.approx(1)
    lost = [d for i, d in enumerate(perfect) if i % 2]
    assert recall_at(truth, lost)[1] == pytest.approx(0.5, abs=0.01)


def test_tensorflow_finds_the_same(document, tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for path in sorted(VALIDATION.glob("*.jpg"))[::300 // COMPARED][:COMPARED]:
        (pictures / path.name).write_bytes(path.read_bytes())
    out = tmp_path / "tensorflow.json"
    subprocess.run([sys.executable, FOLDER / "tensorflow_detect.py", GRAPH, pictures, out], check=True, capture_output=True)
    ours = {image["file"].rsplit("/", 1)[-1]: image["detections"] for image in document["images"]}
    theirs = json.loads(out.read_text())["images"]
    assert len(theirs) == COMPARED
    for image in theirs:
        mine = ours[image["file"].rsplit("/", 1)[-1]]
        assert [d["class_id"] for d in mine] == [d["class_id"] for d in image["detections"]]
        for a, b in zip(mine, image["detections"]):
            assert a["score"] == pytest.approx(b["score"], abs=1e-4)
            assert a["box"] == pytest.approx(b["box"], abs=1e-4)
