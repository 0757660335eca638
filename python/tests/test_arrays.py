"""What inputs may be, what results are, and which of them are copied."""

import gc
import subprocess
import sys

import numpy as np
import pytest

import graphs
import thaw
from files import GRAPHS, ROOT
from thaw import _arrays, _dlpack


class CountsCopies:
    def __enter__(self):
        self._before = _arrays.copies
        return self

    def __exit__(self, *_):
        self.count = _arrays.copies - self._before


X = np.arange(12, dtype="f4").reshape(4, 3)


class OffersDlpack:
    """A tensor of another library, that only speaks DLPack."""

    def __init__(self, array, dtype=None, shape=None):
        self._tensor = _arrays.Tensor("other", _arrays.CODES[array.dtype] if dtype is None else dtype,
                                      array.shape if shape is None else shape,
                                      array.__array_interface__["data"][0], array.nbytes, array)

    def __dlpack__(self, stream=None):
        return self._tensor.__dlpack__()


class OffersArrayInterface:
    def __init__(self, array):
        self.__array_interface__ = array.__array_interface__
        self._array = array


class OffersNumpy:
    def __init__(self, array):
        self._array = array

    def numpy(self):
        return self._array


@pytest.mark.parametrize("value, copies", [
    (X, 0), (X[1:3], 0), (X[:, :], 0), (np.asfortranarray(X), 1), (X[::2], 1), (X[::-1], 1),
    (X.astype(">f4"), 1), (X.tolist(), 1), (tuple(map(tuple, X.tolist())), 1),
    (OffersDlpack(X), 0), (OffersArrayInterface(X), 0), (OffersNumpy(X), 0),
    (np.ma.masked_array(X), 0)],
    ids=lambda v: type(v).__name__ if not isinstance(v, int) else str(v))
def test_an_input_is_copied_only_where_its_layout_asks_for_it(value, copies):
    engine = graphs.engine(graphs.identity("float32", (-1, 3)))
    want = np.array(value._array if hasattr(value, "_array") else X if isinstance(value, OffersDlpack)
                    else value, "f4")
    with CountsCopies() as counted:
        out = engine(value)["y"]
    np.testing.assert_array_equal(out, want)
    assert counted.count == copies


def test_a_request_reads_where_the_array_lies():
    x = X.copy()
    request = graphs.engine(graphs.adding(shape=(4, 3))).request()
    request.set_input("a", x)
    request.set_input("b", x)
    assert request._inputs[0].data == x.__array_interface__["data"][0]
    for _ in range(3):
        x += 1
        request.run()
        np.testing.assert_array_equal(request.output("total"), x + x)


def test_results_of_a_request_are_its_own_memory():
    request = graphs.engine(graphs.adding(shape=(4, 3))).request()
    request.set_input("a", X)
    request.set_input("b", X)
    request.run()
    total = request.output("total")
    assert total.__array_interface__["data"][0] == request._results[0].data
    assert request.outputs()["total"] is total
    del request
    gc.collect()
    np.testing.assert_array_equal(total, X + X)  # it keeps the memory


def test_results_can_be_written_where_the_caller_wants_them():
    request = graphs.engine(graphs.adding(shape=(4, 3))).request()
    out = np.zeros((4, 3), "f4")
    request.set_output("total", out)
    request.set_input("a", X)
    request.set_input("b", X)
    request.run()
    np.testing.assert_array_equal(out, X + X)
    assert request.output("total") is out
    request.set_output("total", None)
    request.run()
    assert request.output("total") is not out
    for wrong in (np.zeros((4, 3), "f8"), np.zeros((3, 4), "f4").T, X.tolist()):
        with pytest.raises(thaw.Error, match="total"):
            request.set_output("total", wrong)
    request.set_output("total", np.zeros((2, 3), "f4"))
    with pytest.raises(thaw.InputError, match="total"):
        request.run()


@pytest.mark.parametrize("size", [16, 1 << 18])
def test_results_that_are_an_input_passed_on(size):
    """Identity's result is the input's memory: what the caller has must not change or go with that."""
    engine = graphs.engine(graphs.identity("float32", (size,)))
    x = np.full(size, 5, "f4")
    out = engine(x)["y"]
    x[:] = 6
    assert (out == 5).all()
    out = engine(OffersDlpack(np.full(size, 7, "f4")))["y"]
    spoilt = [np.full(size, 8, "f4") for _ in range(20)]
    assert (out == 7).all() and len(spoilt) == 20
    request = engine.request()
    request.set_input("x", np.full(size, 9, "f4"))
    request.run()
    out, tensor = request.output("y"), request.tensors()["y"]
    del request
    spoilt = [np.full(size, 8, "f4") for _ in range(20)]
    assert (out == 9).all() and (tensor.numpy() == 9).all() and len(spoilt) == 20


