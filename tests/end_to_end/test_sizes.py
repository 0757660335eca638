"""Sizes that no memory holds, in 64 bits or past them, from constants and from what is fed: status 3 or 4
and a line that names the node, whatever the op. Budgets of strings, and of time for graphs without end."""

import resource
import subprocess

import numpy as np
import pytest

from program import THAW, thaw

pytest.importorskip("tensorflow")
from bad_models import FLOAT, INT32, node
from tensorflow.core.framework import graph_pb2, types_pb2

INT64 = {"type": types_pb2.DT_INT64}
STRING = {"type": types_pb2.DT_STRING}
BOOL = {"type": types_pb2.DT_BOOL}
MOST_BYTES = 4 << 30  # of address space
TYPES = {np.dtype(np.int64): INT64, np.dtype(np.int32): INT32, np.dtype(np.float32): FLOAT}


def array(graph, name, values, dtype=np.int64):
    values = np.asarray(values, dtype)
    new = graph.node.add(name=name, op="Const")
    new.attr["dtype"].type = TYPES[values.dtype]["type"]
    tensor = new.attr["value"].tensor
    tensor.dtype = TYPES[values.dtype]["type"]
    tensor.tensor_content = values.tobytes()
    for extent in values.shape:
        tensor.tensor_shape.dim.add(size=extent)


def texts(graph, name, values, dims):
    new = graph.node.add(name=name, op="Const")
    new.attr["dtype"].type = types_pb2.DT_STRING
    tensor = new.attr["value"].tensor
    tensor.dtype = types_pb2.DT_STRING
    tensor.string_val.extend(values)
    for extent in dims:
        tensor.tensor_shape.dim.add(size=extent)


# By name: the op's inputs (x: float32 [1], picture: float32 [1,2,2,1], or a constant), which of them is the
# size, its values, and attributes.
SIZES = {
    "Tile": ("Tile", ["x", "size"], [1 << 62], {"T": FLOAT, "Tmultiples": INT64}),
    "Tile_of_square": ("Tile", ["picture", "size"], [1, 1 << 31, 1 << 31, 1], {"T": FLOAT, "Tmultiples": INT64}),
    "Tile_of_a_terabyte": ("Tile", ["x", "size"], [1 << 38], {"T": FLOAT, "Tmultiples": INT64}),
    "Tile_of_strings": ("Tile", ["text", "size"], [1 << 59], {"T": STRING, "Tmultiples": INT64}),
    "Tile_beside_nothing": ("Tile", ["picture", "size"], [0, 1 << 40, 1 << 40, 1], {"T": FLOAT, "Tmultiples": INT64}),
    "Pad": ("Pad", ["x", "size"], [[1 << 61, 1 << 61]], {"T": FLOAT, "Tpaddings": INT64}),
    "PadV2": ("PadV2", ["x", "size", "one"], [[0, (1 << 62) - 1]], {"T": FLOAT, "Tpaddings": INT64}),
    "Pad_past_64_bits": ("Pad", ["x", "size"], [[(1 << 63) - 1, 1]], {"T": FLOAT, "Tpaddings": INT64}),
    "BroadcastTo": ("BroadcastTo", ["x", "size"], [1 << 62], {"T": FLOAT, "Tidx": INT64}),
    "BroadcastTo_of_rank_2": ("BroadcastTo", ["x", "size"], [1 << 31, 1 << 31], {"T": FLOAT, "Tidx": INT64}),
    "Fill": ("Fill", ["size", "one"], [1 << 62], {"T": FLOAT, "index_type": INT64}),
    "Fill_of_strings": ("Fill", ["size", "word"], [1 << 60], {"T": STRING, "index_type": INT64}),
    "Fill_of_long_strings": ("Fill", ["size", "word"], [1 << 16, 1 << 5], {"T": STRING, "index_type": INT64}),
    "ScatterNd": ("ScatterNd", ["index", "x", "size"], [1 << 62], {"T": FLOAT, "Tindices": INT64}),
    "Range": ("Range", ["zero", "size", "step"], 1 << 61, {"Tidx": INT64}),
    "Reshape": ("Reshape", ["x", "size"], [1 << 62, 4], {"T": FLOAT, "Tshape": INT64}),
    "SpaceToBatchND": ("SpaceToBatchND", ["picture", "block", "size"], [[1 << 61, (1 << 61) - 2], [0, 0]],
                       {"T": FLOAT, "Tblock_shape": INT64, "Tpaddings": INT64}),
}
INT32_SIZES = {
    "ResizeBilinear": ("ResizeBilinear", ["picture", "size"], [2**31 - 1, 2**31 - 1], {"T": FLOAT}),
    "ResizeNearestNeighbor": ("ResizeNearestNeighbor", ["picture", "size"], [2**31 - 1, 2**31 - 1], {"T": FLOAT}),
    "CropAndResize": ("CropAndResize", ["picture", "boxes", "box_index", "size"], [2**31 - 1, 2**31 - 1], {"T": FLOAT}),
    "OneHot": ("OneHot", ["index", "size", "one", "one"], 2**31 - 1, {"T": FLOAT, "TI": INT64}),
    "TensorListReserve": ("TensorListReserve", ["any_shape", "size"], 2**31 - 1,
                          {"element_dtype": FLOAT, "shape_type": INT32}),
}


