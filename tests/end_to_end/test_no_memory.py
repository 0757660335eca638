"""Allocations and threads that fail: the command ends with status 4 or does what it was asked for.

A few points of each command are tried; THAW_SWEEP=all tries every allocation (a hundred thousand; hours).
"""

import os
import random
import shutil

import numpy as np
import pytest
from PIL import Image

import fault
from program import thaw

POINTS = 20  # allocations of each command

FLOAT = 'attr { key: "T" value { type: DT_FLOAT } }'
PRODUCT = """
node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
  attr { key: "shape" value { shape { dim { size: 1 } dim { size: 4 } } } } }
node { name: "matrix" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "value" value { tensor {
  dtype: DT_FLOAT tensor_shape { dim { size: 4 } dim { size: 4 } } float_val: 0.5 } } } }
node { name: "y" op: "MatMul" input: "x" input: "matrix" attr { key: "T" value { type: DT_FLOAT } } }
"""


def constant(name, kind, field, values, dims):
    numbers = " ".join(f"{field}: {value}" for value in values)
    shape = " ".join(f"dim {{ size: {dim} }}" for dim in dims)
    return (f'node {{ name: "{name}" op: "Const" attr {{ key: "dtype" value {{ type: {kind} }} }} attr {{ key: "value" '
            f'value {{ tensor {{ dtype: {kind} tensor_shape {{ {shape} }} {numbers} }} }} }} }}\n')


def detector():
    """Finds one object of class 1 in the middle of any picture."""
    graph = """node { name: "image_tensor" op: "Placeholder" attr { key: "dtype" value { type: DT_UINT8 } } attr { key:
      "shape" value { shape { dim { size: 1 } dim { size: -1 } dim { size: -1 } dim { size: 3 } } } } }
      node { name: "pixels" op: "Cast" input: "image_tensor" attr { key: "SrcT" value { type: DT_UINT8 } }
      attr { key: "DstT" value { type: DT_FLOAT } } }\n"""
    graph += constant("axes", "DT_INT32", "int_val", [1, 2, 3], [3]) + constant("zero", "DT_FLOAT", "float_val", [0], [])
    graph += (f'node {{ name: "sum" op: "Sum" input: "pixels" input: "axes" {FLOAT} attr {{ key: "Tidx" value {{ '
              f'type: DT_INT32 }} }} }}\nnode {{ name: "nothing" op: "Mul" input: "sum" input: "zero" {FLOAT} }}\n')
    for name, values, dims in (("num_detections", [1], [1]), ("detection_scores", [0.9], [1, 1]),
                               ("detection_classes", [1], [1, 1]),
                               ("detection_boxes", [0.25, 0.25, 0.75, 0.75], [1, 1, 4])):
        graph += constant(name + "/value", "DT_FLOAT", "float_val", values, dims)
        graph += f'node {{ name: "{name}" op: "Add" input: "{name}/value" input: "nothing" {FLOAT} }}\n'
    return graph

PICTURES = ["a.png", "b.jpg", "c.gif", "d.bmp", "progressive.jpg", "palette.png", "turned.png", "turned.jpg"]

# What is written goes to out/; what is named second must be as it is without a fault where the command ends with 0.
COMMANDS = {
    "inspect": (["inspect", "detector.pbtxt", "--json"], []),
    "inspect_saved": (["inspect", "saved"], []),
    "convert": (["convert", "matmul.pbtxt", "out/saved"], ["saved/saved_model.pb"]),
    "convert_frozen": (["convert", "saved", "out/frozen.pb"], ["frozen.pb"]),
    "optimize": (["optimize", "matmul.pbtxt", "out/planned", "--no-tune", "--shape", "1x4"], ["planned/saved_model.pb"]),
    "tune": (["optimize", "matmul.pbtxt", "out/planned", "--shape", "1x4", "--timing-cache", "out/timings"], []),
    "run": (["run", "matmul.pbtxt", "--inputs", "packed.npz", "--outputs", "out/y.npz", "--threads", "2"], ["y.npz"]),
    "run_plan": (["run", "planned", "--inputs", "in.npz", "--outputs", "out/y.npz", "--threads", "2"], ["y.npz"]),
    "detect": (["detect", "detector.pbtxt", *PICTURES, "--annotate", "out/annotated", "--csv", "out/d.csv", "--json",
                "out/d.json", "--threads", "2"], ["annotated/a.png", "annotated/b.jpg", "d.csv"]),
    "annotate": (["detect", "detector.pbtxt", "large.jpg", "--annotate", "out/annotated", "--threads", "1"],
                 ["annotated/large.jpg"]),
    "bench": (["bench", "matmul.pbtxt", "--runs", "2", "--warmup", "1", "--streams", "2", "--threads", "2", "--json"], []),
    "profile": (["bench", "planned", "--runs", "2", "--warmup", "1", "--profile", "--trace", "out/t.json"], []),
    "compare": (["compare", "detector.pbtxt", "detector.pbtxt", "--images", "a.png", "--report", "out/r.html"], []),
    "summary": (["summary", "matmul.pbtxt"], []),
    "cache": (["cache", "list", "--timing-cache", "timings"], []),
}
THREADS = {
    "run": ["run", "matmul.pbtxt", "--inputs", "in.npz", "--outputs", "out/y.npz", "--threads", "5"],
    "streams": ["bench", "matmul.pbtxt", "--runs", "3", "--warmup", "1", "--streams", "3", "--threads", "2"],
    "detect": ["detect", "detector.pbtxt", "a.png", "--threads", "3"],
    "optimize": ["optimize", "matmul.pbtxt", "out/planned", "--shape", "1x4", "--threads", "3"],
    "compare": ["compare", "detector.pbtxt", "detector.pbtxt", "--images", "a.png", "--threads", "3"],
}