def test_large_results_are_not_copied_and_stay():
    shape = (1 << 18,)
    engine = graphs.engine(graphs.adding(shape=shape), outputs=["twice"])
    one = np.ones(shape, "f4")
    values = [np.full(shape, i, "f4") for i in range(8)]
    kept = [engine(value, one)["twice"] for value in values]
    for array, value in zip(kept, values):
        np.testing.assert_array_equal(array, value * 2)
    views = sum(array.base is not None for array in kept)
    assert views == 4  # so many requests are kept for results; the others' were copied
    del kept, array
    gc.collect()
    assert engine(one, one)["twice"].base is not None
    for _ in range(20):  # one result at a time needs two requests, not twenty
        out = engine(one, one)["twice"]
    assert out.base is not None and len(engine._idle) <= 8


def test_an_engine_keeps_no_input():
    class Watched(np.ndarray):
        pass

    import weakref
    engine = graphs.engine(graphs.identity("float32", (4, 3)))
    for kind in (Watched, np.ndarray):
        x = np.ones((4, 3), "f4").view(kind)
        gone = weakref.ref(x)
        engine(x)
        del x
        assert gone() is None


def test_engines_free_their_memory_without_the_collector():
    import weakref
    gc.disable()
    try:
        engine = graphs.engine(graphs.identity("float32", (4, 3)))
        engine(X)
        handle = weakref.ref(engine._handle)
        del engine
        assert handle() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "uint8", "bool"])
def test_types(dtype):
    x = np.array([[0, 1], [1, 0]]).astype(dtype)
    out = graphs.engine(graphs.identity(dtype, (-1, 2)))(x)["y"]
    assert out.dtype == x.dtype
    np.testing.assert_array_equal(out, x)


@pytest.mark.parametrize("shape", [(), (0, 3), (1, 1, 1, 1, 1, 1, 1, 2)])
def test_shapes(shape):
    x = np.ones(shape, "f4")
    out = graphs.engine(graphs.identity("float32", shape))(x)["y"]
    assert out.shape == shape
    np.testing.assert_array_equal(out, x)


@pytest.mark.parametrize("value, ok", [
    (7, True), (7.0, True), (7.5, False), (300, False), (-1, False), (True, True), (np.uint8(7), True)])
def test_numbers_become_the_inputs_type_where_they_fit(value, ok):
    engine = graphs.engine(graphs.identity("uint8", ()))
    if ok:
        assert engine(value)["y"] == int(value)
    else:
        with pytest.raises(thaw.InputError, match="'x'"):
            engine(value)


def test_strings():
    engine = thaw.optimize(str(GRAPHS / "texts.pb"), tune=False)
    out = engine(np.array(["one", "tw\u00f6"], object))
    again = engine([b"one", "tw\u00f6".encode()])
    assert all(np.array_equal(out[name], again[name]) for name in out)
    echo = graphs.engine(graphs.identity("string", (-1,)))
    x = ["", "a\0b", "tw\u00f6"]
    assert echo(x)["y"].tolist() == [text.encode() for text in x]
    assert echo(np.array([b"ab", b"c"]))["y"].tolist() == [b"ab", b"c"]
    with pytest.raises(thaw.InputError, match="'x'.*texts or bytes"):
        echo(np.array([1, None], object))


BF16 = np.array([1.5, -2, 3.0], "f4")


def test_bfloat16_in_by_dlpack_and_out_as_both():
    engine = graphs.engine(graphs.identity("bfloat16", (3,)))
    assert engine.inputs[0].dtype == "bfloat16"
    bits = (BF16.view("u4") >> 16).astype("u2")
    out = engine(OffersDlpack(bits, dtype=_arrays.BFLOAT16))["y"]
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, BF16)
    request = engine.request()
    request.set_input("x", OffersDlpack(bits, dtype=_arrays.BFLOAT16))
    request.run()
    tensor = request.tensors()["y"]
    assert (tensor.dtype, tensor.shape) == ("bfloat16", (3,))
    address, dtype, shape, strides = _dlpack.read(tensor.__dlpack__(), "it")
    assert (dtype, shape, strides) == ("bfloat16", (3,), None)
    assert address == request._results[0].data
    np.testing.assert_array_equal(np.asarray(tensor), BF16)


