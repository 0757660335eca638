"""Converts a SavedModel to FP16 for batches of 16 pictures of 360x640, as scripts for TF-TRT do.

    python convert.py saved_model saved_model_fp16
"""

import argparse

import numpy as np

import thaw.tf as tf  # import tensorflow as tf
from thaw import trt_convert as trt  # from tensorflow.python.compiler.tensorrt import trt_convert as trt

parser = argparse.ArgumentParser(description="Converts a SavedModel to FP16.")
parser.add_argument("saved_model_dir")
parser.add_argument("output_dir")
parser.add_argument("--batch", type=int, default=16)
args = parser.parse_args()

gpus = tf.config.experimental.list_physical_devices("GPU")
tf.config.experimental.set_virtual_device_configuration(
    gpus[0], [tf.config.experimental.VirtualDeviceConfiguration(memory_limit=3072)])

conversion_params = trt.DEFAULT_TRT_CONVERSION_PARAMS._replace(
    precision_mode=trt.TrtPrecisionMode.FP16,
    max_workspace_size_bytes=1 << 26,
    maximum_cached_engines=1)
converter = trt.TrtGraphConverterV2(
    input_saved_model_dir=args.saved_model_dir,
    conversion_params=conversion_params)

converter.convert()
converter.summary()


def input_fn():
    batch = np.zeros((args.batch, 360, 640, 3), dtype=np.uint8)
    yield (batch,)


converter.build(input_fn=input_fn)
converter.save(output_saved_model_dir=args.output_dir)
print("Wrote {}".format(args.output_dir))
