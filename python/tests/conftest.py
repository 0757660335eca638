"""The package of this checkout, and the library that was built in it."""

import os
import shutil
import sys
import tempfile

import pytest

from files import BUNDLED, COCO, ROOT, SHARED

sys.path.insert(0, str(ROOT / "python"))
os.environ.setdefault("THAW_LIBRARY", str(ROOT / "build/release/src/libthaw.so"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


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