def test_results_go_out_by_dlpack_without_a_copy():
    request = graphs.engine(graphs.adding(shape=(4, 3))).request()
    request.set_input("a", X)
    request.set_input("b", X)
    request.run()
    tensor = request.tensors()["total"]
    assert tensor.__dlpack_device__() == (1, 0)
    if hasattr(np, "from_dlpack"):
        array = np.from_dlpack(tensor)
        assert array.__array_interface__["data"][0] == request._results[0].data
        np.testing.assert_array_equal(array, X + X)
        assert _dlpack.free_what_is_over() == 1
        del array
    assert _dlpack.free_what_is_over() == 0
    capsule = tensor.__dlpack__()
    assert _dlpack.free_what_is_over() == 1
    del capsule  # that nobody took
    assert _dlpack.free_what_is_over() == 0


def test_letting_results_go_spoils_no_exception():
    """What another library frees in the midst of an exception."""
    if not hasattr(np, "from_dlpack"):
        pytest.skip("numpy has no from_dlpack")
    request = graphs.engine(graphs.adding(shape=(4, 3))).request()
    request.set_input("a", X)
    request.set_input("b", X)
    request.run()
    for _ in range(20):
        with pytest.raises(ValueError, match="reshape"):
            np.from_dlpack(request.tensors()["total"]).reshape(7, 7)
        with pytest.raises(TypeError, match="PyCapsule"):
            request.tensors()["total"].__dlpack__() + 1
    assert _dlpack.free_what_is_over() == 0


def test_a_capsule_keeps_the_memory():
    request = graphs.engine(graphs.adding(shape=(4, 3))).request()
    request.set_input("a", X)
    request.set_input("b", X)
    request.run()
    capsule = request.tensors()["total"].__dlpack__()
    del request
    gc.collect()
    assert _dlpack.free_what_is_over() == 1
    address = _dlpack.read(capsule, "it")[0]
    np.testing.assert_array_equal(np.ndarray((4, 3), "f4", _arrays._memory(address, 48)), X + X)


def test_what_dlpack_brings_that_cannot_be_read():
    engine = graphs.engine(graphs.identity("float32", (-1, 3)))
    with pytest.raises(thaw.InputError, match="'x'.*float32.*int16"):
        engine(OffersDlpack(X.astype("i2")))

    class OnDevice:
        def __dlpack__(self, stream=None):
            capsule = OffersDlpack(X).__dlpack__()
            _dlpack.DLManagedTensor.from_address(_dlpack._get(capsule, b"dltensor")).dl_tensor.device_type = 2
            return capsule

    with pytest.raises(thaw.InputError, match="'x'.*lies on a device"):
        engine(OnDevice())


TORCH = """
import sys
sys.path[:0] = {paths!r}
import numpy as np, torch, thaw, graphs
from thaw import _arrays
engine = graphs.engine(graphs.identity("float32", (-1, 3)))
x = torch.arange(12, dtype=torch.float32).reshape(4, 3)
before = _arrays.copies
for value in (x, x.clone().requires_grad_(), torch.nn.Parameter(x)):
    assert (engine(value)["y"] == x.numpy()).all()
assert _arrays.copies == before
assert (engine(x.t().contiguous().t())["y"] == x.numpy()).all() and _arrays.copies == before + 1
half = graphs.engine(graphs.identity("bfloat16", (-1, 3)))
request = half.request()
request.set_input("x", x.to(torch.bfloat16))
request.run()
out = torch.from_dlpack(request.tensors()["y"])
assert out.dtype == torch.bfloat16 and (out.float() == x).all()
request = engine.request(); request.set_input("x", x); request.run()
out = torch.from_dlpack(request.tensors()["y"])
assert out.data_ptr() == request._results[0].data
print("done")
"""


def test_torch_tensors():
    pytest.importorskip("torch")
    code = TORCH.format(paths=[str(ROOT / "python"), str(ROOT / "python/tests")])
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout == b"done\n"


def test_tensorflow_tensors():
    tf = pytest.importorskip("tensorflow")
    engine = graphs.engine(graphs.identity("float32", (-1, 3)))
    with CountsCopies() as counted:
        np.testing.assert_array_equal(engine(tf.constant(X))["y"], X)
        np.testing.assert_array_equal(engine(tf.Variable(X))["y"], X)
    assert counted.count == 0
    half = graphs.engine(graphs.identity("bfloat16", (-1, 3)))
    np.testing.assert_array_equal(half(tf.cast(X, tf.bfloat16))["y"], X)
    request = engine.request()
    request.set_input("x", tf.constant(X))
    request.run()
    out = tf.experimental.dlpack.from_dlpack(request.tensors()["y"].__dlpack__())
    np.testing.assert_array_equal(out.numpy(), X)
