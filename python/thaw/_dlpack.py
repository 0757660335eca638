"""DLPack's structs (version 0 of the protocol) over ctypes: tensors of other libraries in, results
out.

A capsule that comes in is never consumed: whoever holds it keeps the tensor's memory, and its own
destructor lets it go.

Of what goes out no Python code runs when another library lets it go: that may be in the midst of an
exception, which such code would spoil. The library's thaw_dlpack_deleter marks it, and the next
export frees what is marked.
"""

import ctypes
import sys
from ctypes import (POINTER, Structure, c_char_p, c_int32, c_int64, c_uint8, c_uint16,
                    c_uint64, c_void_p, py_object)

from . import _library, errors

CPU = 1
# Of kinds of memory that the host reads as its own: pinned by CUDA, by ROCm, managed by CUDA.
HOST = (CPU, 3, 11, 13)


class DLTensor(Structure):
    _fields_ = [("data", c_void_p), ("device_type", c_int32), ("device_id", c_int32),
                ("ndim", c_int32), ("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16),
                ("shape", POINTER(c_int64)), ("strides", POINTER(c_int64)),
                ("byte_offset", c_uint64)]


class DLManagedTensor(Structure):
    pass


DLManagedTensor._fields_ = [("dl_tensor", DLTensor), ("manager_ctx", c_void_p),
                            ("deleter", c_void_p)]

_CODES = {"int": 0, "uint": 1, "float": 2, "bfloat": 4, "bool": 6}
_NAMES = {code: name for name, code in _CODES.items()}

_api = ctypes.pythonapi
_get = _api.PyCapsule_GetPointer
_get.restype, _get.argtypes = c_void_p, [py_object, c_char_p]
_new = _api.PyCapsule_New
_new.restype, _new.argtypes = py_object, [c_void_p, c_char_p, c_void_p]
_is_valid = _api.PyCapsule_IsValid
_is_valid.restype, _is_valid.argtypes = ctypes.c_int, [py_object, c_char_p]


def read(capsule, what):
    """(address, dtype's name, shape, strides in elements or None) of a capsule's tensor, which must
    lie in the host's memory. Valid as long as the capsule."""
    try:
        pointer = _get(capsule, b"dltensor")
    except ValueError:
        raise errors.UsageError("{}: is a DLPack capsule that was used before".format(what))
    tensor = DLManagedTensor.from_address(pointer).dl_tensor
    if tensor.device_type not in HOST:
        raise errors.InputError(
            "{}: lies on a device (DLPack's kind {}); this build reads the host's memory: bring it "
            "there first, as by .cpu()".format(what, tensor.device_type))
    name = _NAMES.get(tensor.code)
    if name is None or tensor.lanes != 1:
        raise errors.InputError("{}: has DLPack's element type {}, which thaw has not".format(
            what, tensor.code))
    dtype = "bool" if name == "bool" else "{}{}".format(
        "bfloat" if name == "bfloat" else name, tensor.bits)
    rank = tensor.ndim
    strides = tuple(tensor.strides[:rank]) if tensor.strides and rank else None
    return ((tensor.data or 0) + tensor.byte_offset, dtype, tuple(tensor.shape[:rank]), strides)


class _Exported(Structure):
    """A DLManagedTensor with its shape behind it."""
    _fields_ = [("managed", DLManagedTensor), ("shape", c_int64 * 32), ("is_gone", c_int32)]


# What was exported: [(its _Exported, who keeps the memory, the capsule)].
_exports = []


def _references(entry):
    return sys.getrefcount(entry[2])


_ONE_REFERENCE = _references((None, None, object()))


def _is_over(entry):
    """Whether it was let go by who took it, or nobody took it and nobody has the capsule any
    more."""
    return entry[0].is_gone or (_references(entry) == _ONE_REFERENCE and
                                _is_valid(entry[2], b"dltensor"))


def free_what_is_over():
    """Frees the memory of exports that are over; returns how many are not."""
    for entry in list(_exports):
        if _is_over(entry):
            try:
                _exports.remove(entry)
            except ValueError:  # another thread was here
                pass
    return len(_exports)


def export(owner, address, dtype, shape):
    """A capsule of dense memory that `owner` keeps."""
    free_what_is_over()
    out = _Exported()
    for index, extent in enumerate(shape):
        out.shape[index] = extent
    name = dtype.rstrip("0123456789")
    tensor = out.managed.dl_tensor
    tensor.data, tensor.device_type, tensor.ndim = address, CPU, len(shape)
    tensor.code = _CODES[name]
    tensor.bits, tensor.lanes = int(dtype[len(name):] or 8), 1
    at = ctypes.addressof(out)
    tensor.shape = ctypes.cast(at + _Exported.shape.offset, POINTER(c_int64))
    out.managed.manager_ctx = at + _Exported.is_gone.offset
    out.managed.deleter = ctypes.cast(_library.library().thaw_dlpack_deleter, c_void_p)
    capsule = _new(at, b"dltensor", None)
    _exports.append((out, owner, capsule))
    return capsule
