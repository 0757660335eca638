"""Models that must be refused, each with words that the message has to contain.

cases(folder) writes them and yields (name, path, words).
"""

import pathlib
import struct

import numpy as np
from tensorflow.core.framework import graph_pb2, types_pb2
from tensorflow.core.protobuf import saved_model_pb2


def node(graph, name, op, inputs=(), **attributes):
    """Adds a node; attributes are python values or messages of AttrValue's fields."""
    new = graph.node.add(name=name, op=op, input=list(inputs))
    for key, value in attributes.items():
        attr = new.attr[key]
        if isinstance(value, bool):
            attr.b = value
        elif isinstance(value, str):
            attr.s = value.encode()
        elif isinstance(value, float):
            attr.f = value
        elif isinstance(value, list):
            attr.list.i.extend(value)
        elif isinstance(value, dict) and "type" in value:
            attr.type = value["type"]
        elif isinstance(value, dict):
            for dim in value["shape"]:
                attr.shape.dim.add(size=dim)
        else:
            attr.i = value
    return new


FLOAT = {"type": types_pb2.DT_FLOAT}
INT32 = {"type": types_pb2.DT_INT32}


def constant(graph, name, dims, content=None, splat=None, dtype=types_pb2.DT_FLOAT):
    new = graph.node.add(name=name, op="Const")
    new.attr["dtype"].type = dtype
    tensor = new.attr["value"].tensor
    tensor.dtype = dtype
    for dim in dims:
        tensor.tensor_shape.dim.add(size=dim)
    if content is not None:
        tensor.tensor_content = content
    if splat is not None:
        tensor.float_val.append(splat)


def good_graph():
    """x [?,8,8,3] through a convolution and a Relu; everything below is this with one thing broken."""
    graph = graph_pb2.GraphDef()
    graph.versions.producer = 27
    node(graph, "x", "Placeholder", dtype=FLOAT, shape={"shape": [-1, 8, 8, 3]})
    weights = np.linspace(-1, 1, 3 * 3 * 3 * 4, dtype=np.float32)
    constant(graph, "weights", [3, 3, 3, 4], weights.tobytes())
    node(graph, "conv", "Conv2D", ["x", "weights"], T=FLOAT, strides=[1, 2, 2, 1], padding="SAME")
    node(graph, "y", "Relu", ["conv"], T=FLOAT)
    return graph


def by_name(graph, name):
    return next(n for n in graph.node if n.name == name)


