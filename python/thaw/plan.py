"""What there is to know of runs: plans (what an engine made of the model for inputs of some shapes,
as it was when asked), times, memory."""

import collections
import ctypes

from . import _library

Plan = collections.namedtuple(
    "Plan", "origin shapes is_static is_slow build_ms rung why layers segments")
Plan.__doc__ = """origin: its file, or "built in memory".
shapes: of the inputs that it serves; None for height and width where it serves pictures of all
    sizes, and for the shape of an optional input that is not fed.
is_static: all shapes are known before the run. is_slow: it stands in for plans that there are not.
build_ms: milliseconds. rung: how the engine came to it, the best first: "stored", "built",
"cache full", "build not allowed", "build failed". why: what was wrong with a better one; "".
layers, segments: lists of Layer and Segment, in order."""

Layer = collections.namedtuple(
    "Layer", "name op kernel output stage why macs ms weight_bytes activation_bytes threads")
Layer.__doc__ = """name: the TensorFlow node. op: thaw's, with its attributes. kernel:
"cpu.conv2d.avx512". output: "float32[1,150,150,24]". stage: upload, preprocess, network,
postprocess or download. why: faster kernels were passed over, or how the race went. macs:
multiply-accumulates.
ms: mean over profiled runs, or as measured when the plan's file was written. threads: that it may
use."""

Segment = collections.namedtuple("Segment", "device why layers")
Segment.__doc__ = """Steps that follow each other on one device. why: it does not go on where the
one before ran. layers: how many."""


StageTimes = collections.namedtuple(
    "StageTimes", "upload preprocess network postprocess download prepare")
StageTimes.__doc__ = """Where the time of a run went, milliseconds; prepare: building the plan, or
waiting for it."""

MemoryUse = collections.namedtuple("MemoryUse", "arena weights scratch")
MemoryUse.__doc__ = """Bytes that a request holds: activations, weights (shared by all requests of
an engine), working memory."""


def stages_of(function, pointer):
    """The StageTimes that a function of the library's tells of a handle."""
    times = _library.StageTimes()
    _library.check(function(pointer, ctypes.byref(times)))
    return StageTimes(*(getattr(times, field) for field in StageTimes._fields))


def _values(info, kind):
    values = (getattr(info, field) for field in kind._fields)
    return kind(*[value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                  for value in values])


def _parts(pointer, name, struct, kind):
    library = _library.library()
    get = getattr(library, "thaw_plan_" + name)
    found = []
    for index in range(getattr(library, "thaw_plan_{}_count".format(name))(pointer)):
        info = struct()
        _library.check(get(pointer, index, ctypes.byref(info)))
        found.append(_values(info, kind))
    return found


def _describe(handle):
    info = _library.PlanInfo()
    _library.check(_library.library().thaw_plan_get(handle.pointer, ctypes.byref(info)))
    return Plan(info.origin.decode("utf-8", "replace"),
                [_library.dims_of(info.shapes[i]) for i in range(info.shape_count)],
                bool(info.is_static), bool(info.is_slow), info.build_ms,
                info.rung.decode("utf-8", "replace"), info.why.decode("utf-8", "replace"),
                _parts(handle.pointer, "layer", _library.LayerInfo, Layer),
                _parts(handle.pointer, "segment", _library.SegmentInfo, Segment))


def plans(engine):
    found = []
    while True:
        handle = _library.create("plan", _library.library().thaw_engine_plan,
                                 engine._handle.pointer, len(found))
        if not handle.pointer:
            return found
        found.append(_describe(handle))


def plan_of(request):
    handle = _library.create("plan", _library.library().thaw_request_plan, request._pointer)
    return _describe(handle) if handle.pointer else None
