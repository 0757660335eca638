"""The commands as functions, the command line program as a module, devices, the version."""

import os
import re
import subprocess
import sys

import pytest

import graphs
import thaw
from files import BUNDLED, BUNDLED_LABELS, ROOT

SCENES = ROOT / "examples/traffic_lights/validation"


def module(*arguments):
    return subprocess.run([sys.executable, "-m", "thaw"] + [str(a) for a in arguments],
                          env=dict(os.environ, PYTHONPATH=str(ROOT / "python")), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def test_the_program_as_a_module():
    done = module("--version")
    assert (done.returncode, done.stdout.decode()) == (0, "thaw {}\n".format(thaw.__version__))
    done = module("inspect", "nothing.pb")
    assert done.returncode == 3 and b"thaw: error: nothing.pb" in done.stderr
    assert module().returncode == 2


def test_the_version_is_the_librarys():
    cmake = (ROOT / "CMakeLists.txt").read_text()
    assert re.search(r"project\(thaw VERSION (\S+)", cmake).group(1) == thaw.__version__


def test_inspect():
    document = thaw.inspect(BUNDLED, shape=(1, 96, 96, 3))
    assert document["kind"] == "frozen graph" and document["macs"] > 0
    assert document["inputs"][0]["name"] == "image_tensor"
    model = thaw.load(BUNDLED, outputs=["detection_scores:0"])
    assert thaw.inspect(model)["model"] == str(BUNDLED)


def test_convert(tmp_path):
    source = tmp_path / "adding.pbtxt"
    source.write_text(graphs.adding())
    assert thaw.convert(source, tmp_path / "saved")
    assert {o.name for o in thaw.load(tmp_path / "saved").outputs} == {"total", "twice"}
    with pytest.raises(thaw.UsageError, match="saved"):
        thaw.convert(source, tmp_path / "saved")
    thaw.convert(source, tmp_path / "saved", overwrite=True, outputs="twice:0")
    assert [o.name for o in thaw.load(tmp_path / "saved").outputs] == ["twice"]


def test_bench_and_summary():
    engine = thaw.optimize(str(BUNDLED), threads=1, precision="BF16", tune=False)
    document = thaw.bench(engine, warmup=1, runs=3, shape=(1, 96, 96, 3))
    assert (document["runs"], document["threads"], document["precision"]) == (3, 1, "BF16")
    assert document["ms"]["min"] <= document["ms"]["p50"]
    assert thaw.summary(BUNDLED, shape=[(1, 96, 96, 3)])["plans"]


def test_compare(tmp_path):
    document = thaw.compare(BUNDLED, BUNDLED, images=SCENES / "10000000.jpg", labels=BUNDLED_LABELS,
                            b_precision="BF16", max_score_change=0.0)
    assert document["total"]["pictures"] == 1 and document["b"]["precision"] == "BF16"
    assert [gate["passed"] for gate in document["gates"]] == [False]


@pytest.mark.parametrize("call, kind, words", [
    (lambda: thaw.inspect("nothing.pb"), thaw.InputError, "nothing.pb"),
    (lambda: thaw.bench(BUNDLED, nothing=1), thaw.UsageError, "--nothing"),
    (lambda: thaw.bench(BUNDLED, device="cuda"), thaw.ResourceError, "cuda"),
    (lambda: thaw.inspect(graphs.load(graphs.adding())), thaw.UsageError, "from bytes")])
def test_errors(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_a_detectors_program_needs_no_numpy():
    """It takes longer to load than the detector."""
    code = ("import sys, thaw\n"
            "found = thaw.Detector({!r})({!r})\n"
            "assert found and found[0].to_dict() and found.to_coco(1)\n"
            "assert 'numpy' not in sys.modules, 'numpy'\n"
            "assert set(thaw.__all__) <= set(dir(thaw))\n"
            "for name in thaw.__all__: getattr(thaw, name)\n"
            "from thaw import *\n"
            "assert Detector is thaw.Detector and not hasattr(thaw, 'nothing')\n").format(
                str(BUNDLED), str(SCENES / "10000000.jpg"))
    subprocess.run([sys.executable, "-c", code], env=dict(os.environ, PYTHONPATH=str(ROOT / "python")), check=True)


def test_devices():
    found = thaw.devices()
    assert found[0].name == "cpu" and found[0].memory > 0 and "FP32" in found[0].fast
    assert thaw.optimize(graphs.load(graphs.adding()), device=found[0].name, tune=False).device == "cpu"
