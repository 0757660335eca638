"""Makes the frozen graph of trained weights with the Object Detection API's own exporter.

    export.sh run model        (sets up Python and the API, then runs this)

Reads RUN/weights.npz and OUT/pipeline.config, writes OUT/frozen_inference_graph.pb and checks that
TensorFlow computes from RUN/reference.npz what PyTorch did.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import odapi  # before numpy and TensorFlow: it sets their environment

import numpy as np  # noqa: E402

LARGEST = 8_000_000  # bytes of the frozen graph
TOLERANCE = 1e-3
# Of the graph: raw outputs of the network and what is made of them.
BOX_CODES = "Postprocessor/raw_box_encodings:0"
BOXES = "raw_detection_boxes:0"
SCORES = "raw_detection_scores:0"


def parse_arguments():
    parser = argparse.ArgumentParser(description="Makes the frozen graph of trained weights.")
    parser.add_argument("run", type=Path, help="folder that train.py wrote")
    parser.add_argument("out", type=Path, help="folder with pipeline.config; the graph goes there")
    parser.add_argument("--wheel", type=Path, required=True, help="tf_object_detection-0.0.3-py3-none-any.whl")
    parser.add_argument("--cache", type=Path, required=True, help="folder to unpack the wheel in")
    return parser.parse_args()


def write_checkpoint(tf, values, path):
    with tf.Graph().as_default(), tf.Session() as session:
        variables = [tf.get_variable(name, initializer=tf.constant(value)) for name, value in values.items()]
        session.run(tf.global_variables_initializer())
        tf.train.Saver(variables).save(session, str(path), write_meta_graph=False)


def read_config(path):
    from google.protobuf import text_format
    from object_detection.protos import pipeline_pb2
    return text_format.Parse(path.read_text(), pipeline_pb2.TrainEvalPipelineConfig())


def export(tf, values, config, out):
    """Runs the API's exporter and keeps the frozen graph of what it writes."""
    from object_detection import exporter
    exporter.profile_inference_graph = lambda graph: None  # it prints through a part of tf.contrib
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "model.ckpt"
        write_checkpoint(tf, values, checkpoint)
        with tf.Graph().as_default():
            exporter.export_inference_graph("image_tensor", config, str(checkpoint), str(Path(folder) / "exported"))
        graph = out / "frozen_inference_graph.pb"
        shutil.copyfile(Path(folder) / "exported" / "frozen_inference_graph.pb", graph)
    return graph


def run_graph(tf, path, images, tensors):
    definition = tf.GraphDef()
    definition.ParseFromString(path.read_bytes())
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(definition, name="")
        return session.run(tensors, {"image_tensor:0": images})


def relative_difference(found, expected):
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def check(tf, graph, reference):
    """{quantity: difference of TensorFlow's from PyTorch's} as ||found - expected|| / ||expected||."""
    codes, boxes, scores = run_graph(tf, graph, reference["image"], [BOX_CODES, BOXES, SCORES])
    expected = 1 / (1 + np.exp(-reference["logits"].astype(np.float64)))
    return {"box codes": relative_difference(codes.reshape(reference["box_codes"].shape), reference["box_codes"]),
            "boxes": relative_difference(boxes, reference["boxes"]),
            "scores": relative_difference(scores, expected),
            "class scores": relative_difference(scores[..., 1:], expected[..., 1:])}


def main():
    options = parse_arguments()
    tf = odapi.load(options.wheel.resolve(), options.cache.resolve())
    with np.load(options.run / "weights.npz") as file:
        values = {name: file[name] for name in file.files}
    graph = export(tf, values, read_config(options.out / "pipeline.config"), options.out)
    size = graph.stat().st_size
    print(f"{graph}: {size} bytes, {sum(v.size for v in values.values())} weights")
    with np.load(options.run / "reference.npz") as reference:
        differences = check(tf, graph, reference)
    for name, difference in differences.items():
        print(f"{name}: TensorFlow differs from PyTorch by {difference:.1e} of their norm")
    if not max(differences.values()) < TOLERANCE:
        sys.exit(f"export.py: error: the graph does not compute what was trained, at most {TOLERANCE} is expected")
    if size >= LARGEST:
        sys.exit(f"export.py: error: {graph}: {size} bytes, under {LARGEST} are expected")


if __name__ == "__main__":
    main()
