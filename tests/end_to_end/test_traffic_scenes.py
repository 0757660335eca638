"""The renderer of examples/traffic_lights: determinism, boxes, colours, tags, the command line."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from program import ROOT

FOLDER = ROOT / "examples/traffic_lights"
sys.path.insert(0, str(FOLDER))

from render import CLASSES, CONDITIONS, coco_document, render_scene  # noqa: E402

SEEDS = range(20_000_000, 20_000_006)


@pytest.fixture(scope="module")
def scenes():
    """(condition, picture, annotations, tags) of some scenes of each condition."""
    return [(condition, *render_scene(seed, condition)) for condition in CONDITIONS for seed in SEEDS]


def expected_tags(weather, annotations):
    """The tags by their definitions in the README, from the annotations alone."""
    def cut(a):
        return a["truncated"]
    tags = []
    counted = [a for a in annotations if not a["iscrowd"]]
    if weather == "day" and counted and all(a["distance_m"] <= 120 and not cut(a) for a in annotations):
        tags.append("clear")
    if any(a["distance_m"] > 150 for a in counted):
        tags.append("far")
    if any(cut(a) for a in counted):
        tags.append("edge")
    return tags + ([weather] if weather != "day" else [])


def test_same_seed_same_picture():
    for condition in (None, "night"):
        first, second = render_scene(20_000_100, condition), render_scene(20_000_100, condition)
        assert np.array_equal(np.asarray(first[0]), np.asarray(second[0]))
        assert first[1:] == second[1:]
    other = render_scene(20_000_101, "night")[0]
    assert not np.array_equal(np.asarray(first[0]), np.asarray(other))


def test_same_scene_at_twice_the_size():
    _, small, tags = render_scene(20_000_102, "clear")
    picture, large, large_tags = render_scene(20_000_102, "clear", size=(720, 1280))
    assert picture.size == (1280, 720) and tags == large_tags and len(small) == len(large) > 0
    for a, b in zip(small, large):
        assert a["category_id"] == b["category_id"] and a["distance_m"] == b["distance_m"]
        assert np.allclose(np.asarray(a["bbox"]) * 2, b["bbox"], atol=0.05)


def test_boxes_lie_in_the_frame(scenes):
    for _, picture, annotations, _ in scenes:
        for a in annotations:
            x, y, w, h = a["bbox"]
            assert x >= 0 and y >= 0 and w > 0 and h > 0
            assert x + w <= picture.width + 0.02 and y + h <= picture.height + 0.02
            assert a["area"] == pytest.approx(w * h, abs=0.02)
            assert a["category_id"] in CLASSES and a["iscrowd"] in (0, 1) and 0 <= a["visible"] <= 1
            assert 12 <= a["distance_m"] <= 600
            if a["truncated"]:
                assert x == 0 or y == 0 or x + w >= picture.width - 0.02 or y + h >= picture.height - 0.02


def test_boxes_are_where_the_lamps_are(scenes):
    """The most coloured pixel of a near, wholly visible light has the colour of its class."""
    seen = set()
    for _, picture, annotations, _ in scenes:
        pixels = np.asarray(picture, np.float32)
        for a in annotations:
            x, y, w, h = a["bbox"]
            if a["iscrowd"] or a["truncated"] or a["visible"] < 0.9 or min(w, h) < 6:
                continue
            inside = pixels[int(y):int(np.ceil(y + h)), int(x):int(np.ceil(x + w))].reshape(-1, 3)
            # The background round the housing's corners may be bright too; lamps are bright and coloured.
            vivid = inside[np.argmax((inside.max(1) - inside.min(1)) * inside.max(1))]
            red, green, blue = vivid
            assert vivid.max() > 100 and vivid.max() - vivid.min() > 25, (a, vivid)
            if a["category_id"] >= 3:
                assert green > red and green > blue * 0.9, (a, vivid)
            else:
                assert red > blue and red > green, (a, vivid)
            seen.add(a["category_id"])
    assert seen == set(CLASSES)


def test_tags_follow_from_the_annotations(scenes):
    for condition, _, annotations, tags in scenes:
        weather = condition if condition in ("dusk", "night", "rain") else "day"
        assert tags == expected_tags(weather, annotations)
        assert condition in tags


def test_unknown_condition_is_an_error():
    with pytest.raises(ValueError, match="snow"):
        render_scene(1, "snow")


def test_command_line_writes_coco(tmp_path):
    done = subprocess.run([sys.executable, str(FOLDER / "render.py"), "--out", str(tmp_path), "--seed", "20000200", "--conditions",
                           "clear=2,night=2", "--workers", "2", "--split"], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0 and done.stderr == "" and done.stdout == ""
    document = json.loads((tmp_path / "instances.json").read_text())
    assert [c["id"] for c in document["categories"]] == list(CLASSES)
    assert [i["condition"] for i in document["images"]] == ["clear", "clear", "night", "night"]
    for image in document["images"]:
        picture = Image.open(tmp_path / image["file_name"])
        assert picture.format == "JPEG" and picture.size == (image["width"], image["height"])
        _, annotations, tags = render_scene(image["seed"], image["condition"])
        assert image["tags"] == tags
        stored = [a for a in document["annotations"] if a["image_id"] == image["id"]]
        assert [{k: v for k, v in a.items() if k not in ("id", "image_id")} for a in stored] == annotations
    night = json.loads((tmp_path / "instances_night.json").read_text())
    assert [i["condition"] for i in night["images"]] == ["night", "night"]


def test_command_line_refuses_bad_conditions(tmp_path):
    done = subprocess.run([sys.executable, str(FOLDER / "render.py"), "--out", str(tmp_path), "--conditions", "snow=2"],
                          capture_output=True, text=True)
    assert done.returncode != 0 and "snow=2" in done.stderr


def test_label_map_names_the_classes():
    text = (FOLDER / "label_map.pbtxt").read_text()
    for number, name in CLASSES.items():
        assert f"id: {number}\n  name: '{name}'" in text


def test_document_numbers_images_and_annotations():
    box = {"bbox": [1, 2, 3, 4], "category_id": 1}
    document = coco_document([({"file_name": "a"}, [box, box]), ({"file_name": "b"}, [box])], "d")
    assert [i["id"] for i in document["images"]] == [1, 2]
    assert [(a["id"], a["image_id"]) for a in document["annotations"]] == [(1, 1), (2, 1), (3, 2)]


VALIDATION = FOLDER / "validation"
VALIDATION_QUALITY = 82


@pytest.fixture(scope="module")
def validation():
    """The committed validation set's COCO document."""
    return json.loads((VALIDATION / "instances.json").read_text())