def sized_graph(case, dtype, fed):
    op, inputs, size, attributes = case
    graph = graph_pb2.GraphDef()
    graph.versions.producer = 27
    node(graph, "x", "Placeholder", dtype=FLOAT, shape={"shape": [1]})
    array(graph, "one", 1, np.float32)
    array(graph, "picture_shape", [1, 2, 2, 1])
    array(graph, "four", [4])
    node(graph, "four_x", "Tile", ["x", "four"], T=FLOAT, Tmultiples=INT64)
    node(graph, "picture", "Reshape", ["four_x", "picture_shape"], T=FLOAT, Tshape=INT64)
    array(graph, "index", [[0]])
    array(graph, "zero", 0)
    array(graph, "step", 1)
    array(graph, "block", [2, 2])
    array(graph, "boxes", [[0, 0, 1, 1]], np.float32)
    array(graph, "box_index", [0], np.int32)
    array(graph, "any_shape", [1], np.int32)
    texts(graph, "text", [b"text"], [1])
    texts(graph, "word", [b"w" * 5000], [])
    if fed:
        size_type = TYPES[np.dtype(dtype)]
        node(graph, "size", "Placeholder", dtype=size_type, shape={"shape": list(np.shape(size))})
    else:
        array(graph, "size", size, dtype)
    last = node(graph, "sized", op, inputs, **attributes)
    if op == "TensorListReserve":
        array(graph, "none", [0], np.int32)
        node(graph, "y", "TensorListStack", ["sized", "any_shape"], element_dtype=FLOAT, num_elements=-1)
    else:
        last.name = "y"
    return graph


def limited(*arguments):
    """Status and error of the program with little address space."""
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    done = subprocess.run([THAW, *map(str, arguments)], preexec_fn=limit, capture_output=True, timeout=60)
    return done.returncode, done.stderr.decode()


ALL = [(name, case, np.int64) for name, case in SIZES.items()] + \
      [(name, case, np.int32) for name, case in INT32_SIZES.items()]


