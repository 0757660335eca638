"""What holds for TensorFlow in all tests; it is read before anything loads it."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Eigen's kernels, which are TensorFlow's own on every processor.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