def test_validation_set_is_coherent(validation):
    images = {image["id"]: image for image in validation["images"]}
    assert len(images) == len(validation["images"]) == 300
    assert sorted(image["file_name"] for image in images.values()) == sorted(p.name for p in VALIDATION.glob("*.jpg"))
    assert {c["id"]: c["name"] for c in validation["categories"]} == CLASSES
    for condition, count in {"clear": 120, "far": 60, "edge": 30, "dusk": 30, "night": 30, "rain": 30}.items():
        assert sum(condition in image["tags"] for image in images.values()) >= count
    for image in images.values():
        assert image["seed"] >= 10_000_000
        boxes = [a for a in validation["annotations"] if a["image_id"] == image["id"]]
        weather = image["condition"] if image["condition"] in ("dusk", "night", "rain") else "day"
        assert image["tags"] == expected_tags(weather, boxes)
        assert any(not a["iscrowd"] for a in boxes)
    assert len({a["id"] for a in validation["annotations"]}) == len(validation["annotations"])
    assert {a["image_id"] for a in validation["annotations"]} <= set(images)
    assert sum(p.stat().st_size for p in VALIDATION.iterdir()) <= 12e6


def test_validation_set_is_what_its_seeds_give(validation):
    """Nearly: numpy and libjpeg round differently from version to version."""
    for image in validation["images"][::25]:
        picture, annotations, tags = render_scene(image["seed"], image["condition"])
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=VALIDATION_QUALITY, subsampling=0)
        fresh = np.asarray(Image.open(file).convert("RGB"), np.float32)
        stored = np.asarray(Image.open(VALIDATION / image["file_name"]).convert("RGB"), np.float32)
        assert np.abs(fresh - stored).mean() < 1.0, image["file_name"]
        assert tags == image["tags"]
        boxes = [a for a in validation["annotations"] if a["image_id"] == image["id"]]
        assert [a["category_id"] for a in boxes] == [a["category_id"] for a in annotations]
        for a, b in zip(boxes, annotations):
            assert np.allclose(a["bbox"], b["bbox"], atol=0.05) and a["visible"] == pytest.approx(b["visible"], abs=0.01)
