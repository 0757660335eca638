"""The C interface (include/thaw/c_api.h, c_detector.h) as ctypes sees it.

The library is opened when it is first needed. Every function releases the GIL while it runs. Those
that return a thaw_status are wrapped nowhere: callers hand the status to check().
"""

import ctypes
import operator
import os
import threading
from ctypes import (POINTER, Structure, c_char_p, c_double, c_float, c_int, c_int32, c_int64,
                    c_size_t, c_uint32, c_uint64, c_void_p)

from . import errors

MAX_RANK = 8

# By thaw_dtype. "string" elements are bytes; numpy has no bfloat16.
DTYPES = (None, "float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64",
          "uint8", "uint16", "uint32", "uint64", "bool", "string", "list")
STRING = DTYPES.index("string")
BFLOAT16 = DTYPES.index("bfloat16")

# By thaw_precision.
PRECISIONS = (None, "FP32", "FP16", "BF16", "INT8")


class Shape(Structure):
    _fields_ = [("rank", c_int32), ("dims", c_int64 * MAX_RANK)]


class Bytes(Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]


class Tensor(Structure):
    _fields_ = [("dtype", c_int), ("shape", Shape), ("data", c_void_p), ("size", c_size_t)]


class _Sized(Structure):
    """A struct that begins with its own size."""

    def __init__(self, **fields):
        super().__init__(ctypes.sizeof(type(self)), **fields)


class TensorInfo(_Sized):
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("tensor", c_char_p),
                ("dtype", c_int), ("shape", Shape), ("optional", c_int)]


class DeviceInfo(_Sized):
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("model", c_char_p),
                ("identity", c_char_p), ("memory", c_uint64), ("fast", c_uint32)]


LogFunction = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)
RequestFunction = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)
DoneFunction = ctypes.CFUNCTYPE(None, c_void_p, c_size_t, c_size_t)
ProgressFunction = ctypes.CFUNCTYPE(None, c_void_p, c_char_p)


class ModelOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("signature", c_char_p), ("outputs", POINTER(c_char_p)),
                ("output_count", c_size_t), ("inputs", POINTER(c_char_p)),
                ("input_count", c_size_t), ("log", LogFunction), ("log_user", c_void_p)]


class EngineOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("device", c_char_p), ("threads", c_int32),
                ("precision", c_int), ("calibration", c_void_p), ("memory_limit", c_uint64),
                ("outputs", POINTER(c_char_p)), ("output_count", c_size_t),
                ("max_cached_engines", c_int32), ("tune", c_int32), ("timing_cache", c_char_p),
                ("pin", c_int32), ("max_workspace_size", c_uint64),
                ("minimum_segment_size", c_int32), ("allow_build", c_int32), ("strict", c_int32)]


class StageTimes(_Sized):
    _fields_ = [("struct_size", c_size_t)] + [
        (name, c_double)
        for name in ("upload", "preprocess", "network", "postprocess", "download", "prepare")]


class MemoryUse(_Sized):
    _fields_ = [("struct_size", c_size_t), ("arena", c_uint64), ("weights", c_uint64),
                ("scratch", c_uint64)]


class PlanInfo(_Sized):
    _fields_ = [("struct_size", c_size_t), ("origin", c_char_p), ("shape_count", c_size_t),
                ("shapes", POINTER(Shape)), ("is_static", c_int32), ("is_slow", c_int32),
                ("build_ms", c_double), ("rung", c_char_p), ("why", c_char_p)]


class LayerInfo(_Sized):
    _fields_ = [("struct_size", c_size_t)] + [
        (name, c_char_p) for name in ("name", "op", "kernel", "output", "stage", "why")] + [
        ("macs", c_int64), ("ms", c_double), ("weight_bytes", c_int64),
        ("activation_bytes", c_int64), ("threads", c_int32)]


class SegmentInfo(_Sized):
    _fields_ = [("struct_size", c_size_t), ("device", c_char_p), ("why", c_char_p),
                ("layers", c_size_t)]


class CalibrateOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("method", c_char_p), ("per_channel", c_int32),
                ("progress", DoneFunction), ("progress_user", c_void_p)]


class BatcherOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("max_batch", c_int32), ("requests", c_int32),
                ("max_wait_microseconds", c_int64)]


class ConvertOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("signature", c_char_p), ("outputs", POINTER(c_char_p)),
                ("output_count", c_size_t), ("overwrite", c_int32), ("check_seconds", c_double)]


class OptimizeOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("outputs", POINTER(c_char_p)),
                ("output_count", c_size_t), ("shapes", POINTER(Shape)), ("shape_sets", c_size_t), ("inputs_per_set", c_size_t),
                ("engine", POINTER(EngineOptions)), ("no_build", c_int32), ("overwrite", c_int32),
                ("check_seconds", c_double), ("progress", ProgressFunction),
                ("progress_user", c_void_p), ("log", LogFunction), ("log_user", c_void_p)]


class DetectorOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("labels", c_char_p), ("boxes", c_char_p),
                ("scores", c_char_p), ("classes", c_char_p), ("num", c_char_p)]


class ClassScore(Structure):
    _fields_ = [("class_id", c_int32), ("score", c_float)]


class DetectOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("has_score", c_int32), ("score", c_float),
                ("class_scores", POINTER(ClassScore)), ("class_score_count", c_size_t),
                ("classes", POINTER(c_int32)), ("class_count", c_size_t), ("has_region", c_int32),
                ("region", c_float * 4), ("tile_rows", c_int32), ("tile_columns", c_int32),
                ("tile_overlap", c_float), ("no_whole", c_int32), ("tile_batch", c_int32)]


class Detection(Structure):
    _fields_ = [("class_id", c_int32), ("score", c_float), ("box", c_float * 4),
                ("label", c_char_p)]


