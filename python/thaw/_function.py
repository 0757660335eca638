"""A model that is called as TensorFlow calls a signature of a SavedModel."""

import collections

from ._tensors import Shape, TensorSpec, as_tensor, dtype_of, is_tensorflow_tensor, tensorflow
from .errors import UsageError

# As TensorFlow's symbolic tensors are printed and asked: name, shape and dtype.
Endpoint = collections.namedtuple("Endpoint", ["name", "shape", "dtype", "key"])


def _endpoint(info):
    shape = None if info.shape is None else Shape(None if d in (None, -1) else d
                                                  for d in info.shape)
    return Endpoint(info.tensor, shape, dtype_of(info.dtype), info.name)


def _specs(endpoints):
    return {e.key: TensorSpec(e.shape, e.dtype, e.key) for e in endpoints}


class Function:
    """Takes the signature's inputs by position (in the order of `inputs`) or by name: numpy arrays,
    TensorFlow's tensors, or whatever an Engine takes; returns {name: tensor}.

    The results have .numpy(). They are TensorFlow's tensors where an input is one, arrays
    (numpy's, with .numpy()) otherwise. For any number of threads.

    Raises UsageError (a TypeError) for inputs that are missing, unknown or given twice, InputError
    (a ValueError) for those of another type or shape.
    """

    def __init__(self, engine, name="serving_default", graph=None):
        self._engine = engine
        self.name = name
        self.inputs = [_endpoint(info) for info in engine.inputs]
        self.outputs = sorted((_endpoint(info) for info in engine.outputs), key=lambda e: e.key)
        self.structured_input_signature = ((), _specs(self.inputs))
        self.structured_outputs = _specs(self.outputs)
        self.graph = graph

    @property
    def engine(self):
        """The thaw.Engine that does the work."""
        return self._engine

    def _named(self, args, kwargs):
        if len(args) > len(self.inputs):
            raise UsageError("%s takes %d inputs (%s), %d were given"
                             % (self.name, len(self.inputs),
                                ", ".join(e.key for e in self.inputs), len(args)))
        given = {endpoint.key: value for endpoint, value in zip(self.inputs, args)}
        for key, value in kwargs.items():
            if key in given:
                raise UsageError("%s: input %s was given by position and by name"
                                 % (self.name, key))
            given[key] = value
        return given

    def __call__(self, *args, **kwargs):
        given = self._named(args, kwargs)
        wanted = {e.key: e.dtype for e in self.inputs}
        for key, value in given.items():
            if isinstance(value, (list, tuple, int, float)) and key in wanted:
                given[key] = as_tensor(value, wanted[key])
        results = self._engine(**given)
        if any(is_tensorflow_tensor(value) for value in given.values()):
            make = tensorflow().convert_to_tensor
        else:
            make = as_tensor
        return {e.key: make(results[e.key]) for e in self.outputs}

    def __repr__(self):
        return "<thaw signature %s(%s) -> {%s}>" % (
            self.name, ", ".join(e.key for e in self.inputs),
            ", ".join(e.key for e in self.outputs))