def broken_graphs():
    """Yields (name, GraphDef or bytes, words)."""
    g = good_graph()
    by_name(g, "conv").input[1] = "wieghts"
    yield "missing_input", g, ["conv", "wieghts"]

    g = good_graph()
    by_name(g, "y").input[0] = "conv:7"
    yield "missing_output_of_a_node", g, ["conv", "output 7"]

    g = good_graph()
    node(g, "conv", "Relu", ["x"], T=FLOAT)
    yield "duplicate_name", g, ["conv"]

    g = good_graph()
    by_name(g, "conv").input[0] = "y"
    yield "cycle", g, ["cycle"]

    g = good_graph()
    by_name(g, "weights").attr["value"].tensor.tensor_shape.dim[0].size = 1 << 40
    by_name(g, "weights").attr["value"].tensor.tensor_shape.dim[1].size = 1 << 40
    yield "shape_product_overflows", g, ["weights"]

    g = good_graph()
    by_name(g, "weights").attr["value"].tensor.tensor_shape.dim[0].size = -5
    yield "negative_dimension", g, ["weights"]

    g = good_graph()
    by_name(g, "weights").attr["value"].tensor.tensor_content = b"abc"
    yield "content_of_the_wrong_length", g, ["weights", "3"]

    g = good_graph()
    g.node.remove(by_name(g, "weights"))
    constant(g, "weights", [1000000, 1000000], splat=1.0)
    yield "constant_of_10_to_the_12_by_splat", g, ["weights"]

    g = good_graph()
    del by_name(g, "conv").attr["strides"].list.i[:]
    by_name(g, "conv").attr["strides"].f = 2.0
    yield "attribute_of_the_wrong_type", g, ["conv", "strides"]

    g = good_graph()
    del by_name(g, "conv").attr["strides"].list.i[2:]
    yield "attribute_of_the_wrong_length", g, ["conv", "strides"]

    g = good_graph()
    by_name(g, "conv").attr["strides"].list.i[1] = 0
    yield "zero_stride", g, ["conv", "stride"]

    g = good_graph()
    by_name(g, "conv").attr["padding"].s = b"SOMEHOW"
    yield "unknown_padding", g, ["conv", "padding"]

    g = good_graph()
    del by_name(g, "conv").attr["padding"]
    yield "missing_attribute", g, ["conv", "padding"]

    g = good_graph()
    by_name(g, "x").attr["dtype"].type = 77
    yield "unknown_dtype", g, ["x"]

    g = good_graph()
    constant(g, "wide", [3, 3, 5, 4], np.zeros(180, np.float32).tobytes())
    by_name(g, "conv").input[1] = "wide"
    yield "channels_that_do_not_fit", g, ["conv"]

    g = good_graph()
    node(g, "a", "FancyNewOp", ["y"], T=FLOAT)
    node(g, "b", "ReadFile", ["a"])
    yield "unknown_ops_all_named", g, ["FancyNewOp", "ReadFile"]

    g = good_graph()
    f = g.library.function.add()
    f.signature.name = "ouroboros"
    f.signature.input_arg.add(name="a", type=types_pb2.DT_FLOAT)
    f.signature.output_arg.add(name="r", type=types_pb2.DT_FLOAT)
    call = f.node_def.add(name="again", op="PartitionedCall", input=["a"])
    call.attr["f"].func.name = "ouroboros"
    call.attr["Tin"].list.type.append(types_pb2.DT_FLOAT)
    call.attr["Tout"].list.type.append(types_pb2.DT_FLOAT)
    f.ret["r"] = "again:output:0"
    top = g.node.add(name="top", op="PartitionedCall", input=["y"])
    top.attr["f"].func.name = "ouroboros"
    top.attr["Tin"].list.type.append(types_pb2.DT_FLOAT)
    top.attr["Tout"].list.type.append(types_pb2.DT_FLOAT)
    yield "recursive_function", g, ["ouroboros"]

    whole = good_graph().SerializeToString()
    claims = whole + b"\x0a" + b"\xff\xff\xff\xff\x07"  # one more node of 2 GiB
    yield "field_that_claims_2_gib", claims, ["2147483647"]

    deep = b""
    for _ in range(120):  # AttrValue.func.attr: a map entry holding an AttrValue ...
        entry = b"\x0a\x01a\x12" + varint(len(deep)) + deep
        func = b"\x12" + varint(len(entry)) + entry
        deep = b"\x52" + varint(len(func)) + func
    attr = b"\x0a\x01a\x12" + varint(len(deep)) + deep
    inner = b"\x0a\x01n\x12\x04Relu\x2a" + varint(len(attr)) + attr
    yield "nesting_past_100", b"\x0a" + varint(len(inner)) + inner, ["nest"]

    yield "empty", b"", ["empty"]
    yield "random_bytes", np.random.default_rng(1).bytes(4096), []
    yield "jpeg_called_pb", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(2000), ["JPEG"]
    yield "cut_in_the_middle", whole[:len(whole) // 2], []


def varint(value):
    out = b""
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def broken_saved_models(folder):
    """Yields (name, path, words) of folders made by breaking a SavedModel with variables."""
    import tensorflow as tf

    class Scale(tf.Module):
        def __init__(self):
            super().__init__()
            self.factor = tf.Variable(np.arange(256, dtype=np.float32))

        @tf.function(input_signature=[tf.TensorSpec([None, 256], tf.float32, name="x")])
        def __call__(self, x):
            return {"y": x * self.factor}

    def saved(name):
        path = folder / name
        tf.saved_model.save(Scale(), str(path))
        return path

    path = saved("no_saved_model_file")
    (path / "saved_model.pb").unlink()
    yield path.name, path, ["saved_model.pb"]

    path = saved("no_variables")
    for file in (path / "variables").iterdir():
        file.unlink()
    yield path.name, path, ["variables"]

    path = saved("no_shard")
    next((path / "variables").glob("*.data-*")).unlink()
    yield path.name, path, ["data-00000-of-00001"]

    path = saved("short_shard")
    shard = next((path / "variables").glob("*.data-*"))
    shard.write_bytes(shard.read_bytes()[:40])
    yield path.name, path, ["data-00000-of-00001"]

    path = saved("flipped_weight")
    shard = next((path / "variables").glob("*.data-*"))
    damaged = bytearray(shard.read_bytes())
    damaged[100] ^= 1
    shard.write_bytes(damaged)
    yield path.name, path, ["checksum"]

    path = saved("flipped_index")
    index = path / "variables/variables.index"
    damaged = bytearray(index.read_bytes())
    damaged[10] ^= 1
    index.write_bytes(damaged)
    yield path.name, path, ["variables.index"]

    path = saved("no_such_signature")
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((path / "saved_model.pb").read_bytes())
    del model.meta_graphs[0].signature_def["serving_default"]
    (path / "saved_model.pb").write_bytes(model.SerializeToString())
    yield path.name, path, []

    path = saved("signature_of_a_missing_tensor")
    model.ParseFromString((folder / "short_shard" / "saved_model.pb").read_bytes())
    signature = model.meta_graphs[0].signature_def["serving_default"]
    next(iter(signature.outputs.values())).name = "nowhere:0"
    (path / "saved_model.pb").write_bytes(model.SerializeToString())
    yield path.name, path, ["nowhere"]

    path = folder / "a_folder_without_a_model"
    path.mkdir()
    yield path.name, path, ["saved_model.pb"]

    path = folder / "folder_called.pb"
    path.mkdir()
    yield path.name, path, ["folder"]


def cases(folder):
    folder = pathlib.Path(folder)
    for name, graph, words in broken_graphs():
        path = folder / f"{name}.pb"
        path.write_bytes(graph if isinstance(graph, bytes) else graph.SerializeToString())
        yield name, path, words
    yield from broken_saved_models(folder)
    yield "not_there", folder / "not_there.pb", ["not_there.pb"]
