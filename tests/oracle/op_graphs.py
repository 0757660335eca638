"""The TensorFlow side of the op cases: their graphs, and what TensorFlow computes."""

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import rewriter_config_pb2
from tensorflow.python.framework import op_def_registry

from op_case import Constant

v1 = tf.compat.v1
# Cases in one Session.run: each run has a cost of its own, and a failing one is run case by case.
CHUNK = 40


class CaseGraph:
    """A graph, what is fed to it, and the names of its outputs."""

    def __init__(self):
        self.graph = graph_pb2.GraphDef()
        self.graph.versions.producer = tf.version.GRAPH_DEF_VERSION
        self.feeds = {}
        self.outputs = []


def _as_array(value):
    return value.value if isinstance(value, Constant) else value


def _tf_type(array):
    return tf.as_dtype("string" if array.dtype.kind in "OSU" else array.dtype)


def _set_attr(attr, kind, value):
    """Sets an attribute of the declared kind from a Python value."""
    if kind.startswith("list("):
        attr.list.SetInParent()
        for item in value:
            one = v1.AttrValue()
            _set_attr(one, kind[5:-1], item)
            field = one.WhichOneof("value")
            target = getattr(attr.list, field)
            if field in ("shape", "tensor", "func"):
                target.add().CopyFrom(getattr(one, field))
            else:
                target.append(getattr(one, field))
    elif kind == "type":
        attr.type = tf.as_dtype(value).as_datatype_enum
    elif kind == "int":
        attr.i = int(value)
    elif kind == "float":
        attr.f = float(value)
    elif kind == "bool":
        attr.b = bool(value)
    elif kind == "string":
        attr.s = value if isinstance(value, bytes) else value.encode()
    elif kind == "shape":
        attr.shape.CopyFrom(tf.TensorShape(value).as_proto())
    elif kind == "tensor":
        attr.tensor.CopyFrom(tf.make_tensor_proto(value))
    else:
        raise ValueError(f"attributes of kind {kind} are not known here")


def _infer_attrs(op, inputs):
    """The attributes that the inputs decide."""
    attrs = {}
    for arg, value in zip(op.input_arg, inputs, strict=True):
        arrays = [_as_array(v) for v in value] if isinstance(value, list) else [_as_array(value)]
        types = [_tf_type(a) for a in arrays]
        if arg.number_attr:
            attrs[arg.number_attr] = len(arrays)
        if arg.type_attr and types:
            attrs[arg.type_attr] = types[0]
        if arg.type_list_attr:
            attrs[arg.type_list_attr] = types
    return attrs


def _output_count(op, attrs):
    defaults = {a.name: a.default_value for a in op.attr}
    count = 0
    for arg in op.output_arg:
        if arg.number_attr:
            count += int(attrs[arg.number_attr] if arg.number_attr in attrs else defaults[arg.number_attr].i)
        elif arg.type_list_attr:
            count += len(attrs[arg.type_list_attr])
        else:
            count += 1
    return count


def one_node_graph(case, is_constant):
    """The case's node; is_constant(i) says whether its i-th tensor is a constant, not fed."""
    result = CaseGraph()
    result.graph.versions.producer = case.producer or tf.version.GRAPH_DEF_VERSION
    op = op_def_registry.get(case.ops[0])
    if op is None:
        raise ValueError(f"TensorFlow has no op {case.ops[0]}")
    attrs = {**_infer_attrs(op, case.inputs), **case.attrs}
    node = v1.NodeDef(name="op", op=op.name)
    flat = [v for value in case.inputs for v in (value if isinstance(value, list) else [value])]
    for i, value in enumerate(flat):
        array = _as_array(value)
        source = result.graph.node.add(name=f"x{i}")
        source.attr["dtype"].type = _tf_type(array).as_datatype_enum
        if isinstance(value, Constant) or is_constant(i):
            source.op = "Const"
            source.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array, _tf_type(array), array.shape))
        else:
            source.op = "Placeholder"
            shape = tf.TensorShape(array.shape if case.known_shapes else None)
            source.attr["shape"].shape.CopyFrom(shape.as_proto())
            result.feeds[source.name] = array
        node.input.append(source.name)
    kinds = {a.name: a.type for a in op.attr}
    for name, value in attrs.items():
        _set_attr(node.attr[name], kinds[name], value)
    result.graph.node.append(node)
    result.outputs = [f"op:{i}" for i in case.outputs or range(_output_count(op, attrs))]
    return result


