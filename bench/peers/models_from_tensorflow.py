"""Makes the peers' models of a frozen graph, with TensorFlow's own tools and tf2onnx.

usage: models_from_tensorflow.py GRAPH.pb FOLDER BATCH IMAGE...

Writes to FOLDER, unless they are there:
  network.onnx          Preprocessor/sub:0 [batch, 3, height, width] to concat:0, concat_1:0 (NCHW, as ONNX engines have it)
  network_fp32.tflite, network_int8.tflite   the same in NHWC; INT8 with ranges from the photographs
  whole.onnx            the frozen graph as it is, from image_tensor:0 [batch, 720, 1280, 3]
  anchors.npy           centre y, centre x, height, width of each anchor
  network_input.npy, whole_input.npy, calibration.npy, expected.npz   photographs; TensorFlow's outputs of them
Runs in an environment with tensorflow-cpu, Pillow and, on PYTHONPATH, tf2onnx.
"""
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow.compat.v1 as tf

import inputs

NETWORK_INPUT, NETWORK_OUTPUTS = "Preprocessor/sub:0", ["concat:0", "concat_1:0"]
DETECTIONS = ["num_detections:0", "detection_boxes:0", "detection_scores:0", "detection_classes:0"]
CALIBRATION_PICTURES = 15


def read_graph(path):
    return tf.GraphDef.FromString(Path(path).read_bytes())


def network_size(graph_def, pixels):
    """Height and width of what the graph's preprocessor makes of these pixels."""
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        return session.run(NETWORK_INPUT, {"image_tensor:0": pixels[:1]}).shape[1:3]


def write_inputs(folder, graph_def, images, batch):
    pixels = inputs.image_batch(images, batch)
    size = network_size(graph_def, pixels)
    np.save(folder / "whole_input.npy", pixels)
    np.save(folder / "network_input.npy", inputs.network_batch(pixels, size))
    every = inputs.image_batch(images, CALIBRATION_PICTURES)
    np.save(folder / "calibration.npy", inputs.network_batch(every, size))


def write_expected(folder, graph_def):
    """TensorFlow's outputs, and the anchors, which are the decoded boxes of zero codes."""
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        codes, logits = session.run(NETWORK_OUTPUTS, {NETWORK_INPUT: np.load(folder / "network_input.npy")})
        pixels = np.load(folder / "whole_input.npy")
        count, boxes, scores, classes = session.run(DETECTIONS, {"image_tensor:0": pixels})
        corners = session.run("raw_detection_boxes:0", {"concat:0": np.zeros_like(codes), "image_tensor:0": pixels})[0]
    np.savez(folder / "expected.npz", codes=codes.reshape(len(codes), -1, 4), logits=logits, boxes=boxes, scores=scores,
             classes=classes, count=count)
    centre, extent = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    np.save(folder / "anchors.npy", np.concatenate([centre, extent], axis=1).astype(np.float32))


def write_onnx(path, graph_path, source, shape, outputs, channels_first):
    """tf2onnx's translation with a fixed input shape."""
    import onnx
    import tf2onnx
    from tf2onnx import tf_loader
    graph_def, _, _ = tf_loader.from_graphdef(str(graph_path), [source], outputs)
    model, _ = tf2onnx.convert.from_graph_def(
        graph_def, input_names=[source], output_names=outputs, opset=15, shape_override={source: list(shape)},
        inputs_as_nchw=[source] if channels_first else None)
    onnx.save(model, str(path))


def write_tflite(path, graph_path, shape, calibration):
    converter = tf.lite.TFLiteConverter.from_frozen_graph(
        str(graph_path), [NETWORK_INPUT.split(":")[0]], [name.split(":")[0] for name in NETWORK_OUTPUTS],
        input_shapes={NETWORK_INPUT.split(":")[0]: list(shape)})
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        batch = shape[0]
        rows = [calibration[(i + np.arange(batch)) % len(calibration)] for i in range(0, len(calibration), batch)]
        converter.representative_dataset = lambda: ([row] for row in rows)
    path.write_bytes(converter.convert())


def main():
    graph_path, folder, batch, images = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "anchors.npy").exists():
        graph_def = read_graph(graph_path)
        write_inputs(folder, graph_def, images, batch)
        write_expected(folder, graph_def)
    shape = np.load(folder / "network_input.npy", mmap_mode="r").shape
    calibration = np.load(folder / "calibration.npy")
    makers = {
        "network_fp32.tflite": lambda path: write_tflite(path, graph_path, shape, None),
        "network_int8.tflite": lambda path: write_tflite(path, graph_path, shape, calibration),
        "network.onnx": lambda path: write_onnx(path, graph_path, NETWORK_INPUT, shape, NETWORK_OUTPUTS, True),
        "whole.onnx": lambda path: write_onnx(path, graph_path, "image_tensor:0", (batch, 720, 1280, 3), DETECTIONS, False),
    }
    for name, make in makers.items():
        if not (folder / name).exists():
            print("making", folder / name, flush=True)
            make(folder / name)


if __name__ == "__main__":
    main()
