"""thaw beside TensorFlow, PyTorch, ONNX Runtime and OpenCV in one process, whichever is imported
first: each runs something before and after thaw does."""

import textwrap

import pytest

from files import BUNDLED, ROOT
from process import is_there, python
from thaw._protobuf import bytes_field as b
from thaw._protobuf import number_field as n

# What each does, and checks.
USES = {
    "tensorflow": """
        def use_tensorflow():
            import tensorflow as tf
            graph = tf.compat.v1.GraphDef.FromString(FROZEN)
            def run(x):
                return tf.graph_util.import_graph_def(graph, {"image_tensor:0": x}, name="",
                                                      return_elements=["detection_scores:0"])
            f = tf.compat.v1.wrap_function(run, [tf.TensorSpec([1, None, None, 3], tf.uint8)])
            scores = f(tf.constant(PICTURE))[0].numpy()
            if SCORES is not None:
                assert abs(scores - SCORES).max() < 1e-4
        """,
    "torch": """
        def use_torch():
            import torch
            layer = torch.nn.Conv2d(3, 4, 3)
            assert layer(torch.zeros(1, 3, 8, 8)).shape == (1, 4, 6, 6)
            if SCORES is not None:
                out = ENGINE(torch.from_numpy(PICTURE))["detection_scores"]
                assert (torch.from_numpy(out).numpy() == SCORES).all()
        """,
    "onnxruntime": """
        def use_onnxruntime():
            import onnxruntime
            session = onnxruntime.InferenceSession(ONNX, providers=["CPUExecutionProvider"])
            x = np.ones((2, 3), "f4")
            assert (session.run(None, {"x": x})[0] == x + x).all()
        """,
    "cv2": """
        def use_cv2():
            import cv2
            encoded = cv2.imencode(".jpg", PICTURE[0])[1]
            decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
            assert decoded.shape == PICTURE[0].shape
            if SCORES is not None:
                net = cv2.dnn.blobFromImage(decoded, size=(8, 8))
                assert net.shape == (1, 3, 8, 8)
        """,
    "thaw": """
        def use_thaw():
            global ENGINE, SCORES
            import thaw
            ENGINE = thaw.optimize(FROZEN, tune=False)
            SCORES = ENGINE(PICTURE)["detection_scores"]
            assert thaw.Picture.of(sys.argv[3]).numpy().ndim == 3
        """,
}

PROGRAM = """
import sys
import numpy as np
FROZEN = open(sys.argv[1], "rb").read()
ONNX = open(sys.argv[2], "rb").read()
PICTURE = np.random.RandomState(0).randint(0, 256, (1, 120, 160, 3)).astype(np.uint8)
ENGINE = SCORES = None
"""

OTHERS = ["tensorflow", "torch", "onnxruntime", "cv2"]


def onnx_doubling():
    """y = x + x, x float32 [2, 3], as ONNX has it, by the numbers of its fields."""
    def value(name):
        dims = b(1, n(1, 2)) + b(1, n(1, 3))
        return b(1, name) + b(2, b(1, n(1, 1) + b(2, dims)))
    node = b(1, "x") + b(1, "x") + b(2, "y") + b(4, "Add")
    graph = b(1, node) + b(2, "g") + b(11, value("x")) + b(12, value("y"))
    return n(1, 8) + b(7, graph) + b(8, n(2, 13))


def run(order, folder):
    text = PROGRAM + "".join(textwrap.dedent(USES[name]) for name in order)
    # The import of thaw alone does not open its library.
    text += "".join("import %s\n" % name for name in order).replace(
        "import thaw\n", "import thaw\nthaw.devices()\n")
    text += "".join("use_%s()\n" % name for name in list(order) + list(reversed(order)))
    (folder / "doubling.onnx").write_bytes(onnx_doubling())
    python(text, BUNDLED, folder / "doubling.onnx", ROOT / "examples/traffic_lights/contact_sheet.jpg",
           env={"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "2"})


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("thaw_first", [True, False])
def test_either_order(other, thaw_first, tmp_path):
    if not is_there(other):
        pytest.skip("no " + other)
    run(["thaw", other] if thaw_first else [other, "thaw"], tmp_path)


@pytest.mark.parametrize("place", range(3))
def test_all_together(place, tmp_path):
    there = [other for other in OTHERS if is_there(other)]
    if len(there) < 2:
        pytest.skip("fewer than two of " + ", ".join(OTHERS))
    place = [0, len(there) // 2, len(there)][place]
    run(there[:place] + ["thaw"] + there[place:], tmp_path)
