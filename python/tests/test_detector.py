"""Pictures in, detections out, and the forms in which others want them."""

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import thaw
from files import BUNDLED, BUNDLED_LABELS, COCO_LABELS, ROOT, SHARED


@pytest.fixture(scope="module")
def detector():
    return thaw.Detector(str(BUNDLED), labels=str(BUNDLED_LABELS), score=0.3)


@pytest.fixture(scope="module")
def scene():
    return ROOT / "examples/traffic_lights/validation/10000000.jpg"


def test_finds_what_the_command_finds(detector, scene, tmp_path):
    subprocess.run([sys.executable, "-m", "thaw", "detect", str(BUNDLED), str(scene), "--labels",
                    str(BUNDLED_LABELS), "--score", "0.3", "--json", str(tmp_path / "out.json")],
                   env=dict(os.environ, PYTHONPATH=str(ROOT / "python")), stdout=subprocess.PIPE, check=True)
    (image,) = json.loads((tmp_path / "out.json").read_text())["images"]
    found = detector(scene)
    assert len(found) > 0 and (found.width, found.height) == (image["width"], image["height"])
    assert [d.label for d in found] == [d["label"] for d in image["detections"]]
    for got, want in zip(found.to_dicts(), image["detections"]):
        assert got["class_id"] == want["class_id"]
        np.testing.assert_allclose([got["score"]] + got["box"], [want["score"]] + want["box"], atol=1e-5)
    assert found.stages.network > 0


