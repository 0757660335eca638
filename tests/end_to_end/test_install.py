"""An installed copy: examples build against it with find_package and pkg-config, and run."""

import os
import shutil
import subprocess

import pytest

from program import ROOT, THAW, thaw

BUILD = ROOT / "build/release"
MODEL = ROOT / "examples/traffic_lights/model/frozen_inference_graph.pb"
LABELS = ROOT / "examples/traffic_lights/label_map.pbtxt"
PICTURE = sorted((ROOT / "examples/traffic_lights/validation").glob("*.jpg"))[:1]

pytestmark = [pytest.mark.skipif(not (BUILD / "src/libthaw.so").exists(), reason="built with THAW_SHARED=OFF"),
              pytest.mark.skipif(not PICTURE, reason="no pictures of the bundled detector")]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Where thaw is installed; moved afterwards, for nothing in it may know where it is."""
    folder = tmp_path_factory.mktemp("install")
    run("cmake", "--install", BUILD, "--prefix", folder / "first")
    os.rename(folder / "first", folder / "moved")
    return folder / "moved"


def test_program_runs(prefix):
    assert run(prefix / "bin/thaw", "--version") == thaw("--version").out


def test_examples_with_find_package(prefix, tmp_path):
    run("cmake", "-S", ROOT / "examples", "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release",
        "-G", "Ninja")
    run("cmake", "--build", tmp_path)
    found = run(tmp_path / "detect_one", MODEL, PICTURE[0], LABELS)
    assert found == run(tmp_path / "detect_one_c", MODEL, PICTURE[0], LABELS)
    detected = thaw("detect", MODEL, PICTURE[0], "--labels", LABELS).out
    assert len(found.splitlines()) == (0 if "nothing" in detected else detected.count(", ") + 1)


def test_c_needs_no_other_package(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(mine LANGUAGES C)\nfind_package(thaw 0.1 REQUIRED)\n"
        "if(TARGET thaw::cxx)\n  message(FATAL_ERROR \"C++ was not asked for\")\nendif()\n"
        f"add_executable(mine {ROOT}/examples/detect_one.c)\ntarget_link_libraries(mine PRIVATE thaw::thaw)\n")
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}", "-G", "Ninja")
    run("cmake", "--build", tmp_path / "build")


def test_example_with_pkg_config(prefix, tmp_path):
    pkg_config = shutil.which("pkg-config")
    folder = next(prefix.rglob("thaw.pc")).parent
    environment = {**os.environ, "PKG_CONFIG_PATH": str(folder)}
    flags = run(pkg_config, "--cflags", "--libs", "thaw", env=environment).split()
    assert run(pkg_config, "--modversion", "thaw", env=environment).strip() in run(THAW, "--version")
    run("gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", ROOT / "examples/detect_one.c", *flags,
        "-o", tmp_path / "mine")
    environment["LD_LIBRARY_PATH"] = str(folder.parent)
    run(tmp_path / "mine", MODEL, PICTURE[0], LABELS, env=environment)
