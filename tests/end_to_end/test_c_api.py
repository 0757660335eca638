"""The shared library: what it shows, and that it lives in one process with TensorFlow's own protobuf."""

import importlib.util
import re
import subprocess
import sys

import pytest

from program import ROOT

BUILD = ROOT / "build/release"
LIBRARY = BUILD / "src/libthaw.so"
HEADERS = sorted((ROOT / "include/thaw").glob("c_*.h"))
needs_library = pytest.mark.skipif(not LIBRARY.exists(), reason=f"no {LIBRARY} (THAW_SHARED=OFF)")


@needs_library
def test_works_from_c(tmp_path):
    subprocess.run([BUILD / "tests/c_api_check", ROOT, tmp_path], check=True, stdin=subprocess.DEVNULL)


@needs_library
def test_shows_the_c_interface_alone():
    out = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True, capture_output=True, text=True).stdout
    shown = {line.split()[-1] for line in out.splitlines()}
    text = "".join(header.read_text() for header in HEADERS)
    declared = set(re.findall(r"^THAW_API[^;]*?\b(thaw_\w+)\(", text, re.M))
    assert len(declared) > 60
    assert shown == declared


@needs_library
def test_needs_nothing_that_clashes():
    out = subprocess.run(["readelf", "-dW", LIBRARY], check=True, capture_output=True, text=True).stdout
    needed = re.findall(r"NEEDED.*\[(lib[a-z+]+)", out)
    assert not {"libprotobuf", "libstdc++", "libjpeg", "libsnappy", "libfmt"} & set(needed), needed
    assert "TEXTREL" not in out


@pytest.mark.parametrize("language, standard", [("c", "c99"), ("c++", "c++17")])
def test_header_is_plain(language, standard, tmp_path):
    source = tmp_path / "one.h"
    source.write_text('#include "thaw/c_api.h"\n'
                      "static inline void use(void) { THAW_INIT(thaw_engine_options, o); (void)o; }\n")
    subprocess.run(["gcc", "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Werror", "-pedantic",
                    "-fsyntax-only", f"-I{ROOT}/include", f"-I{BUILD}/include", source], check=True)


# Loads thaw by ctypes and TensorFlow in one order or the other, each so that what comes after it finds its symbols
# first, and runs the same graph in both, in turn: a mixture of the two protobufs would die, or refuse to parse.
ONE_PROCESS = """
import ctypes, sys
import numpy as np
library, order = sys.argv[1:]
if order == "thaw first":
    thaw = ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    import tensorflow as tf
else:
    import os
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
    import tensorflow as tf
    thaw = ctypes.CDLL(library)

class Shape(ctypes.Structure):
    _fields_ = [("rank", ctypes.c_int32), ("dims", ctypes.c_int64 * 8)]
class Tensor(ctypes.Structure):
    _fields_ = [("dtype", ctypes.c_int), ("shape", Shape), ("data", ctypes.c_void_p), ("size", ctypes.c_size_t)]

thaw.thaw_last_error.restype = ctypes.c_char_p
def check(status):
    assert status == 0, thaw.thaw_last_error()

graph = tf.Graph()
with graph.as_default():
    x = tf.compat.v1.placeholder(tf.float32, [2, 3], name="x")
    y = tf.identity(tf.nn.relu(x) + tf.constant([[1.0, 2.0, 3.0]]), name="y")
definition = graph.as_graph_def()
values = np.array([[-1, 0, 1], [2, -3, 4]], np.float32)

def in_tensorflow():
    parsed = tf.compat.v1.GraphDef.FromString(definition.SerializeToString())
    with tf.Graph().as_default() as g:
        tf.import_graph_def(parsed, name="")
        with tf.compat.v1.Session(graph=g) as session:
            return session.run("y:0", {"x:0": values})

def in_thaw(data):
    model, engine, request = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    check(thaw.thaw_model_from_memory(data, ctypes.c_size_t(len(data)), None, None, ctypes.byref(model)))
    check(thaw.thaw_engine_create(model, None, ctypes.byref(engine)))
    check(thaw.thaw_request_create(engine, ctypes.byref(request)))
    shape = Shape(2, (ctypes.c_int64 * 8)(2, 3))
    tensor = Tensor(1, shape, values.ctypes.data, values.nbytes)
    check(thaw.thaw_request_set_input(request, ctypes.c_size_t(0), ctypes.byref(tensor)))
    check(thaw.thaw_request_run(request))
    check(thaw.thaw_request_output(request, ctypes.c_size_t(0), ctypes.byref(tensor)))
    result = np.ctypeslib.as_array(ctypes.cast(tensor.data, ctypes.POINTER(ctypes.c_float)), (2, 3)).copy()
    thaw.thaw_request_free(request)
    thaw.thaw_engine_free(engine)
    thaw.thaw_model_free(model)
    return result

for _ in range(2):
    expected = in_tensorflow()
    assert np.array_equal(in_thaw(definition.SerializeToString()), expected)
    assert np.array_equal(in_thaw(str(definition).encode()), expected)  # text, by each one's own descriptors
    broken = ctypes.c_void_p()
    assert thaw.thaw_model_from_memory(b"node {", ctypes.c_size_t(6), None, None, ctypes.byref(broken)) == 2
print("both ran")
"""


@needs_library
@pytest.mark.parametrize("order", ["thaw first", "tensorflow first"])
def test_lives_with_tensorflow(order):
    assert importlib.util.find_spec("tensorflow")
    done = subprocess.run([sys.executable, "-c", ONE_PROCESS, str(LIBRARY), order], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and done.stdout == "both ran\n", f"{done.returncode}\n{done.stdout}\n{done.stderr}"
