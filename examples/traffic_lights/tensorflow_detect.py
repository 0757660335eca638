"""TensorFlow's detections on a folder of pictures, written as `thaw detect --json` writes thaw's.

    python3 tensorflow_detect.py model/frozen_inference_graph.pb validation tensorflow.json
"""

import argparse
import json
import os
import re
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402
from PIL import Image  # noqa: E402

OUTPUTS = ("num_detections:0", "detection_boxes:0", "detection_scores:0", "detection_classes:0")


def read_labels(path):
    """{id: name} of a label map."""
    items = re.findall(r"id:\s*(\d+)\s*name:\s*['\"]([^'\"]+)['\"]", path.read_text())
    if not items:
        raise ValueError(f"{path}: expected items with an id and a name, found none")
    return {int(number): name for number, name in items}


def detections_of(outputs, labels):
    count, boxes, scores, classes = (o[0] for o in outputs)
    return [{"class_id": int(classes[i]), "label": labels[int(classes[i])], "score": float(scores[i]),
             "box": [float(v) for v in boxes[i]]} for i in range(int(count))]


def main():
    parser = argparse.ArgumentParser(description="TensorFlow's detections on a folder of pictures.")
    parser.add_argument("graph", type=Path)
    parser.add_argument("pictures", type=Path, help="a folder")
    parser.add_argument("out", type=Path)
    parser.add_argument("--labels", type=Path, default=Path(__file__).with_name("label_map.pbtxt"))
    options = parser.parse_args()
    labels = read_labels(options.labels)
    definition = tf.GraphDef()
    definition.ParseFromString(options.graph.read_bytes())
    images = []
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(definition, name="")
        for path in sorted(p for p in options.pictures.iterdir() if p.suffix in (".jpg", ".png")):
            pixels = np.asarray(Image.open(path).convert("RGB"))
            outputs = session.run(OUTPUTS, {"image_tensor:0": pixels[None]})
            images.append({"file": str(path), "width": pixels.shape[1], "height": pixels.shape[0],
                           "detections": detections_of(outputs, labels)})
    options.out.write_text(json.dumps({"model": str(options.graph), "images": images}) + "\n")


if __name__ == "__main__":
    main()
