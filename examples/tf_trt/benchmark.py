"""Times a SavedModel on batches of pictures of 360x640, as scripts for TF-TRT do.

    python benchmark.py saved_model_fp16
"""

import argparse
import time

import numpy as np

import thaw.tf as tf  # import tensorflow as tf
from thaw.saved_model import tag_constants  # from tensorflow.python.saved_model import tag_constants

parser = argparse.ArgumentParser(description="Times a SavedModel.")
parser.add_argument("saved_model_dir")
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--warmup", type=int, default=50)
parser.add_argument("--runs", type=int, default=1000)
args = parser.parse_args()

saved_model_loaded = tf.saved_model.load(args.saved_model_dir, tags=[tag_constants.SERVING])
infer = saved_model_loaded.signatures["serving_default"]
print(sorted(infer.structured_outputs))

pixels = np.random.RandomState(0).randint(0, 256, (args.batch, 360, 640, 3)).astype(np.uint8)
batch = tf.constant(pixels)

for i in range(args.warmup):
    detections = infer(batch)

elapsed = []
for i in range(1, args.runs + 1):
    start = time.time()
    detections = infer(batch)
    detections["num_detections"].numpy()
    elapsed.append(time.time() - start)
    if i % 50 == 0:
        print("Step {}: {:.1f}ms".format(i, np.mean(elapsed[-50:]) * 1000))

print("Detections: {:.0f}, best score {:.4f}".format(
    detections["num_detections"].numpy()[0], detections["detection_scores"].numpy().max()))
print("Throughput: {:.0f} images/s".format(args.runs * args.batch / np.sum(elapsed)))