_OUT = POINTER(c_void_p)
_H = c_void_p  # a handle
_STATUS = {
    "thaw_device_count": [POINTER(c_size_t)],
    "thaw_device_get": [c_size_t, POINTER(DeviceInfo)],
    "thaw_model_load": [c_char_p, POINTER(ModelOptions), _OUT],
    "thaw_model_from_memory": [c_void_p, c_size_t, c_char_p, POINTER(ModelOptions), _OUT],
    "thaw_model_input": [_H, c_size_t, POINTER(TensorInfo)],
    "thaw_model_output": [_H, c_size_t, POINTER(TensorInfo)],
    "thaw_engine_create": [_H, POINTER(EngineOptions), _OUT],
    "thaw_engine_input": [_H, c_size_t, POINTER(TensorInfo)],
    "thaw_engine_output": [_H, c_size_t, POINTER(TensorInfo)],
    "thaw_engine_prepare": [_H, POINTER(Shape), c_size_t],
    "thaw_engine_plan": [_H, c_size_t, _OUT],
    "thaw_plan_get": [_H, POINTER(PlanInfo)],
    "thaw_plan_layer": [_H, c_size_t, POINTER(LayerInfo)],
    "thaw_plan_segment": [_H, c_size_t, POINTER(SegmentInfo)],
    "thaw_calibrate_with": [_H, POINTER(EngineOptions), POINTER(CalibrateOptions), POINTER(Tensor),
                            c_size_t, _OUT],
    "thaw_calibration_read": [c_char_p, _OUT],
    "thaw_calibration_parse": [c_char_p, c_char_p, _OUT],
    "thaw_calibration_write": [_H, c_char_p],
    "thaw_request_create": [_H, _OUT],
    "thaw_request_set_input": [_H, c_size_t, c_void_p],
    "thaw_request_set_output": [_H, c_size_t, c_void_p],
    "thaw_request_run": [_H],
    "thaw_request_start": [_H],
    "thaw_request_wait": [_H],
    "thaw_request_wait_for": [_H, c_int64, c_void_p],
    "thaw_request_prepare": [_H, POINTER(Shape), c_size_t],
    "thaw_request_set_profiling": [_H, c_int],
    "thaw_request_plan": [_H, _OUT],
    "thaw_request_set_callback": [_H, RequestFunction, c_void_p],
    "thaw_request_output": [_H, c_size_t, c_void_p],
    "thaw_request_stages": [_H, POINTER(StageTimes)],
    "thaw_request_memory": [_H, POINTER(MemoryUse)],
    "thaw_batcher_create": [_H, POINTER(BatcherOptions), _OUT],
    "thaw_batcher_run": [_H, POINTER(Tensor), c_size_t, _OUT],
    "thaw_batcher_submit": [_H, POINTER(Tensor), c_size_t, _OUT],
    "thaw_pending_wait": [_H, _OUT],
    "thaw_results_get": [_H, c_size_t, c_void_p],
    "thaw_convert": [c_char_p, c_char_p, POINTER(ConvertOptions)],
    "thaw_optimize": [c_char_p, c_char_p, POINTER(OptimizeOptions)],
    "thaw_picture_read": [c_char_p, _OUT],
    "thaw_picture_decode": [c_char_p, c_size_t, c_char_p, _OUT],
    "thaw_picture_from_rgb": [c_void_p, c_int32, c_int32, c_size_t, _OUT],
    "thaw_picture_write": [_H, c_char_p],
    "thaw_detector_create": [_H, POINTER(EngineOptions), POINTER(DetectorOptions), _OUT],
    "thaw_detector_detect": [_H, _H, POINTER(DetectOptions), _OUT],
    "thaw_detector_class_id": [_H, c_char_p, POINTER(c_int32)],
    "thaw_detections_get": [_H, c_size_t, POINTER(Detection)],
    "thaw_detections_stages": [_H, POINTER(StageTimes)],
    "thaw_detections_annotate": [_H, _H, _OUT],
}
_OTHERS = {
    "thaw_version": (c_char_p, []),
    "thaw_last_error": (c_char_p, []),
    "thaw_model_input_count": (c_size_t, [_H]),
    "thaw_model_output_count": (c_size_t, [_H]),
    "thaw_engine_input_count": (c_size_t, [_H]),
    "thaw_engine_output_count": (c_size_t, [_H]),
    "thaw_engine_device": (c_char_p, [_H]),
    "thaw_engine_threads": (c_int32, [_H]),
    "thaw_engine_precision": (c_int, [_H]),
    "thaw_plan_layer_count": (c_size_t, [_H]),
    "thaw_plan_segment_count": (c_size_t, [_H]),
    "thaw_request_cancel": (None, [_H]),
    "thaw_calibration_text": (c_char_p, [_H]),
    "thaw_results_count": (c_size_t, [_H]),
    "thaw_picture_width": (c_int32, [_H]),
    "thaw_picture_height": (c_int32, [_H]),
    "thaw_picture_rgb": (c_void_p, [_H]),
    "thaw_picture_warning": (c_char_p, [_H]),
    "thaw_detections_count": (c_size_t, [_H]),
    "thaw_dlpack_deleter": (None, [c_void_p]),
    "thaw_main": (c_int, [c_int, POINTER(c_char_p)]),
}
_FREED = ("model", "engine", "calibration", "plan", "request", "batcher", "pending", "results",
          "picture", "detector", "detections")


def find():
    """The path of libthaw.so: the package's own; else $THAW_LIBRARY; else that of the checkout
    which this package lies in. Raises ResourceError where there is none."""
    here = os.path.dirname(os.path.abspath(__file__))
    checkout = os.path.dirname(os.path.dirname(here))
    tried = [os.path.join(here, "libthaw.so"), os.environ.get("THAW_LIBRARY", ""),
             os.path.join(checkout, "build", "release", "src", "libthaw.so")]
    for path in tried:
        if path and os.path.exists(path):
            return path
    raise errors.ResourceError(
        "no libthaw.so: neither {} nor $THAW_LIBRARY{} nor {} is there; install a wheel of thaw, "
        "or build one with: ninja -C build/release thaw_shared".format(
            tried[0], " ({})".format(tried[1]) if tried[1] else "", tried[2]))


