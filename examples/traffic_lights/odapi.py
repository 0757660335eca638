"""Imports the TensorFlow Object Detection API of 2020 under TensorFlow 2.17, as TF1 code.

`load(wheel)` unpacks the wheel and puts it on the import path. Its modules are adapted as they are
read: their `tensorflow` is TensorFlow's v1 interface with control flow v1 and plain variables, so that
an exported graph has the loops (Enter, Switch, Merge ...) that TensorFlow 1 wrote; parts of tf.contrib
that an export never calls are placeholders.
"""

import importlib.machinery
import os
import re
import sys
import types
import zipfile
from pathlib import Path

# Both must be set before TensorFlow is imported: Keras 2, and protobuf that reads old *_pb2.py files.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

FACADE = "tensorflow1_facade"
# Lines keep their numbers: autograph reads the files as they lie on disk.
REWRITES = (
    (re.compile(rb"^([ \t]*)import tensorflow(?:\.compat\.v1)? as tf[ \t]*$", re.M),
     rb"\1from " + FACADE.encode() + b" import tf"),
    (re.compile(rb"outputs\.keys\(\)\s*\+"), b"list(outputs.keys()) +"),
    (re.compile(rb"inspect\.getargspec"), b"inspect.getfullargspec"),
    (re.compile(rb"\bnp\.(float|int|bool|object)\b(?!_)"), rb"\1"),
)


class _AdaptingLoader(importlib.machinery.SourceFileLoader):
    def get_data(self, path):
        data = super().get_data(path)
        if path.endswith(".py"):
            for pattern, replacement in REWRITES:
                data = pattern.sub(replacement, data)
        return data

    def _cache_bytecode(self, *_):
        """The adapted code is not what lies on disk: nothing is cached."""


class _Unused(types.ModuleType):
    """Has every attribute; none can be called."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Unused(f"{self.__name__}.{name}")

    def __call__(self, *_, **__):
        raise NotImplementedError(f"{self.__name__} is not there under TensorFlow 2")


class _ContribFinder:
    """Finds `tensorflow.contrib` and all below it."""

    @staticmethod
    def find_spec(name, _path=None, _target=None):
        if name == "tensorflow.contrib" or name.startswith("tensorflow.contrib."):
            return importlib.machinery.ModuleSpec(name, _ContribFinder, is_package=True)
        return None

    @staticmethod
    def create_module(spec):
        return _Unused(spec.name)

    @staticmethod
    def exec_module(_module):
        """There is nothing to run."""


def _make_facade():
    """The module whose `tf` the API's files import."""
    import tf_keras.src.legacy_tf_layers as legacy
    from tf_keras.src.legacy_tf_layers import base, convolutional, core, normalization, pooling
    sys.modules.setdefault("tf_keras.legacy_tf_layers", legacy)
    for module in (base, convolutional, core, normalization, pooling):
        sys.modules.setdefault("tf_keras.legacy_tf_layers." + module.__name__.rsplit(".", 1)[1], module)
    import tensorflow.compat.v1 as tf
    from tensorflow.python.framework import ops, tensor
    from tensorflow.python.ops import control_flow_ops
    tf.disable_v2_behavior()
    tf.disable_control_flow_v2()
    tf.logging.set_verbosity(tf.logging.ERROR)
    # Moved within TensorFlow since tf_slim was written.
    if not hasattr(ops, "Tensor"):
        ops.Tensor = tensor.Tensor
    for name in ("case", "cond", "while_loop", "no_op", "group", "tuple"):
        if not hasattr(control_flow_ops, name):
            setattr(control_flow_ops, name, getattr(tf, name))
    import tf_slim
    contrib = _Unused("tensorflow.contrib")
    contrib.slim = contrib.layers = tf_slim  # most of contrib.framework is in tf_slim too
    framework = _Unused("tensorflow.contrib.framework")
    vars(framework).update({name: getattr(tf_slim, name) for name in dir(tf_slim) if not name.startswith("_")})
    framework.is_tensor, framework.nest = tf.is_tensor, tf.nest
    contrib.framework = framework
    sys.modules["tensorflow.contrib"] = contrib
    sys.modules["tensorflow.contrib.slim"] = tf_slim
    tf.contrib = contrib
    facade = types.ModuleType(FACADE)
    facade.tf = tf
    sys.modules[FACADE] = facade
    return tf


def load(wheel, folder):
    """Unpacks the wheel below `folder` once, makes it importable and returns TensorFlow's v1 interface."""
    root = Path(folder) / Path(wheel).stem
    if not root.is_dir():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(root)
    hook = importlib.machinery.FileFinder.path_hook((_AdaptingLoader, [".py"]))

    def only_below_root(path):
        if not Path(path).is_relative_to(root):
            raise ImportError(path)
        return hook(path)

    sys.path_hooks.insert(0, only_below_root)
    sys.meta_path.insert(0, _ContribFinder)
    sys.path.insert(0, str(root))
    return _make_facade()
