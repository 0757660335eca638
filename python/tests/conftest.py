"""Finds the package, the test data and the test helpers of the repository."""

import os
import pathlib
import shutil
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
os.environ.setdefault("THAW_LIBRARY", str(ROOT / "build/release/src/libthaw.so"))

SHARED = pathlib.Path(os.environ.get("THAW_SHARED", str(ROOT.parent / "shared")))
COCO = SHARED / "data/models/ssd_mobilenet_v1_coco.pb"
COCO_LABELS = SHARED / "data/models/mscoco_label_map.pbtxt"
BUNDLED = ROOT / "examples/traffic_lights/model/frozen_inference_graph.pb"
BUNDLED_LABELS = ROOT / "examples/traffic_lights/label_map.pbtxt"
GRAPHS = ROOT / "tests/fuzz/graph_run_fuzz"


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own():
    """Tuning keeps its timings here, not in the user's cache."""
    if "XDG_CACHE_HOME" in os.environ and "thaw_tests" in os.environ["XDG_CACHE_HOME"]:
        yield
        return
    folder = tempfile.mkdtemp(prefix="thaw_tests_")
    os.environ["XDG_CACHE_HOME"] = folder
    yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def coco():
    if not COCO.exists():
        pytest.skip("no models in {} (THAW_SHARED)".format(SHARED / "data"))
    return COCO


@pytest.fixture(scope="session")
def bundled_engine():
    import thaw
    return thaw.optimize(str(BUNDLED), tune=False)
