"""The stubs say what the code is, and the code is Python 3.6's."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest

from files import ROOT

PYTHON = ROOT / "python"


def needs(module):
    if importlib.util.find_spec(module) is None:
        pytest.skip("no {} here (tests/requirements.txt)".format(module))


def run(*arguments):
    code = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_module(sys.argv[0], run_name='__main__')"
    if arguments[0] == "vermin":
        code = "import sys; sys.argv = sys.argv[1:]; import vermin; vermin.main()"
    done = subprocess.run([sys.executable, "-c", code] + [str(a) for a in arguments], cwd=str(PYTHON),
                          env=dict(os.environ, MYPYPATH=str(PYTHON)), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode()


def test_the_package_runs_on_python_3_6():
    needs("vermin")
    files = sorted((PYTHON / "thaw").glob("**/*.py"))  # stubs are for type checkers alone
    status, out = run("vermin", "-t=3.6-", "--no-tips", "--eval-annotations", "-v", *files)
    assert status == 0, out


def test_the_check_for_python_3_6_can_fail(tmp_path):
    needs("vermin")
    (tmp_path / "newer.py").write_text("if (x := 1):\n    print(f'{x=}')\n")
    assert run("vermin", "-t=3.6-", tmp_path)[0] != 0


def test_stubs_are_those_of_the_code(tmp_path):
    needs("mypy")
    # Modules without a stub are no part of the interface, or have no types.
    modules = {path.stem for path in (PYTHON / "thaw").iterdir() if path.suffix != ".pyi"}
    modules -= {path.stem for path in (PYTHON / "thaw").glob("*.pyi")}
    (tmp_path / "ours").write_text("".join("thaw\\.{}\\..*\n".format(name) for name in modules))
    status, out = run("mypy.stubtest", "thaw", "--concise", "--ignore-missing-stub", "--ignore-unused-allowlist",
                      "--allowlist", tmp_path / "ours", "--mypy-config-file", "mypy.ini")
    assert status == 0, out


USE = """
import numpy as np
import thaw

engine = thaw.optimize("graph.pb", precision="FP16", shapes=[(1, 360, 640, 3)])
out = engine(image_tensor=np.zeros((1, 360, 640, 3), "u1"))
total: float = out["scores"].sum()
for d in thaw.Detector("fast", labels="label_map.pbtxt")("photo.jpg"):
    label: str = d.label
    ymin, xmin, ymax, xmax = d.box


async def main() -> None:
    scores = (await engine.infer_async(np.zeros(3)))["scores"]
    print(scores.shape)
"""


WRONG = """
thaw.optimize(7)
engine.nothing()
thaw.load("a").inputs[0].name + 1
"""


def test_programs_are_checked_by_the_stubs(tmp_path):
    needs("mypy")
    (tmp_path / "use.py").write_text(USE + WRONG)
    status, out = run("mypy", "--strict", "--config-file", "mypy.ini", "--cache-dir", tmp_path / "cache",
                      tmp_path / "use.py")
    first = len(USE.splitlines()) + 2
    found = re.findall(r"use.py:(\d+): error: .*\[(.+)\]$", out, re.M)
    assert found == [(str(first), "arg-type"), (str(first + 1), "attr-defined"),
                     (str(first + 2), "operator")], out
    assert status == 1
