"""The three scripts of examples/tf_trt: they are TensorFlow's but for their import lines, and run
with and without it."""

import re

import numpy as np
import pytest

from files import BUNDLED as FROZEN
from files import ROOT
from process import RUN, WITHOUT_TENSORFLOW, needs_tensorflow, python

SCRIPTS = ROOT / "examples/tf_trt"
# An import line, and behind it the one that it takes the place of.
IMPORT = re.compile(r"^(?:import thaw|from thaw).*?  # ((?:import|from) tensorflow.*)$", re.M)
# Kernels are not raced, which takes seconds.
QUICK = {"TF_TRT_FIXED_ALGORITHM_ID": "1"}


def script(name, *arguments, before=""):
    return python(before + RUN, SCRIPTS / name, *arguments, env=QUICK)


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tf_trt") / "saved_model"
    out = script("frozen_to_saved_model.py", FROZEN, folder, before=WITHOUT_TENSORFLOW)
    assert "  detection_boxes: detection_boxes:0\n" in out
    return folder


def check_benchmark(out, runs):
    steps = re.findall(r"^Step (\d+): \d+\.\dms$", out, re.M)
    assert steps == [str(step) for step in range(50, runs + 1, 50)]
    assert re.search(r"^Throughput: \d+ images/s$", out, re.M)
    return re.search(r"^Detections: .*$", out, re.M).group()


@pytest.mark.parametrize("before", [
    pytest.param(WITHOUT_TENSORFLOW, id="without"),
    pytest.param("import tensorflow\n", id="with", marks=needs_tensorflow)])
def test_convert_and_benchmark(before, saved_model, tmp_path):
    out = script("convert.py", saved_model, tmp_path / "fast", "--batch", 1, before=before)
    assert re.search(r"^TRTEngineOP Name +Device +# Nodes +# Inputs +# Outputs +Input DTypes +Output Dtypes "
                     r"+Input Shapes +Output Shapes", out, re.M)
    assert "\t- DepthwiseConv2dNative: 25x" in out
    assert "[*] Total number of TensorRT engines: 1\n" in out
    assert re.search(r"^\[\*\] % of OPs Converted: (9\d|100)\.\d\d% \[\d+/\d+\]$", out, re.M)
    plans = list((tmp_path / "fast/assets.extra/thaw").glob("*.plan"))
    assert len(plans) == 1, plans
    check_benchmark(script("benchmark.py", tmp_path / "fast", "--batch", 1, "--warmup", 1, "--runs", 50,
                           before=before), 50)


def in_tensorflow(name, folder):
    """A script as it was before its import lines were changed."""
    text = (SCRIPTS / name).read_text()
    original = IMPORT.sub(r"\1", text)
    assert "thaw" not in re.sub(r'""".*?"""', "", original, flags=re.S)
    changed = [(a, b) for a, b in zip(text.splitlines(), original.splitlines()) if a != b]
    assert changed and all(b.startswith(("import ", "from ")) for _, b in changed)
    path = folder / name
    path.write_text(original)
    return path


def test_only_import_lines_differ(tmp_path):
    for path in SCRIPTS.glob("*.py"):
        in_tensorflow(path.name, tmp_path)


@needs_tensorflow
def test_tensorflow_runs_the_same_scripts(saved_model, tmp_path):
    theirs = tmp_path / "saved_model"
    python(RUN, in_tensorflow("frozen_to_saved_model.py", tmp_path), FROZEN, theirs)
    import tensorflow as tf
    batch = np.random.RandomState(1).randint(0, 256, (1, 360, 640, 3)).astype(np.uint8)
    results = []
    for folder in (theirs, saved_model):
        infer = tf.saved_model.load(str(folder), tags=["serve"]).signatures["serving_default"]
        results.append({key: value.numpy() for key, value in infer(tf.constant(batch)).items()})
    assert sorted(results[0]) == sorted(results[1])
    for key, value in results[0].items():
        np.testing.assert_array_equal(results[1][key], value)

    arguments = ["--batch", 1, "--warmup", 1, "--runs", 50]
    detections = check_benchmark(python(RUN, in_tensorflow("benchmark.py", tmp_path), theirs, *arguments), 50)
    assert check_benchmark(script("benchmark.py", saved_model, *arguments), 50) == detections
