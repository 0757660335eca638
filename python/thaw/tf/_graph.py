"""TensorFlow 1's graphs and sessions on thaw: a frozen graph is imported and run."""

import threading

from .. import _tensors
from .._graph_def import as_graph_def
from .._settings import default_options
from ..engine import optimize
from ..errors import UsageError
from ..model import load

_default = threading.local()


class Operation:
    """A node of a graph."""

    def __init__(self, graph, node, prefix):
        self.graph, self.type, self.node_def = graph, node.op, node
        self.name = prefix + node.name

    @property
    def outputs(self):
        return [SymbolicTensor(self.graph, self, 0)]

    def __repr__(self):
        return "<Operation %r type=%s>" % (self.name, self.type)


class SymbolicTensor:
    """A tensor of a graph: name, op, graph; dtype and shape where the graph tells them."""

    def __init__(self, graph, op, index):
        self.graph, self.op, self.value_index = graph, op, index
        self.name = "%s:%d" % (op.name, index)

    def _info(self):
        return self.graph.infos([self])[0]

    @property
    def dtype(self):
        return _tensors.dtype_of(self._info().dtype)

    @property
    def shape(self):
        shape = self._info().shape
        return None if shape is None else _tensors.Shape(shape)

    def get_shape(self):
        return self.shape

    def __repr__(self):
        return "<Tensor %r>" % self.name


class Graph:
    """Holds one imported graph."""

    def __init__(self):
        self._definition = None
        self._prefix = ""
        self._operations = {}
        self._engines = {}

    def import_graph_def(self, definition, name=None):
        if self._definition is not None:
            raise UsageError("this graph has an imported graph already; thaw runs one: "
                             "import the other into a tf.Graph() of its own")
        self._definition = as_graph_def(definition)
        name = "import" if name is None else name
        self._prefix = name + "/" if name else ""
        for node in self._definition.node:
            self._operations[self._prefix + node.name] = Operation(self, node, self._prefix)

    def as_default(self):
        return _AsDefault(self)

    def as_graph_def(self, add_shapes=False):
        return as_graph_def(b"") if self._definition is None else self._definition

    def get_operations(self):
        return list(self._operations.values())

    def get_operation_by_name(self, name):
        if name not in self._operations:
            raise KeyError("the graph has no operation %r" % (name,))
        return self._operations[name]

    def get_tensor_by_name(self, name):
        """Raises ValueError for a name without ":0", KeyError for one that is not there."""
        op, colon, index = str(name).rpartition(":")
        if not colon or not index.isdigit():
            raise ValueError("%r names no tensor: 'operation:0' was expected" % (name,))
        return SymbolicTensor(self, self.get_operation_by_name(op), int(index))

    def as_graph_element(self, thing):
        if isinstance(thing, SymbolicTensor):
            return thing
        if isinstance(thing, Operation):
            return thing.outputs[0]
        name = thing if ":" in str(thing) else "%s:0" % thing
        return self.get_tensor_by_name(name)

    def finalize(self):
        """Nothing to do: an imported graph does not change."""

    def model_name(self, tensor):
        """A tensor's name in the graph that was imported."""
        return tensor.name[len(self._prefix):]

    def infos(self, outputs, inputs=None):
        """The TensorInfos of tensors, the inputs' behind the outputs'."""
        model = self._model(outputs, inputs)
        by_tensor = {i.tensor: i for i in list(model.inputs) + list(model.outputs)}
        return [by_tensor[self.model_name(t)] for t in list(outputs) + list(inputs or [])]

    def _model(self, outputs, inputs):
        if self._definition is None:
            raise UsageError("the graph is empty: tf.import_graph_def() comes first")
        return load(self._definition.SerializeToString(),
                    outputs=[self.model_name(t) for t in outputs],
                    inputs=[self.model_name(t) for t in inputs] if inputs else None)

    def run(self, fetches, feeds):
        """Values of the tensors `fetches`, given {tensor: value}."""
        names = tuple(self.model_name(t) for t in fetches)
        fed = {self.model_name(t): value for t, value in feeds.items()}
        key = (tuple(sorted(set(names))), tuple(sorted(fed)))
        if key not in self._engines:
            model = self._model(_unique(fetches), list(feeds))
            options = default_options(tune=False)
            options.update(self._definition.engine_options)
            self._engines[key] = optimize(model, calibrate=self._definition.calibration, **options)
        engine = self._engines[key]
        results = engine(fed)
        by_tensor = {info.tensor: results[info.name] for info in engine.outputs}
        return [by_tensor[name] for name in names]


def _unique(tensors):
    return list({t.name: t for t in tensors}.values())


class _AsDefault:
    def __init__(self, graph):
        self._graph = graph

    def __enter__(self):
        _stack().append(self._graph)
        return self._graph

    def __exit__(self, *_):
        _stack().pop()


def _stack():
    if not hasattr(_default, "stack"):
        _default.stack = [Graph()]
    return _default.stack


def get_default_graph():
    return _stack()[-1]


def reset_default_graph():
    _default.stack = [Graph()]


def import_graph_def(graph_def, input_map=None, return_elements=None, name=None,
                     op_dict=None, producer_op_list=None):
    """Imports a frozen graph into the default graph, which must be empty; returns `return_elements`.

    Raises UsageError for a second graph and for input_map, InputError for what is no graph."""
    if input_map:
        raise UsageError("import_graph_def: input_map was given; feed the tensor by feed_dict")
    graph = get_default_graph()
    graph.import_graph_def(graph_def, name)
    if return_elements is None:
        return None
    return [graph.get_tensor_by_name(graph._prefix + e) if ":" in e
            else graph.get_operation_by_name(graph._prefix + e) for e in return_elements]


class Session:
    """Runs tensors of a graph on thaw. `config` is a ConfigProto."""

    def __init__(self, target="", graph=None, config=None):
        self.graph = graph if graph is not None else get_default_graph()
        if config is not None:
            config.apply()

    def __enter__(self):
        _stack().append(self.graph)
        return self

    def __exit__(self, *_):
        _stack().pop()

    def as_default(self):
        return self

    def close(self):
        """Nothing to do."""

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        """Values of tensors, named or as they are: one, or a list, tuple or dict of them.

        Raises KeyError or ValueError for names that are not there, InputError for values that don't
        fit."""
        wanted = []
        shape = self._collect(fetches, wanted)
        feeds = {self.graph.as_graph_element(t): v for t, v in (feed_dict or {}).items()}
        return _fill(shape, self.graph.run(wanted, feeds) if wanted else [])

    def _collect(self, fetches, wanted):
        """`fetches` with the place in `wanted` for each tensor; operations give nothing."""
        if isinstance(fetches, dict):
            return {key: self._collect(value, wanted) for key, value in fetches.items()}
        if isinstance(fetches, (list, tuple)):
            kept = [self._collect(value, wanted) for value in fetches]
            return kept if isinstance(fetches, list) else tuple(kept)
        if isinstance(fetches, Operation):
            return None
        wanted.append(self.graph.as_graph_element(fetches))
        return len(wanted) - 1


def _fill(shape, values):
    if isinstance(shape, dict):
        return {key: _fill(value, values) for key, value in shape.items()}
    if isinstance(shape, (list, tuple)):
        return type(shape)(_fill(value, values) for value in shape)
    return None if shape is None else values[shape]
