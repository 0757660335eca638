"""What `thaw convert` writes loads in TensorFlow 2 and gives the frozen graph's outputs bit for bit."""

import os
import subprocess
import sys

import numpy as np
import pytest

from program import COCO, DATA, OUTPUTS, TRAFFIC, needs_data, pixels, run_model, thaw

pytestmark = needs_data
FACE = DATA / "models/opencv_face_detector_uint8.pb"
CLASSIFIER = DATA / "models/mobilenet_v1_0.25_128_quant_frozen.pb"


@pytest.fixture(scope="module")
def tf():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return pytest.importorskip("tensorflow")


def frozen_outputs(tf, path, feeds, fetches):
    graph_def = tf.compat.v1.GraphDef()
    graph_def.ParseFromString(path.read_bytes())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        with tf.compat.v1.Session(graph=graph) as session:
            return session.run(fetches, feeds)


def feed_of(path):
    """An input for the graph, by tensor name without :0."""
    if path in (COCO, TRAFFIC):
        return {"image_tensor": pixels(DATA / "images/od_dogs.jpg")[None]}
    size, name = (128, "input") if path == CLASSIFIER else (300, "data")
    picture = pixels(DATA / "images/cat_0.jpg", (size, size)).astype(np.float32)
    return {name: (picture if path == FACE else picture / 127.5 - 1)[None]}


@pytest.mark.parametrize("source", [COCO, TRAFFIC, CLASSIFIER, FACE], ids=lambda p: p.stem)
def test_saved_model_in_tensorflow(tf, tmp_path, source):
    saved = tmp_path / "saved"
    result = thaw("convert", source, saved)
    assert "bit for bit" in result.out, result.out
    function = tf.saved_model.load(str(saved)).signatures["serving_default"]
    feed = feed_of(source)
    got = {name: value.numpy() for name, value in function(**{n: tf.constant(v) for n, v in feed.items()}).items()}
    if source in (COCO, TRAFFIC):
        assert set(OUTPUTS) <= set(got)
    want = frozen_outputs(tf, source, {n + ":0": v for n, v in feed.items()}, {n: n + ":0" for n in got})
    for name in got:
        np.testing.assert_array_equal(got[name], want[name], err_msg=name)


def test_saved_model_cli_shows_it(tmp_path):
    thaw("convert", COCO, tmp_path / "saved")
    code = "from tensorflow.python.tools.saved_model_cli import main; main()"
    shown = subprocess.run([sys.executable, "-c", code, "show", "--dir", str(tmp_path / "saved"), "--all"],
                           capture_output=True, text=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    assert shown.returncode == 0, shown.stderr
    for text in ("'serve'", "signature_def['serving_default']", "inputs['image_tensor']", "DT_UINT8",
                 "outputs['num_detections']"):
        assert text in shown.stdout, shown.stdout


@pytest.mark.parametrize("source", [COCO, TRAFFIC], ids=lambda p: p.stem)
def test_there_and_back(tf, tmp_path, source):
    """Frozen -> SavedModel -> frozen: every form gives the same bits in thaw and in TensorFlow."""
    saved, frozen = tmp_path / "saved", tmp_path / "back.pb"
    thaw("convert", source, saved)
    thaw("convert", saved, frozen)
    feed = feed_of(source)
    want = run_model(source, feed)
    for form in (saved, frozen):
        got = run_model(form, feed)
        for name in OUTPUTS:
            np.testing.assert_array_equal(got[name], want[name], err_msg=f"{form}: {name}")
    feeds = {n + ":0": v for n, v in feed.items()}
    fetches = {n: n + ":0" for n in OUTPUTS}
    theirs, back = (frozen_outputs(tf, path, feeds, fetches) for path in (source, frozen))
    for name in OUTPUTS:
        np.testing.assert_array_equal(back[name], theirs[name], err_msg=name)


def test_chosen_outputs(tmp_path):
    thaw("convert", COCO, tmp_path / "saved", "--outputs", "detection_scores:0,num_detections:0")
    got = run_model(tmp_path / "saved", feed_of(COCO))
    assert sorted(got) == ["detection_scores", "num_detections"]


def test_text_form(tmp_path):
    thaw("convert", CLASSIFIER, tmp_path / "saved")
    thaw("convert", tmp_path / "saved", tmp_path / "text.pbtxt")
    feed = feed_of(CLASSIFIER)
    want, got = run_model(CLASSIFIER, feed), run_model(tmp_path / "text.pbtxt", feed)
    assert want and sorted(want) == sorted(got)
    for name in want:
        np.testing.assert_array_equal(got[name], want[name])


def test_destination_that_is_there(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "mine.txt").write_text("x")
    result = thaw("convert", COCO, tmp_path / "saved", status=None)
    assert result.status in (2, 3) and "saved" in result.err
    assert (tmp_path / "saved" / "mine.txt").exists()


def test_it_takes_less_than_a_second(tmp_path):
    assert min(thaw("convert", COCO, tmp_path / f"saved{i}").seconds for i in range(5)) < 1.0
