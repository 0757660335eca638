"""Python processes that have this checkout's package."""

import importlib.util
import os
import subprocess
import sys

import pytest

from files import ROOT

# Nobody in the process can import TensorFlow.
WITHOUT_TENSORFLOW = "import sys\nsys.modules['tensorflow'] = None\n"
# Runs the script argv[1] with the arguments behind it.
RUN = "import runpy, sys\nsys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"


def python(code, *arguments, status=0, env=None):
    """What `code` printed, run with `arguments`."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "python"), **(env or {}))
    done = subprocess.run([sys.executable, "-c", code] + [str(a) for a in arguments],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, env=environment)
    assert done.returncode == status, "status {}\n{}\n{}".format(done.returncode, done.stdout,
                                                                 done.stderr)
    return done.stdout + done.stderr


def is_there(module):
    return importlib.util.find_spec(module) is not None


needs_tensorflow = pytest.mark.skipif(not is_there("tensorflow"), reason="no TensorFlow")
