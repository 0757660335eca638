"""Tiles and regions on photographs: nothing gets lost, nothing comes twice, boxes stay in place."""

import json

import numpy as np
import pytest
from PIL import Image

from program import COCO, COCO_LABELS, DATA, needs_data, photographs, thaw

pytestmark = needs_data
STREETS = ["city_0.jpg", "city_3.jpg", "peds_0.jpg", "od_kites.jpg"]


def detect(picture, *options, score=0.5):
    out = thaw("detect", COCO, picture, "--labels", COCO_LABELS, "--score", score, "--json", "-", *options).out
    return json.loads(out)["images"][0]


def iou(a, b):
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    if height <= 0 or width <= 0:
        return 0.0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return height * width / (area(a) + area(b) - height * width)


def matches(found, detections, at_least):
    return [d for d in detections if d["class_id"] == found["class_id"] and iou(d["box"], found["box"]) >= at_least]


@pytest.mark.parametrize("name", STREETS)
def test_one_tile_is_no_tiles(name):
    plain = detect(DATA / "images" / name, score=0.2)["detections"]
    assert len(plain) > 10
    for options in (["--tiles", "1x1"], ["--tiles", "1x1", "--tiles-only"], ["--roi", "0,0,1,1"]):
        assert detect(DATA / "images" / name, *options, score=0.2)["detections"] == plain


@pytest.mark.parametrize("name", STREETS)
def test_a_region_is_its_crop_put_in_place(name, tmp_path):
    picture = Image.open(DATA / "images" / name).convert("RGB")
    width, height = picture.size
    top, left, bottom, right = height // 5, width // 9, height * 2 // 3, width - 13
    picture.crop((left, top, right, bottom)).save(tmp_path / "crop.png")
    Image.open(DATA / "images" / name).convert("RGB").save(tmp_path / "whole.png")
    crop = detect(tmp_path / "crop.png", score=0.3)["detections"]
    roi = ",".join(f"{edge:.7f}" for edge in (top / height, left / width, bottom / height, right / width))
    region = detect(tmp_path / "whole.png", "--roi", roi, score=0.3)["detections"]
    assert len(region) == len(crop) > 1
    scale = np.array([bottom - top, right - left] * 2)
    for got, want in zip(region, crop):
        assert (got["class_id"], got["score"]) == (want["class_id"], want["score"])
        placed = (np.array(want["box"]) * scale + [top, left, top, left]) / [height, width, height, width]
        np.testing.assert_allclose(got["box"], placed, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", STREETS)
def test_what_the_whole_shows_stays_once(name):
    plain = detect(DATA / "images" / name)["detections"]
    tiled = detect(DATA / "images" / name, "--tiles", "2x3")["detections"]
    scores = [d["score"] for d in tiled]
    assert scores == sorted(scores, reverse=True)
    for found in plain:
        assert matches(found, tiled, 0.5), found
    for i, found in enumerate(tiled):
        # The model itself keeps boxes up to an IoU of 0.6 apart.
        assert not matches(found, tiled[i + 1:], 0.6), found


def test_tiles_find_small_objects():
    small = lambda detections: [d for d in detections if d["box"][2] - d["box"][0] < 0.06]
    picture = DATA / "images/od_kites.jpg"
    plain = small(detect(picture, score=0.6)["detections"])
    tiled = small(detect(picture, "--tiles", "2x3", score=0.6)["detections"])
    assert len(tiled) >= len(plain) + 3


def test_people_cut_by_a_seam_are_put_together():
    """Four people taller than a tile's overlap, cut by the horizontal seam; of one the model sees
    no part that reaches the seam."""
    people = [d for d in detect(DATA / "images/peds_0.jpg", score=0.7)["detections"] if d["label"] == "person"]
    assert len(people) == 4
    tiles = detect(DATA / "images/peds_0.jpg", "--tiles", "2x3", "--tiles-only")["detections"]
    counts = [len(matches(person, tiles, 0.6)) for person in people]
    assert max(counts) == 1 and sum(counts) >= 3


def test_tiles_at_once_and_one_by_one_agree():
    options = ["--tiles", "2x2", "--roi", "0.1,0,0.8,1"]
    one = detect(DATA / "images/city_0.jpg", *options)["detections"]
    together = detect(DATA / "images/city_0.jpg", *options, "--tile-batch", "4")["detections"]
    assert len(one) == len(together) > 5
    for got, want in zip(together, one):
        assert got["class_id"] == want["class_id"] and abs(got["score"] - want["score"]) < 1e-4
        np.testing.assert_allclose(got["box"], want["box"], rtol=0, atol=1e-4)


def test_thresholds_of_classes_hold_for_tiles():
    options = ["--tiles", "2x3", "--class-score", "traffic light=0.3,car=0.7", "--classes", "traffic light,car"]
    found = detect(DATA / "images/city_0.jpg", *options, score=0.9)["detections"]
    lights = [d["score"] for d in found if d["label"] == "traffic light"]
    cars = [d["score"] for d in found if d["label"] == "car"]
    assert len(lights) + len(cars) == len(found)
    assert lights and min(lights) >= 0.3 and any(score < 0.7 for score in lights)
    assert cars and min(cars) >= 0.7


def test_times_are_those_of_all_tiles():
    picture = DATA / "images/city_0.jpg"
    times = [detect(picture, *options)["ms"] for options in ([], ["--tiles", "3x3"])]
    assert times[0].keys() == times[1].keys() == {"decode", "preprocess", "network", "postprocess"}
    assert times[1]["network"] > 3 * times[0]["network"]


def test_wrong_tiles_and_regions_are_status_2():
    picture = photographs()[0]
    for options in (["--tiles", "3"], ["--tiles", "0x2"], ["--tiles", "2x"], ["--tiles", "99x99"], ["--tiles", "-1x2"],
                    ["--tiles-only"], ["--tile-overlap", "0.95", "--tiles", "2x2"], ["--tile-batch", "-1"],
                    ["--roi", "0,0,1"], ["--roi", "0,0,1,1,1"], ["--roi", "0.5,0,0.5,1"], ["--roi", "0,0,1,1.5"],
                    ["--roi", "0,a,1,1"], ["--roi", "nan,0,1,1"]):
        result = thaw("detect", COCO, picture, *options, status=2)
        assert result.err.startswith("thaw: error: ") and options[0] in result.err, options
