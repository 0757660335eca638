"""Our COCO evaluation is pycocotools': the 12 lines, every precision and every recall of random cases.

All cases are evaluated by one run of build/release/tests/coco_cases; THAW_COCO_CASES sets how many.
"""

import contextlib
import io
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest

coco = pytest.importorskip("pycocotools.coco")
from pycocotools.cocoeval import COCOeval

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("THAW_COCO_CASES_BIN", ROOT / "build/release/tests/coco_cases"))
COUNT = int(os.environ.get("THAW_COCO_CASES", "400"))


def random_box(rng, grid):
    """Sizes of all three area classes; on a coarse grid many overlaps are equal or at a threshold."""
    side = 2.0 ** rng.uniform(1, 8.5, 2)
    corner = rng.uniform(0, 500, 2)
    box = np.concatenate([corner, side])
    return [float(v) for v in (np.maximum(np.round(box / grid), 1) * grid if grid else box)]


def near(rng, box, grid):
    x, y, w, h = box
    shift = rng.normal(0, rng.choice([0, 0.03, 0.12, 0.3]), 4)
    moved = [x + shift[0] * w, y + shift[1] * h, max(w * (1 + shift[2]), 0.5), max(h * (1 + shift[3]), 0.5)]
    return [float(round(v / grid) * grid if grid else v) for v in moved]


def random_case(rng):
    images = [int(i) for i in rng.permutation(40)[:rng.integers(1, 7)] + 1]
    categories = [int(i) for i in rng.permutation(90)[:rng.integers(1, 4)] + 1]
    grid = rng.choice([0, 0, 4, 16])
    levels = rng.choice([0, 3, 10])  # so few scores: many ties
    truth, found = [], []
    for image in images:
        for category in categories:
            for _ in range(rng.choice([0, 0, 1, 2, 5])):
                box = random_box(rng, grid)
                area = float(rng.choice([box[2] * box[3], box[2] * box[3] * 0.6, 32.0**2, 96.0**2]))
                truth.append({"id": len(truth) + 1, "image_id": image, "category_id": category, "bbox": box,
                              "area": area, "iscrowd": int(rng.random() < 0.15), "ignore": int(rng.random() < 0.1)})
            around = [t["bbox"] for t in truth if t["image_id"] == image]
            many = rng.random() < 0.02
            for _ in range(130 if many else rng.choice([0, 1, 3, 8, 14])):
                box = near(rng, around[rng.integers(len(around))], grid) if around and rng.random() < 0.8 \
                    else random_box(rng, grid)
                score = float(rng.integers(levels) / levels if levels else rng.random())
                found.append({"image_id": image, "category_id": category, "bbox": box, "score": score})
    found = [found[i] for i in rng.permutation(len(found))]
    return {"truth": {"images": [{"id": i, "file_name": f"{i}.jpg"} for i in images], "annotations": truth,
                      "categories": [{"id": c, "name": f"c{c}"} for c in categories]}, "detections": found}


def with_pycocotools(case):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = json.loads(json.dumps(case["truth"]))
        truth.createIndex()
        if case["detections"]:
            found = truth.loadRes(json.loads(json.dumps(case["detections"])))
        else:
            found = coco.COCO()
            found.dataset = {**truth.dataset, "annotations": []}
            found.createIndex()
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def with_thaw(cases, folder):
    (folder / "cases.json").write_text(json.dumps(cases))
    subprocess.run([PROGRAM, folder / "cases.json", folder / "results.json"], check=True)
    return json.loads((folder / "results.json").read_text())


def assert_equal(cases, folder):
    for number, (case, got) in enumerate(zip(cases, with_thaw(cases, folder), strict=True)):
        want = with_pycocotools(case)
        message = f"case {number}: {json.dumps(case)[:3000]}"
        np.testing.assert_allclose(got["stats"], want.stats, rtol=0, atol=1e-12, err_msg=message)
        for name in ("precision", "recall"):
            np.testing.assert_allclose(got[name], want.eval[name].ravel(), rtol=0, atol=1e-12, err_msg=message)


pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built")


def test_random_cases(tmp_path):
    rng = np.random.default_rng(7)
    cases = [random_case(rng) for _ in range(COUNT)]
    crowds = sum(t["iscrowd"] for c in cases for t in c["truth"]["annotations"])
    assert crowds > COUNT / 2, "the cases do not try crowds"
    assert_equal(cases, tmp_path)


def test_edges(tmp_path):
    """Nothing at all, nothing to find, nothing found, categories without objects, IoU at thresholds."""
    image = [{"id": 3, "file_name": "a"}]
    categories = [{"id": 9, "name": "x"}, {"id": 2, "name": "y"}]

    def case(annotations, detections):
        annotations = [{"id": i + 1, "image_id": 3, "category_id": 9, "iscrowd": 0, "area": a[2] * a[3], "bbox": a, **more}
                       for i, (a, more) in enumerate(annotations)]
        detections = [{"image_id": 3, "category_id": c, "bbox": b, "score": s} for b, c, s in detections]
        return {"truth": {"images": image, "annotations": annotations, "categories": categories},
                "detections": detections}

    ten = [0, 0, 10, 10]
    cases = [case([], []), case([], [(ten, 9, 0.5)]), case([(ten, {})], []), case([(ten, {})], [(ten, 2, 0.5)]),
             case([(ten, {})], [(ten, 9, 0.5)]), case([(ten, {"iscrowd": 1})], [(ten, 9, 0.5)] * 3),
             case([(ten, {}), (ten, {"iscrowd": 1})], [(ten, 9, 0.5)] * 3),
             case([([0, 0, 0, 0], {})], [([0, 0, 0, 0], 9, 0.5)]),
             case([([0, 0, 32, 32], {}), ([50, 50, 96, 96], {})], [([0, 0, 32, 32], 9, 1.0), ([50, 50, 96, 96], 9, 0.1)])]
    cases += [case([(ten, {})], [([0, 0, 10, 10 * t], 9, 0.5)]) for t in np.linspace(0.5, 1, 11)]
    assert_equal(cases, tmp_path)