def test_the_example(detector, scene):
    def run(*arguments):
        return subprocess.run([sys.executable, str(ROOT / "examples/detect_one.py")] + list(arguments),
                              env=dict(os.environ, PYTHONPATH=str(ROOT / "python")),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    done = run(str(BUNDLED), str(scene), str(BUNDLED_LABELS))
    found = detector(scene, score=0.5)
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0 and len(lines) == len(found) > 0, done.stderr.decode()
    assert lines[0].startswith("{:<16} {:.3f}  left ".format(found[0].label, found[0].score))
    done = run("nothing.pb", str(scene))
    assert done.returncode == 1 and b"nothing.pb: no such file or folder" in done.stderr


def test_on_photographs_of_the_coco_graph(coco):
    detector = thaw.Detector(coco, labels=COCO_LABELS)
    found = detector(SHARED / "data/images/dog_bike_truck.jpg")
    assert {"dog", "bicycle"} <= {d.label for d in found}
    assert [d.label for d in detector(SHARED / "data/images/dog_bike_truck.jpg", classes="dog")] == ["dog"]


def test_pictures_of_all_kinds(detector, scene):
    image = pytest.importorskip("PIL.Image").open(str(scene))
    pixels = np.asarray(image)
    want = detector(str(scene))
    wide = np.zeros((pixels.shape[0], pixels.shape[1] + 5, 3), "u1")
    wide[:, :-5] = pixels
    for kind in (scene, scene.read_bytes(), bytearray(scene.read_bytes()), thaw.Picture.of(scene)):
        assert detector(kind) == want
    of_pixels = detector(thaw.Picture.of(scene).numpy())
    assert of_pixels == want
    for kind in (image, pixels, wide[:, :-5], np.asfortranarray(pixels), image.convert("RGBA")):
        assert [d.label for d in detector(kind)] == [d.label for d in want]
    assert isinstance(detector(np.zeros((60, 80), "u1")), list)
    assert detector([scene, pixels])[0] == want


@pytest.mark.parametrize("picture, kind, words", [
    ("nothing.jpg", FileNotFoundError, "nothing.jpg"),
    (b"not a picture", thaw.InputError, "memory"),
    (np.zeros((4, 4, 4), "u1"), thaw.InputError, r"uint8\[4, 4, 4\] was given"),
    (np.zeros((4, 4, 3), "f4"), thaw.InputError, r"float32\[4, 4, 3\] was given"),
    (np.zeros((0, 4, 3), "u1"), thaw.InputError, "was given"),
    (7, thaw.UsageError, "int was given"), (None, thaw.UsageError, "NoneType")])
def test_what_is_no_picture(detector, picture, kind, words):
    with pytest.raises(kind, match=words):
        detector(picture)


def test_options_of_a_call(detector, scene):
    every = detector(scene, score=0)
    assert len(every) > len(detector(scene)) > 0
    assert all(d.score >= 0.6 for d in detector(scene, score=0.6))
    label = detector(scene)[0].label
    assert {d.label for d in detector(scene, classes=[label])} == {label}
    assert detector(scene, class_scores={label: 1.1}) != detector(scene)
    assert detector.class_id(label) == detector(scene)[0].class_id
    assert len(detector(scene, tiles=(2, 2))) >= len(detector(scene))
    top = detector(scene, region=(0, 0, 0.5, 1))
    assert all(d.box[2] <= 0.51 for d in top)
    assert detector(scene, region="0,0,0.5,1") == top
    assert detector(scene, tiles="2x2") == detector(scene, tiles=(2, 2))
    with pytest.raises(thaw.InputError, match="nothing"):
        detector(scene, classes=["nothing"])
    with pytest.raises(thaw.UsageError, match="'rows'"):
        thaw.Detector(str(BUNDLED), outputs={"rows": "a:0"})


@pytest.mark.parametrize("name, values", [
    ("tiles", ("2", "ax2", "0x2", 5, (2.5, 2), (2, 2, 2), (0, 2), (17, 17))),
    ("region", ("0,0,1", "a,0,1,1", 7, (0, 0, 1), (0, 0, 2, 1), (0.5, 0, 0.5, 1), ("a", 0, 1, 1))),
    ("score", (-0.1, 1.5, float("nan"), "a", (1,))), ("tile_batch", (-1, "a", 0.5)),
    ("tile_overlap", ("a",)), ("class_scores", ({1: "a"},))])
def test_options_that_can_not_be(detector, scene, name, values):
    for value in values:
        with pytest.raises(thaw.UsageError, match="^" + name):
            detector(scene, **{name: value})
    with pytest.raises(thaw.UsageError, match="^score: 2"):
        thaw.Detector(detector.model, score=2)


def test_pictures_are_drawn_and_written(detector, scene, tmp_path):
    found = detector(scene)
    drawn = found.annotate(scene)
    picture = thaw.Picture.of(scene)
    assert (drawn.width, drawn.height) == (picture.width, picture.height)
    assert not np.array_equal(drawn.numpy(), picture.numpy())
    assert not drawn.numpy().flags.writeable
    drawn.save(tmp_path / "out.png")
    np.testing.assert_array_equal(thaw.Picture.of(tmp_path / "out.png").numpy(), drawn.numpy())
    np.testing.assert_array_equal(np.asarray(picture), picture.numpy())


ONE = thaw.Detection("car", 0.75, (0.1, 0.2, 0.3, 0.4), 3, 200, 100)


def test_forms_of_a_detection():
    assert ONE.pixels == (40, 10, 80, 30)
    assert ONE.to_dict() == {"class_id": 3, "label": "car", "score": 0.75, "box": [0.1, 0.2, 0.3, 0.4]}
    assert ONE.to_coco(17) == {"image_id": 17, "category_id": 3, "bbox": [40, 10, 40, 20], "score": 0.75}
    json.dumps([ONE.to_dict(), ONE.to_coco(17), ONE.to_row()])
    assert ONE == thaw.Detection("car", 0.75, (0.1, 0.2, 0.3, 0.4), 3, 200, 100)
    assert ONE != thaw.Detection("car", 0.7, (0.1, 0.2, 0.3, 0.4), 3, 200, 100)
    assert "car" in repr(ONE)


def test_coco_results_are_pycocotools(detector, scene, tmp_path):
    coco = pytest.importorskip("pycocotools.coco")
    found = detector(scene)
    truth = {"images": [{"id": 1, "width": found.width, "height": found.height}], "annotations": [],
             "categories": [{"id": d.class_id, "name": d.label} for d in found]}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    results = coco.COCO(str(tmp_path / "truth.json")).loadRes(found.to_coco(1))
    assert len(results.anns) == len(found)
    assert results.anns[1]["area"] == pytest.approx(found[0].to_coco(1)["bbox"][2] *
                                                    found[0].to_coco(1)["bbox"][3])


def test_pandas(detector, scene):
    pandas = pytest.importorskip("pandas")
    found = detector(scene)
    frame = found.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == len(found)
    assert frame.iloc[0].to_dict() == found[0].to_row() == found[0].to_pandas().to_dict()
    assert list(detector(scene, score=1).to_pandas().columns) == list(frame.columns)


class FakeDetections:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def test_supervision(detector, scene, monkeypatch):
    try:
        import supervision
    except ImportError:  # what is handed to it at least
        supervision = type(sys)("supervision")
        supervision.Detections = FakeDetections
        monkeypatch.setitem(sys.modules, "supervision", supervision)
    found = detector(scene)
    made = found.to_supervision()
    np.testing.assert_allclose(made.xyxy[0], found[0].pixels, rtol=1e-6)
    assert made.xyxy.shape == (len(found), 4) and made.confidence.shape == (len(found),)
    assert made.data["class_name"].tolist() == [d.label for d in found]
    assert made.class_id.tolist() == [d.class_id for d in found]
    assert detector(scene, score=1).to_supervision().xyxy.shape == (0, 4)


def test_pickling(detector, scene):
    found = detector(scene)
    again = pickle.loads(pickle.dumps(found))
    assert again == found and again.stages == found.stages and again.width == found.width
    with pytest.raises(thaw.UsageError, match="can't be drawn"):
        again.annotate(scene)
    data = pickle.dumps(detector)
    assert len(data) < 2000
    assert pickle.loads(data)(scene) == found


def test_of_an_engine_and_of_what_it_saved(scene, tmp_path):
    engine = thaw.optimize(str(BUNDLED), precision="BF16", threads=1, tune=False)
    by_engine = thaw.Detector(engine, labels=str(BUNDLED_LABELS))
    engine.save(str(tmp_path / "fast"))
    by_file = thaw.Detector(str(tmp_path / "fast"), labels=str(BUNDLED_LABELS), threads=1)
    assert by_file(scene) == by_engine(scene) != []
    assert pickle.loads(pickle.dumps(by_engine))(scene) == by_engine(scene)
