"""The names of TensorFlow that scripts of this job use, on thaw: `import thaw.tf as tf` where they say
`import tensorflow as tf`. It neither needs nor loads TensorFlow. What it has: saved_model, config,
experimental.tensorrt, io.gfile, tensors (constant, zeros, cast ...), types, and compat.v1 for frozen
graphs. docs/from_tf_trt.md lists it.
"""


import numpy as _np

from .. import config, experimental, saved_model
from .._tensors import Shape as TensorShape
from .._tensors import Tensor, TensorSpec, as_tensor
from . import io
from .compat import v1 as _v1
from . import compat

# The TensorFlow whose interface this follows; thaw's own version is thaw.__version__.
__version__ = "2.17.0"

float16, float32, float64 = (_np.dtype(name) for name in ("float16", "float32", "float64"))
int8, int16, int32, int64 = (_np.dtype(name) for name in ("int8", "int16", "int32", "int64"))
uint8, uint16, uint32, uint64 = (_np.dtype(name) for name in ("uint8", "uint16", "uint32", "uint64"))
bool = _np.dtype("bool")
string = _np.dtype("O")
newaxis = None

Graph = _v1.Graph
import_graph_def = _v1.import_graph_def


def convert_to_tensor(value, dtype=None, name=None):
    """An array that has .numpy(). Numbers of Python become int32 and float32, as in TensorFlow."""
    array = _np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if dtype is None and not isinstance(value, (_np.ndarray, _np.generic)) and \
            not hasattr(value, "numpy"):
        dtype = {"f": _np.float32, "i": _np.int32}.get(array.dtype.kind)
    return as_tensor(array, dtype)


def constant(value, dtype=None, shape=None, name=None):
    """convert_to_tensor; with `shape`, one value fills it."""
    made = convert_to_tensor(value, dtype)
    if shape is None:
        return made
    shape = tuple(shape)
    return as_tensor(_np.full(shape, made.numpy()) if made.size == 1 else made.reshape(shape))


def cast(x, dtype, name=None):
    return as_tensor(_np.asarray(x).astype(dtype))


def zeros(shape, dtype=float32, name=None):
    return as_tensor(_np.zeros(shape, dtype))


def ones(shape, dtype=float32, name=None):
    return as_tensor(_np.ones(shape, dtype))


def zeros_like(input, dtype=None, name=None):
    return as_tensor(_np.zeros_like(_np.asarray(input), dtype))


def expand_dims(input, axis, name=None):
    return as_tensor(_np.expand_dims(_np.asarray(input), axis))


def squeeze(input, axis=None, name=None):
    return as_tensor(_np.squeeze(_np.asarray(input), None if axis is None else axis))


def reshape(tensor, shape, name=None):
    return as_tensor(_np.reshape(_np.asarray(tensor), shape))


def stack(values, axis=0, name=None):
    return as_tensor(_np.stack([_np.asarray(v) for v in values], axis))


def concat(values, axis, name=None):
    return as_tensor(_np.concatenate([_np.asarray(v) for v in values], axis))


def shape(input, name=None):
    return as_tensor(_np.asarray(input).shape, _np.int32)


def is_tensor(x):
    return isinstance(x, Tensor)


def executing_eagerly():
    return True


def get_logger():
    """Python's logger "thaw"."""
    import logging
    return logging.getLogger("thaw")


class random:
    """tf.random: made-up inputs."""

    @staticmethod
    def set_seed(seed):
        _np.random.seed(seed)

    @staticmethod
    def uniform(shape, minval=0, maxval=None, dtype=float32, seed=None, name=None):
        state = _np.random if seed is None else _np.random.RandomState(seed)
        dtype = _np.dtype(dtype)
        if dtype.kind in "iu":
            if maxval is None:
                raise ValueError("uniform: maxval is needed for integers")
            return as_tensor(state.randint(minval, maxval, tuple(shape)).astype(dtype))
        return as_tensor(state.uniform(minval, 1 if maxval is None else maxval,
                                       tuple(shape)).astype(dtype))

    @staticmethod
    def normal(shape, mean=0.0, stddev=1.0, dtype=float32, seed=None, name=None):
        state = _np.random if seed is None else _np.random.RandomState(seed)
        return as_tensor(state.normal(mean, stddev, tuple(shape)).astype(dtype))


def function(func=None, **_):
    """tf.function: the function itself."""
    return func if func is not None else (lambda f: f)


class test:
    """tf.test: what scripts ask before they begin."""

    @staticmethod
    def is_gpu_available(*_args, **_kwargs):
        """Whether there is a device to run models on: always."""
        return True

    @staticmethod
    def is_built_with_cuda():
        return False

    @staticmethod
    def gpu_device_name():
        return "/device:GPU:0"


class device:
    """tf.device: a context that changes nothing, thaw has one device."""

    def __init__(self, name=None):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError("thaw.tf has no %r: it has what scripts that convert and run detectors use, "
                         "which docs/from_tf_trt.md lists; import tensorflow for the rest" % name)