def write_pictures(folder):
    y, x = np.mgrid[0:24, 0:32]
    image = Image.fromarray(((x + y)[..., None] * np.array([3, 4, 5]) % 256).astype(np.uint8))
    turned = Image.Exif()
    turned[0x112] = 6
    for name in ("a.png", "b.jpg", "c.gif", "d.bmp"):
        image.save(folder / name)
    image.save(folder / "progressive.jpg", progressive=True)
    image.convert("P").save(folder / "palette.png")
    image.save(folder / "turned.png", exif=turned)
    image.save(folder / "turned.jpg", exif=turned)
    noise = np.random.default_rng(1).integers(0, 256, (300, 500, 3), np.uint8)
    Image.fromarray(noise).save(folder / "large.jpg", quality=95)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder that the commands run in."""
    folder = tmp_path_factory.mktemp("no_memory")
    (folder / "matmul.pbtxt").write_text(PRODUCT)
    (folder / "detector.pbtxt").write_text(detector())
    np.savez(folder / "in.npz", x=np.ones((1, 4), np.float32))
    np.savez_compressed(folder / "packed.npz", x=np.ones((1, 4), np.float32))
    write_pictures(folder)
    before = os.getcwd()
    os.chdir(folder)
    thaw("convert", "matmul.pbtxt", "saved")
    thaw("optimize", "matmul.pbtxt", "planned", "--no-tune", "--shape", "1x4")
    thaw("run", "matmul.pbtxt", "--inputs", "in.npz", "--outputs", "y.npz", "--tune", "--timing-cache", "timings")
    yield folder
    os.chdir(before)


def begin(place):
    shutil.rmtree(place / "out", ignore_errors=True)
    (place / "out").mkdir()


def check(result, at):
    assert result.status in (0, 4), (at, result)
    assert "internal error" not in result.err


def points(name, count):
    if os.environ.get("THAW_SWEEP") == "all":
        return range(1, count + 1)
    return sorted(random.Random(name).sample(range(1, count + 1), min(POINTS, count)))


@pytest.mark.parametrize("name", COMMANDS)
def test_any_one_allocation_fails(place, name):
    command, same = COMMANDS[name]
    begin(place)
    count = fault.count(*command, call="malloc")
    want = {path: (place / "out" / path).read_bytes() for path in same}
    assert count > 500
    for at in points(name, count):
        begin(place)
        result = fault.run(*command, call="malloc", at=at)
        check(result, at)
        if result.status == 4:
            assert "thaw: error: " in result.err
        else:
            assert all((place / "out" / path).read_bytes() == bytes for path, bytes in want.items()), at


@pytest.mark.parametrize("name", ["convert", "optimize", "run_plan", "detect"])
def test_no_memory_from_some_allocation_on(place, name):
    command = COMMANDS[name][0]
    begin(place)
    count = fault.count(*command, call="malloc")
    for at in points(name, count)[::4]:
        begin(place)
        result = fault.run(*command, call="malloc", at=at, how="from")
        assert result.status == 4, (at, result)


# Large ones alone: buffers of the libraries that pictures are read and written with.
@pytest.mark.parametrize("name", ["detect", "annotate"])
def test_any_large_allocation_fails(place, name):
    command, same = COMMANDS[name]
    begin(place)
    count = fault.count(*command, call="malloc", FAULT_MIN=8192)
    for at in points(name, count):
        begin(place)
        check(fault.run(*command, call="malloc", at=at, FAULT_MIN=8192), at)


@pytest.mark.parametrize("name", THREADS)
@pytest.mark.parametrize("how", ["fail", "from"])
def test_any_thread_fails_to_start(place, name, how):
    command = THREADS[name]
    begin(place)
    count = fault.count(*command, call="thread")
    assert count > 1
    for at in range(1, count + 1):
        begin(place)
        result = fault.run(*command, call="thread", at=at, how=how, timeout=30)
        check(result, at)
        assert result.status == 4 and "can be started: Resource temporarily unavailable" in result.err, (at, result)