class Builder:
    """What a graph case's function gets."""

    def __init__(self, constant):
        self.tf = tf
        self.v1 = v1
        self.feeds = {}
        self._constant = constant
        self._count = 0

    def feed(self, value, shape=None):
        array = np.asarray(value)
        name = f"x{self._count}"
        self._count += 1
        if self._constant:
            return tf.constant(array, _tf_type(array), name=name)
        self.feeds[name] = array
        return v1.placeholder(_tf_type(array), shape, name=name)


def built_graph(build, constant):
    """The graph that a graph case's function builds."""
    result = CaseGraph()
    builder = Builder(constant)
    with tf.Graph().as_default() as graph:
        outputs = build(builder)
        result.outputs = [t.name for t in outputs]
        result.graph = graph.as_graph_def()
    result.feeds = builder.feeds
    return result


def ops_of(graph):
    """All ops of a graph and its functions."""
    functions = [n.op for f in graph.library.function for n in f.node_def]
    return {n.op for n in graph.node} | set(functions)


def case_graph(case, mode):
    if mode == "oracle" and not case.build:
        return one_node_graph(case.oracle, lambda i: False)
    if case.build:
        return built_graph(case.oracle if mode == "oracle" and case.oracle else case.build, mode == "folded")
    return one_node_graph(case, {"folded": lambda i: True, "weights": lambda i: i > 0}.get(mode, lambda i: False))


def _config():
    config = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    config.graph_options.optimizer_options.opt_level = v1.OptimizerOptions.L0
    off = rewriter_config_pb2.RewriterConfig
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.rewrite_options.constant_folding = off.OFF
    return config


def _complaint(error):
    lines = str(getattr(error, "message", error)).split("\n")
    return " ".join(line for line in lines if line and "Graph execution error" not in line)[:400]


def _run_chunk(graphs):
    """For each graph its outputs or, as a string, TensorFlow's complaint."""
    results = [None] * len(graphs)
    fetches, feeds = {}, {}
    with tf.Graph().as_default():
        for i, g in enumerate(graphs):
            try:
                tf.import_graph_def(g.graph, name=f"c{i}")
            except Exception as error:  # noqa: BLE001: whatever TF raises is a refusal
                results[i] = _complaint(error)
                continue
            fetches[i] = [f"c{i}/{name}" for name in g.outputs]
            feeds[i] = {f"c{i}/{name}:0": array for name, array in g.feeds.items()}
        if not fetches:
            return results
        with v1.Session(config=_config()) as session:
            try:
                all_feeds = {name: array for f in feeds.values() for name, array in f.items()}
                for i, outputs in session.run(fetches, all_feeds).items():
                    results[i] = outputs
                return results
            # A complaint that quotes bytes is no text: a ValueError.
            except (tf.errors.OpError, ValueError, TypeError) as error:
                if len(fetches) == 1:
                    results[next(iter(fetches))] = _complaint(error)
                    return results
    # Halves, until what fails is alone.
    left = list(fetches)
    for part in (left[:len(left) // 2], left[len(left) // 2:]):
        for i, result in zip(part, _run_chunk([graphs[i] for i in part])):
            results[i] = result
    return results


def run_tensorflow(graphs):
    """For each CaseGraph a list of its outputs or a string: why TensorFlow refuses it."""
    results = []
    simple = [i for i, g in enumerate(graphs) if not g.graph.library.function]
    versions = {graphs[i].graph.versions.producer for i in simple}
    chunks = []
    for version in versions:
        same = [i for i in simple if graphs[i].graph.versions.producer == version]
        chunks += [same[i:i + CHUNK] for i in range(0, len(same), CHUNK)]
    chunks += [[i] for i in range(len(graphs)) if i not in set(simple)]
    by_index = {}
    for chunk in chunks:
        by_index.update(zip(chunk, _run_chunk([graphs[i] for i in chunk])))
    for i in range(len(graphs)):
        outputs = by_index[i]
        results.append(outputs if isinstance(outputs, str) else [np.asarray(o, object if isinstance(o, bytes) else None) for o in outputs])
    return results
