"""Ranges of a model's layers, which INT8 needs (docs/commands.md, Calibration)."""

import ctypes
import os
import re

from . import _library, errors
from ._interrupt import interruptible
from ._options import engine_options, in_order

# A range in a table's text: its method.
_RANGE = r'^range +(?:"(?:[^"\\]|\\.)*"|\S+) +\S+ +\S+(?: +([^\s#]+))?'


class Calibration:
    """Ranges of a model's layers for INT8, measured on batches of inputs.

    batches: as optimize()'s `calibrate`; a path is that of photographs.
    method: how a range is chosen from the values seen: "mse", "entropy", "percentile:99.99" or
        "min-max"; what lies outside is clipped.
    per_channel: ranges of channels besides, where only depthwise layers read them.
    progress: called with how much is done and of how much.
    device, threads: that the model runs on for that.
    max_pictures: so many of the photographs at most.

    text: the table of the ranges and of the layers that stay in float32. Immutable; any number of
    threads may use it. Pickling passes the table."""

    def __init__(self, model, batches, method=None, per_channel=False, progress=None, device="auto",
                 threads=0, max_pictures=32):
        from . import _arrays, _photographs
        library = _library.library()
        names = [info.name for info in model.inputs]
        given = []
        for batch in _photographs.batches(batches, model, max_pictures):
            for value, info in zip(in_order(batch, names, "calibrate"), model.inputs):
                first = given[len(given) % len(names)] if len(given) >= len(names) else None
                given.append(_fitting(_arrays.fed(value, info), info, first))
        tensors = (_library.Tensor * len(given))()
        for tensor, one in zip(tensors, given):
            one.fill(tensor)
        how = _library.CalibrateOptions(per_channel=bool(per_channel))
        how.method = _library.text(method, "method")
        if progress is not None:
            how.progress = _library.DoneFunction(lambda _user, done, total: progress(done, total))
        options = engine_options({"device": device, "threads": threads})
        made = ctypes.c_void_p()
        interruptible((model, given), library.thaw_calibrate_with, model._handle.pointer,
                      ctypes.byref(options), ctypes.byref(how), tensors,
                      len(given) // max(1, len(names)), ctypes.byref(made))
        self._handle = _library.Handle("calibration", made.value)

    @classmethod
    def of(cls, given, model, device="auto", threads=0):
        """A calibration of what optimize() takes as `calibrate`."""
        if isinstance(given, str) or hasattr(given, "__fspath__"):
            from ._photographs import are_named_by
            if not are_named_by(given):
                return cls.read(given)
        if isinstance(given, dict):
            return cls.parse(_table(given))
        return cls(model, given, device=device, threads=threads)

    @classmethod
    def read(cls, path):
        """Of a table's file, or of a SavedModel's folder that was optimised with one. Raises
        InputError naming file, line and layer."""
        encoded = _library.text(path, "calibrate")
        if not os.path.exists(path):
            raise errors.NotFoundError("{}: no such file or folder".format(path))
        return cls._of_handle(_library.create(
            "calibration", _library.library().thaw_calibration_read, encoded))

    @classmethod
    def parse(cls, text):
        """Of a table's text."""
        return cls._of_handle(_library.create(
            "calibration", _library.library().thaw_calibration_parse, _library.text(text, "table"),
            None))

    @classmethod
    def _of_handle(cls, handle):
        made = cls.__new__(cls)
        made._handle = handle
        return made

    @property
    def text(self):
        return _library.library().thaw_calibration_text(self._handle.pointer).decode("utf-8")

    def __repr__(self):
        found = re.findall(_RANGE, self.text, re.M)
        return "<thaw.Calibration {}: ranges of {} layers>".format(
            ", ".join(sorted({method or "by-hand" for method in found})) or "(empty)", len(found))

    def write(self, path):
        """Writes the table, which may be edited and read again. It appears whole or not at all."""
        _library.check(_library.library().thaw_calibration_write(self._handle.pointer,
                                                                 _library.text(path, "path")))

    def __reduce__(self):
        return Calibration.parse, (self.text,)


def _fitting(value, info, first):
    """The Fed value of an input where it fits the model and has the shape of the first batch's."""
    dtype = _library.DTYPES[value.code]
    fits = dtype == info.dtype and (info.shape is None or (
        len(value.shape) == len(info.shape) and
        all(want in (None, found) for want, found in zip(info.shape, value.shape))))
    if not fits or (first and first.shape != value.shape):
        raise errors.InputError("calibrate: input '{}' is {}{}, a batch of {}{} was given{}".format(
            info.name, info.dtype, list(info.shape or []), dtype, list(value.shape),
            " behind one of {}".format(list(first.shape)) if fits else ""))
    return value


def _table(ranges):
    """The table of a dict of (low, high) by the layers' names."""
    lines = ["# thaw calibration 1"]
    for layer, ends in ranges.items():
        try:
            low, high = (repr(float(end)) for end in ends)
        except (TypeError, ValueError):
            raise errors.UsageError("calibrate: layer {!r} has {!r}; a pair of numbers was "
                                    "expected".format(layer, ends))
        name = layer.replace("\\", "\\\\").replace('"', '\\"')
        lines.append('range "{}" {} {} by-hand'.format(name, low, high))
    return "\n".join(lines) + "\n"
