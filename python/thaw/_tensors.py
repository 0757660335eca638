"""Tensors as TensorFlow's scripts know them: arrays that have .numpy() and a shape with .as_list().
"""

import collections
import sys

import numpy as np


class Shape(tuple):
    """A shape of ints, None where an extent is open."""
    __slots__ = ()

    def as_list(self):
        return list(self)

    @property
    def rank(self):
        return len(self)

    @property
    def ndims(self):
        return len(self)

    @property
    def dims(self):
        return list(self)

    def is_fully_defined(self):
        return None not in self

    def num_elements(self):
        return int(np.prod(self, dtype=np.int64)) if self.is_fully_defined() else None


class TensorSpec(collections.namedtuple("TensorSpec", ["shape", "dtype", "name"])):
    """What is known of an input or output: a Shape (None: not even the rank is known), numpy's
    dtype and a name."""
    __slots__ = ()

    def __new__(cls, shape, dtype=np.float32, name=None):
        shape = None if shape is None else Shape(None if d in (None, -1) else int(d)
                                                 for d in shape)
        return super(TensorSpec, cls).__new__(cls, shape, np.dtype(dtype), name)


class Tensor(np.ndarray):
    """An array that also has what scripts ask of TensorFlow's eager tensors. It shares the memory
    of the array that it was made of."""

    def numpy(self):
        """The array itself, or a number where there is one alone."""
        plain = self.view(np.ndarray)
        return plain if plain.ndim else plain[()]

    @property
    def shape(self):
        return Shape(super(Tensor, self).shape)

    def get_shape(self):
        return self.shape

    def __getitem__(self, key):
        return as_tensor(super(Tensor, self).__getitem__(key))

    def __array_finalize__(self, other):
        pass

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return as_tensor(array)

    def __format__(self, spec):
        return format(self.numpy(), spec) if spec else str(self.numpy())


def as_tensor(value, dtype=None):
    """The Tensor of an array, a number, a list or anything that numpy makes an array of."""
    return np.asarray(value, dtype).view(Tensor)


def tensorflow():
    """TensorFlow, where this process has imported it."""
    return sys.modules.get("tensorflow")


def is_tensorflow_tensor(value):
    tf = tensorflow()
    return tf is not None and hasattr(tf, "is_tensor") and not isinstance(value, np.ndarray) and \
        bool(tf.is_tensor(value))


def dtype_of(name):
    """numpy's dtype of a thaw type's name; texts are objects."""
    return np.dtype({"string": "O", "bfloat16": "f4"}.get(name, name))
