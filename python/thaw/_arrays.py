"""Values of Python as the library's tensors, and its results as arrays."""

import ctypes

import numpy as np

from . import _dlpack, _library, errors
from ._library import BFLOAT16, STRING

# thaw_dtype of native numpy types; and back, where numpy has the type.
CODES = {np.dtype(name): code for code, name in enumerate(_library.DTYPES)
         if name not in (None, "bfloat16", "string", "list")}
_NUMPY = {code: dtype for dtype, code in CODES.items()}
_BY_NAME = {name: code for code, name in enumerate(_library.DTYPES) if name}

# Inputs that had to be copied, for tests and for who wonders: of another layout or byte order,
# lists, strings.
copies = 0


def _count_copy():
    global copies
    copies += 1


class Fed:
    """An input as the library reads it, and what keeps its memory."""

    __slots__ = ("code", "shape", "address", "size", "keeper")

    def __init__(self, code, shape, address, size, keeper):
        self.code, self.shape, self.address = code, shape, address
        self.size, self.keeper = size, keeper

    def fill(self, tensor):
        """Writes it into a thaw_tensor."""
        tensor.dtype, tensor.data, tensor.size = self.code, self.address, self.size
        rank = len(self.shape)
        if rank > _library.MAX_RANK:
            raise errors.InputError("an array has {} dimensions, at most {}".format(
                rank, _library.MAX_RANK))
        tensor.shape.rank = rank
        tensor.shape.dims[:rank] = self.shape


def _of_array(array, info):
    code = CODES.get(array.dtype)
    if code is None:
        if array.dtype.name == "bfloat16":  # of ml_dtypes, which TensorFlow and JAX use
            code = BFLOAT16
        elif array.dtype.kind in "SUO":
            return _of_strings(array, info)
        elif CODES.get(array.dtype.newbyteorder("=")) is None:
            raise errors.InputError(
                "input '{}': is {} by its signature, an array of {} was given".format(info.name, info.dtype, array.dtype))
        else:
            _count_copy()
            array = array.astype(array.dtype.newbyteorder("="))
            code = CODES[array.dtype]
    if not array.flags.c_contiguous:
        _count_copy()
        array = np.ascontiguousarray(array).reshape(array.shape)
    return Fed(code, array.shape, array.__array_interface__["data"][0], array.nbytes, array)


def _of_strings(array, info):
    _count_copy()
    elements = []
    for value in array.ravel().tolist():
        if isinstance(value, str):
            value = value.encode("utf-8", "surrogateescape")
        elif not isinstance(value, bytes):
            raise errors.InputError("input '{}': texts or bytes were expected, {} was found".format(
                info.name, type(value).__name__))
        elements.append(value)
    table = (_library.Bytes * len(elements))()
    for row, value in zip(table, elements):
        row.data = ctypes.cast(ctypes.c_char_p(value), ctypes.c_void_p).value
        row.size = len(value)
    return Fed(STRING, array.shape, ctypes.addressof(table), ctypes.sizeof(table),
               (table, elements))


def _of_dlpack(value, info):
    what = "input '{}'".format(info.name)
    if getattr(value, "requires_grad", False):
        value = value.detach()  # the protocol refuses tensors that gradients are kept of
    capsule = value.__dlpack__()
    address, dtype, shape, strides = _dlpack.read(capsule, what)
    if dtype not in _BY_NAME:
        raise errors.InputError("{}: is {} by its signature, a tensor of {} was given".format(
            what, info.dtype, dtype))
    size = 1 if dtype == "bool" else int(dtype.lstrip("abcdefghijklmnopqrstuvwxyz")) // 8
    count = 1
    dense = True
    for extent, stride in zip(reversed(shape), reversed(strides or shape)):
        dense = dense and (strides is None or extent == 1 or stride == count)
        count *= extent
    if dense or count == 0:
        return Fed(_BY_NAME[dtype], shape, address, count * size, (capsule, value))
    _count_copy()
    if hasattr(value, "contiguous"):  # torch's
        return _of_dlpack(value.contiguous(), info)
    flat = np.ndarray(shape, "u{}".format(size), strides=[s * size for s in strides],
                      buffer=_memory(address, _span(shape, strides) * size))
    copy = np.ascontiguousarray(flat)
    return Fed(_BY_NAME[dtype], shape, copy.__array_interface__["data"][0], copy.nbytes, copy)


def _span(shape, strides):
    return 1 + sum((extent - 1) * stride for extent, stride in zip(shape, strides))


