"""Wheels: what make_wheel.py writes installs and detects, and check_wheel.py tells what is wrong.

The library is that of the release build, which serves this machine alone; wheels of `./do wheel` are
checked too where there are some.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest
from program import ROOT, THAW

TOOLS = ROOT / "python/wheel"
LIBRARY = pathlib.Path(THAW).parent / "src/libthaw.so"
BUILT = sorted((ROOT / "build/wheels").glob("*.whl"))


def make_wheel(out, platform="linux_x86_64"):
    made = subprocess.run([sys.executable, TOOLS / "make_wheel.py", LIBRARY, platform, out], check=True,
                          capture_output=True, text=True)
    return pathlib.Path(made.stdout.strip())


def check_wheel(wheel):
    """Exit status and what was said."""
    done = subprocess.run([sys.executable, TOOLS / "check_wheel.py", wheel], capture_output=True, text=True)
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return make_wheel(tmp_path_factory.mktemp("wheel"))


def test_wheel_is_in_order(wheel):
    assert check_wheel(wheel)[0] == 0, check_wheel(wheel)[1]


def test_same_contents_give_the_same_bytes(wheel, tmp_path):
    assert make_wheel(tmp_path).read_bytes() == wheel.read_bytes()


def test_installed_wheel_detects(wheel, tmp_path):
    site = tmp_path / "site"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps",
                    "--disable-pip-version-check", "--target", site, wheel], check=True)
    environment = dict(os.environ, PYTHONPATH=str(site))
    environment.pop("THAW_LIBRARY", None)
    smoke = subprocess.run([sys.executable, TOOLS / "smoke.py", ROOT / "examples/traffic_lights", "3"],
                           env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert smoke.returncode == 0, smoke.stdout + smoke.stderr
    program = subprocess.run([site / "bin/thaw", "--version"], env=environment, check=True,
                             capture_output=True, text=True)
    assert program.stdout == subprocess.run([THAW, "--version"], check=True, capture_output=True,
                                            text=True).stdout


def test_library_for_one_machine_keeps_no_manylinux_promise(wheel, tmp_path):
    other = tmp_path / wheel.name.replace("linux_x86_64", "manylinux_2_27_x86_64")
    shutil.copy(wheel, other)
    status, text = check_wheel(other)
    assert status == 1
    assert "asks for glibc" in text and "needs lib" in text


def test_damage_is_found(wheel, tmp_path):
    other = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as before, zipfile.ZipFile(other, "w") as after:
        for name in before.namelist():
            if name != "thaw/py.typed":
                data = before.read(name)
                after.writestr(name, data + b"\n" if name == "thaw/__init__.py" else data)
    status, text = check_wheel(other)
    assert status == 1
    assert "thaw/__init__.py is not as RECORD says" in text
    assert "thaw/py.typed is not there" in text


@pytest.mark.skipif(not BUILT, reason="no wheels: ./do wheel builds them")
def test_built_wheels_are_in_order():
    for built in BUILT:
        assert check_wheel(built)[0] == 0, check_wheel(built)[1]