def _open():
    path = find()
    try:
        library = ctypes.CDLL(path)
        for name, arguments in _STATUS.items():
            function = getattr(library, name)
            function.argtypes, function.restype = arguments, c_int
        for name, (result, arguments) in _OTHERS.items():
            function = getattr(library, name)
            function.argtypes, function.restype = arguments, result
        for kind in _FREED:
            function = getattr(library, "thaw_{}_free".format(kind))
            function.argtypes, function.restype = [c_void_p], None
    except (OSError, AttributeError) as error:
        raise errors.ResourceError("{}: can't be used: {}".format(path, error))
    return library


_library = None


def library():
    """The library, opened at the first call."""
    global _library
    if _library is None:
        _library = _open()
    return _library


def check(status):
    """Raises what a thaw_status that is not THAW_OK stands for. On the thread of the call that
    failed, before its next one."""
    if status != 0:
        message = library().thaw_last_error().decode("utf-8", "replace")
        raise errors.of_status(status, message)


def checked(function, *arguments):
    """Calls a function that returns a thaw_status; raises what that stands for."""
    check(function(*arguments))


# Threads of requests that are in a callback.
_callbacks = set()


class on_a_requests_thread:
    """Around what a callback of a request does: a request that loses its last reference there is
    freed on another thread, for freeing it waits for its own."""

    def __enter__(self):
        _callbacks.add(threading.get_ident())

    def __exit__(self, *_):
        _callbacks.discard(threading.get_ident())


class Handle:
    """A handle of the library's, freed with its last reference. `needs` is kept alive by it."""

    __slots__ = ("pointer", "_process", "_free", "_needs", "__weakref__")

    def __init__(self, kind, pointer, needs=None):
        self.pointer = pointer
        self._process = os.getpid()
        self._free = getattr(library(), "thaw_{}_free".format(kind))
        self._needs = needs

    def check_process(self):
        """Raises UsageError in a fork of the process that made it: its threads are not there, and
        whoever waited for them would wait for ever."""
        if self._process != os.getpid():
            raise errors.UsageError(
                "was made by another process, before a fork, which threads don't survive: make it "
                "in this process, or start processes by multiprocessing's 'spawn'")

    def __del__(self):
        if self._process != os.getpid():
            return
        if _callbacks and threading.get_ident() in _callbacks:
            threading.Thread(target=self._free, args=(self.pointer,), name="thaw").start()
        else:
            self._free(self.pointer)


def create(kind, function, *arguments, **keywords):
    """A Handle of what `function` makes through its last argument."""
    made = c_void_p()
    check(function(*(arguments + (ctypes.byref(made),))))
    return Handle(kind, made.value, **keywords)


def text(value, what):
    """A str or path as the C interface takes it; None stays None."""
    if value is None:
        return None
    try:
        value = os.fspath(value)
    except TypeError:
        raise errors.UsageError("{}: a path or text was expected, {} was found".format(
            what, type(value).__name__))
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise errors.UsageError("{}: holds a zero byte".format(what))
    return data


def texts(values, what):
    """(array, count) of a list of texts; of None, NULL and 0."""
    if values is None:
        return None, 0
    if isinstance(values, (str, bytes)):
        values = [values]
    encoded = [text(value, what) for value in values]
    return (c_char_p * len(encoded))(*encoded), len(encoded)


def shape_of(dims, what="shape"):
    """A sequence of extents as a thaw_shape; None or -1 is an unknown extent, None for all of them
    an unknown rank."""
    out = Shape()
    if dims is None:
        out.rank = -1
        return out
    try:
        numbers = [-1 if d is None else operator.index(d) for d in dims]
    except TypeError:
        numbers = [-2]
    if any(d < -1 for d in numbers):
        raise errors.UsageError("{}: a sequence of extents, None or -1 where one is open, was "
                                "expected, {!r} was found".format(what, dims))
    dims = numbers
    if len(dims) > MAX_RANK:
        raise errors.UsageError("{}: {} dimensions, at most {}".format(what, len(dims), MAX_RANK))
    out.rank = len(dims)
    out.dims[:len(dims)] = dims
    return out


def dims_of(shape):
    """A thaw_shape as a tuple; None for what is unknown."""
    if shape.rank < 0:
        return None
    return tuple(None if d < 0 else d for d in shape.dims[:shape.rank])