def _memory(address, size):
    return (ctypes.c_char * size).from_address(address)


def fed(value, info):
    """A Fed of whatever stands for an array: numpy's, those of any library that offers DLPack,
    numpy's array interface, the buffer protocol or .numpy() (torch, TensorFlow, JAX ...),
    lists, numbers and texts. Without a copy where it lies dense in the host's memory.

    Raises InputError, naming the input, where it has another type."""
    if isinstance(value, np.ndarray):
        return _of_array(value, info)
    if hasattr(value, "__dlpack__"):
        return _of_dlpack(value, info)
    if isinstance(value, (bytes, str)):
        return _of_strings(np.array(value, object), info)
    if not isinstance(value, (list, tuple, int, float, bool, np.generic)):
        if hasattr(value, "__array_interface__") or hasattr(value, "__array__"):
            return _of_array(np.asarray(value), info)
        if hasattr(value, "numpy"):
            return _of_array(np.asarray(value.numpy()), info)
    _count_copy()
    try:
        array = np.array(value, object if info.dtype == "string" else None)
        if info.dtype not in ("string", "bfloat16") and array.dtype != info.dtype:
            array = _narrowed(array, info)
    except (ValueError, TypeError, OverflowError) as error:
        raise errors.InputError("input '{}': no array of {} can be made of a {}: {}".format(
            info.name, info.dtype, type(value).__name__, error))
    return _of_array(array, info)


def _narrowed(array, info):
    """Python's own numbers in the input's type, where they are the same numbers there."""
    with np.errstate(all="ignore"):
        cast = array.astype(info.dtype)
    is_same = cast.dtype.kind == "f" or np.array_equal(cast, array)
    if array.dtype.kind not in "fiub" or not is_same:
        raise ValueError("numbers that {} does not hold".format(info.dtype))
    return cast


def result(tensor):
    """(dtype's code, shape, address, bytes) of a thaw_tensor."""
    shape = tensor.shape
    return tensor.dtype, tuple(shape.dims[:shape.rank]), tensor.data, tensor.size


def copied(code, shape, address, size):
    """A new array of a result. bfloat16 becomes float32, which holds all its numbers; strings
    become an object array of bytes."""
    if code == STRING:
        count = size // ctypes.sizeof(_library.Bytes)
        rows = (_library.Bytes * count).from_address(address) if count else ()
        out = np.empty(count, object)
        out[:] = [ctypes.string_at(row.data, row.size) if row.size else b"" for row in rows]
        return out.reshape(shape)
    if not size:
        return np.empty(shape, "float32" if code == BFLOAT16 else _NUMPY[code])
    if code == BFLOAT16:
        wide = np.ndarray(shape, "u2", _memory(address, size)).astype("u4")
        wide <<= 16
        return wide.view("f4")
    return np.ndarray(shape, _NUMPY[code], _memory(address, size)).copy()


def viewed(code, shape, address, size, keeper):
    """The same without a copy; the array holds `keeper`, which keeps the memory. None of bfloat16
    and strings, which have to be copied."""
    if code in (STRING, BFLOAT16):
        return None
    if not size:
        return np.empty(shape, _NUMPY[code])
    memory = _memory(address, size)
    memory.keeper = keeper
    return np.ndarray(shape, _NUMPY[code], memory)


class Tensor:
    """A result for other libraries: torch.from_dlpack(tensor), np.from_dlpack(tensor) and the like
    take it without a copy, bfloat16 too. `numpy()` is the same as an array, where bfloat16 becomes
    float32.

    name, dtype ("float32"), shape: of the result."""

    def __init__(self, name, code, shape, address, size, keeper):
        self.name, self.dtype, self.shape = name, _library.DTYPES[code], shape
        self._result = (code, shape, address, size)
        self._keeper = keeper

    def numpy(self):
        view = viewed(*self._result, keeper=self._keeper)
        return copied(*self._result) if view is None else view

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __dlpack__(self, stream=None, **_):
        code, shape, address, _size = self._result
        if code == STRING:
            raise errors.UsageError("output '{}': strings can't pass through DLPack".format(
                self.name))
        return _dlpack.export(self._keeper, address, self.dtype, shape)

    def __del__(self):
        _dlpack.free_what_is_over()

    def __dlpack_device__(self):
        return (_dlpack.CPU, 0)

    def __repr__(self):
        return "<thaw.Tensor {}: {}{}>".format(self.name, self.dtype, list(self.shape))
