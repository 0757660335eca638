"""What scripts ask of tensorflow.python.compiler.tensorrt.utils and of TensorRT's version. There is no
TensorRT; the version that is told is one that scripts which check it go on with."""

import os

_TOLD = (8, 6, 1)


def is_tensorrt_enabled():
    """Whether models can be converted: always."""
    return True


def get_linked_tensorrt_version():
    return _TOLD


def get_loaded_tensorrt_version():
    return _TOLD


def version_tuple_to_string(ver_tuple):
    return ".".join(str(part) for part in ver_tuple)


def is_linked_tensorrt_version_greater_equal(major, minor=0, patch=0):
    return _TOLD >= (major, minor, patch)


def is_loaded_tensorrt_version_greater_equal(major, minor=0, patch=0):
    return _TOLD >= (major, minor, patch)


def is_experimental_feature_activated(feature_name):
    """Whether TF_TRT_EXPERIMENTAL_FEATURES names it; thaw has none of them."""
    return feature_name in os.environ.get("TF_TRT_EXPERIMENTAL_FEATURES", "").split(",")
