"""Runs the built program as a user does, and knows where models and photographs are.

THAW_BIN is the program (default build/release/thaw), THAW_SHARED the folder with test data (default
../shared beside the repository).
"""

import atexit
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
THAW = os.environ.get("THAW_BIN", str(ROOT / "build/release/thaw"))
SHARED = pathlib.Path(os.environ.get("THAW_SHARED", ROOT.parent / "shared"))
DATA = SHARED / "data"
COCO = DATA / "models/ssd_mobilenet_v1_coco.pb"
COCO_LABELS = DATA / "models/mscoco_label_map.pbtxt"
TRAFFIC = DATA / "models/ssd_mobilenet_v1_traffic_360x640.pb"
MEASURE = pathlib.Path(__file__).with_name("measure.py")
OUTPUTS = ["num_detections", "detection_boxes", "detection_scores", "detection_classes"]

# Tuning keeps its timings here, not in the user's cache.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="thaw_tests_")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

needs_data = pytest.mark.skipif(not COCO.exists(), reason=f"no models in {DATA} (THAW_SHARED)")


@dataclasses.dataclass
class Result:
    status: int
    out: str
    err: str
    seconds: float  # of processors, so that other work on the machine doesn't count
    peak_bytes: int


def thaw(*arguments, status=0, stdin=subprocess.DEVNULL):
    """The program's result; fails unless it ends with `status` (None: any)."""
    command = [THAW, *map(str, arguments)]
    with tempfile.NamedTemporaryFile("r") as figures:
        done = subprocess.run([sys.executable, "-I", "-S", str(MEASURE), figures.name, *command], stdin=stdin,
                              capture_output=True)
        result = Result(out=done.stdout.decode(), err=done.stderr.decode(), **json.load(figures))
    if status is not None:
        assert result.status == status, f"{' '.join(command)}: {result.status}\n{result.out}\n{result.err}"
    return result


def run_model(model, inputs, *arguments):
    """Outputs of `thaw run` by name."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/in.npz", **inputs)
        thaw("run", model, "--inputs", f"{folder}/in.npz", "--outputs", f"{folder}/out.npz", *arguments)
        with np.load(f"{folder}/out.npz") as out:
            return {name: out[name] for name in out.files}


def pixels(path, size=None):
    """uint8 [height, width, 3] as PIL decodes it, without turning."""
    picture = Image.open(path).convert("RGB")
    return np.asarray(picture.resize(size) if size else picture)


def photographs():
    return sorted((DATA / "images").glob("*.jpg"))


# What docs/architecture.md promises of FP32: how far a score may be from TensorFlow's, and so how close two of
# TensorFlow's must be for their rows to change places.
SCORE_DIFFERENCE = 2e-6
TIE = 2 * SCORE_DIFFERENCE


def assert_same_detections(got, want, tolerance=1e-4):
    """The same detections in the same order; `want` as TensorFlow gave them, without a batch."""
    count = int(np.ravel(want["num_detections"])[0])
    assert int(np.ravel(got["num_detections"])[0]) == count
    scores, wanted = got["detection_scores"][:count], want["detection_scores"][:count]
    np.testing.assert_allclose(scores, wanted, rtol=0, atol=tolerance)
    order = same_order(got, want, count)
    np.testing.assert_array_equal(got["detection_classes"][order], want["detection_classes"][:count])
    np.testing.assert_allclose(got["detection_boxes"][order], want["detection_boxes"][:count], rtol=0, atol=tolerance)


def same_order(got, want, count, tie=TIE):
    """The row of `got` for each of `want`: the same row, but for rows whose scores are that close,
    which may stand in either order."""
    order, free = [], set(range(count))
    scores = want["detection_scores"]
    for row in range(count):
        near = [r for r in free if r == row or abs(float(scores[r]) - float(scores[row])) <= tie]
        far = lambda r: (got["detection_classes"][r] != want["detection_classes"][row],
                         np.abs(got["detection_boxes"][r] - want["detection_boxes"][row]).max(), abs(r - row))
        best = min(near, key=far, default=row)
        order.append(best)
        free.discard(best)
    return order


def batch_row(outputs, row):
    return {name: array[row] for name, array in outputs.items() if name in OUTPUTS}
