"""The Python package of this checkout, with the library that was built in it."""

import os
import subprocess
import sys

import pytest

from program import ROOT

PACKAGE = ROOT / "python"
LIBRARY = ROOT / "build/release/src/libthaw.so"
needs_library = pytest.mark.skipif(not LIBRARY.exists(), reason=f"no {LIBRARY} (THAW_SHARED=OFF)")
sys.path.insert(0, str(PACKAGE))

# Nobody in the process that follows can import TensorFlow.
WITHOUT_TENSORFLOW = "import sys\nsys.modules['tensorflow'] = None\n"


def python(code, *arguments, status=0, env=None):
    """What `code` printed, run with `arguments` in a process of its own."""
    environment = dict(os.environ, PYTHONPATH=str(PACKAGE), **(env or {}))
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True,
                          env=environment, stdin=subprocess.DEVNULL)
    assert done.returncode == status, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