@pytest.mark.parametrize("fed", [False, True], ids=["constant", "fed"])
@pytest.mark.parametrize("name, case, dtype", ALL, ids=[name for name, *_ in ALL])
def test_a_size_that_no_memory_holds(tmp_path, name, case, dtype, fed):
    graph = sized_graph(case, dtype, fed)
    path = tmp_path / "sized.pb"
    path.write_bytes(graph.SerializeToString())
    inputs = {"x": np.ones(1, np.float32)}
    if fed:
        inputs["size"] = np.asarray(case[2], dtype)
    np.savez(tmp_path / "in.npz", **inputs)
    status, error = limited("run", path, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz")
    assert status in (3, 4), f"{status}: {error}"
    assert "'y" in error or "'sized" in error, error
    status, error = limited("inspect", path)
    assert status in (0, 3, 4), f"{status}: {error}"


def test_a_placeholder_that_no_memory_holds(tmp_path):
    for shape in ([1 << 62], [1 << 31, 1 << 31], [1 << 40]):
        graph = graph_pb2.GraphDef()
        graph.versions.producer = 27
        node(graph, "x", "Placeholder", dtype=FLOAT, shape={"shape": shape})
        node(graph, "y", "Relu", ["x"], T=FLOAT)
        path = tmp_path / "wide.pb"
        path.write_bytes(graph.SerializeToString())
        for command in (["inspect", path], ["convert", path, tmp_path / "out", "--overwrite"], ["bench", path]):
            status, error = limited(*command)
            assert status in (0, 2, 3, 4), f"{command[0]} {shape}: {status}: {error}"


def test_the_memory_limit_holds_while_a_graph_runs(tmp_path):
    graph = sized_graph(SIZES["Tile"], np.int64, fed=True)
    path = tmp_path / "tile.pb"
    path.write_bytes(graph.SerializeToString())
    np.savez(tmp_path / "in.npz", x=np.ones(1, np.float32), size=np.asarray([1 << 20]))
    run = ["run", path, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz"]
    thaw(*run)
    result = thaw(*run, "--memory-limit", "3MiB", status=4)
    assert "'y'" in result.err and len(result.err.splitlines()) == 1


def test_strings_count_with_their_contents(tmp_path):
    """A few kilobytes of graph that would fold to gigabytes of text."""
    graph = graph_pb2.GraphDef()
    graph.versions.producer = 27
    node(graph, "x", "Placeholder", dtype=FLOAT, shape={"shape": [1]})
    texts(graph, "t0", [b"0123456789abcdef"], [1])
    for i in range(40):
        node(graph, f"t{i + 1}", "StringJoin", [f"t{i}"] * 2, N=2)
    node(graph, "y", "Identity", ["t40"], T=STRING)
    node(graph, "z", "Relu", ["x"], T=FLOAT)
    path = tmp_path / "text.pb"
    path.write_bytes(graph.SerializeToString())
    result = thaw("inspect", path)
    assert result.peak_bytes < 512 << 20
    np.savez(tmp_path / "in.npz", x=np.ones(1, np.float32))
    result = thaw("run", path, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz", "--memory-limit",
                  "64MiB", status=4)
    assert "node 't" in result.err and result.peak_bytes < 512 << 20


def endless_graph():
    """while x is x: x = -x"""
    graph = graph_pb2.GraphDef()
    graph.versions.producer = 1000
    for name, output_type in (("forever", types_pb2.DT_BOOL), ("same", types_pb2.DT_FLOAT)):
        f = graph.library.function.add()
        f.signature.name = name
        f.signature.input_arg.add(name="a", type=types_pb2.DT_FLOAT)
        f.signature.output_arg.add(name="r", type=output_type)
        if name == "same":
            made = f.node_def.add(name="made", op="Neg", input=["a"])
            made.attr["T"].type = types_pb2.DT_FLOAT
        else:
            made = f.node_def.add(name="made", op="Equal", input=["a", "a"])
            made.attr["T"].type = types_pb2.DT_FLOAT
        f.ret["r"] = "made:y:0" if name == "same" else "made:z:0"
    node(graph, "x", "Placeholder", dtype=FLOAT, shape={"shape": [1]})
    array(graph, "none", [], np.int32)
    node(graph, "scalar", "Reshape", ["x", "none"], T=FLOAT, Tshape=INT32)
    loop = graph.node.add(name="loop", op="StatelessWhile", input=["scalar"])
    loop.attr["T"].list.type.append(types_pb2.DT_FLOAT)
    loop.attr["cond"].func.name = "forever"
    loop.attr["body"].func.name = "same"
    node(graph, "y", "Identity", ["loop"], T=FLOAT)
    return graph


@pytest.mark.parametrize("command", ["convert", "optimize"])
def test_a_graph_without_end_is_written_and_the_check_gives_up(tmp_path, command):
    path = tmp_path / "endless.pb"
    path.write_bytes(endless_graph().SerializeToString())
    result = thaw(command, path, tmp_path / "out", "--check-seconds", "0.2")
    assert "not run to the end" in result.out + result.err
    assert result.seconds < 10 and (tmp_path / "out" / "saved_model.pb").exists()
