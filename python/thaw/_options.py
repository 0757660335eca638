"""The options of engines, as Python says them and as the library takes them."""

import operator
import re

from . import _library, errors

_UNITS = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "KB": 10**3, "MB": 10**6,
          "GB": 10**9}


def _bytes(value):
    """Bytes of a number or of a text such as "512MiB"."""
    if not isinstance(value, str):
        return int(value)
    number = value.strip().rstrip("BbIiKkMmGg ")
    unit = value.strip()[len(number):].strip().upper()
    try:
        return int(float(number) * _UNITS[unit])
    except (ValueError, KeyError):
        raise errors.UsageError("memory_limit: {!r}; a number of bytes or a text such as '512MiB' "
                                "was expected".format(value))


def precision_code(name):
    """The thaw_precision of a name in either case; 0 for None."""
    name = getattr(name, "name", name)
    if name is None:
        return 0
    try:
        return _library.PRECISIONS.index(str(name).upper())
    except ValueError:
        raise errors.UsageError("precision: {!r}; one of {} was expected".format(
            name, ", ".join(_library.PRECISIONS[1:])))


def _device(name):
    """A device's name as the library takes it; TensorFlow's "/GPU:1" is "cuda:1"."""
    gpu = isinstance(name, str) and re.match(r"(?i)/?(device:)?gpu(:\d+)?$", name)
    return _library.text("cuda" + (gpu.group(2) or "") if gpu else name or "auto", "device")


def _whole(options, name, least):
    """A whole number among the options; 0 where it is not given."""
    value = options.get(name)
    try:
        number = 0 if value is None else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise errors.UsageError("{}: {!r}; a whole number, {} or more, was expected".format(
            name, value, least))
    return number


def engine_options(options, calibration=None):
    """A thaw_engine_options of optimize()'s arguments."""
    out = _library.EngineOptions()
    out.device = _device(options.get("device"))
    out.threads = _whole(options, "threads", 0)
    out.precision = precision_code(options.get("precision"))
    out.memory_limit = _bytes(options.get("memory_limit") or 0)
    out.outputs, out.output_count = _library.texts(options.get("outputs"), "outputs")
    kept = _whole(options, "max_cached_engines", 0)
    out.max_cached_engines = kept if options.get("max_cached_engines") is None else (kept or -1)
    out.tune = bool(options.get("tune"))
    out.timing_cache = _library.text(options.get("timing_cache"), "timing_cache")
    out.pin = bool(options.get("pin"))
    out.max_workspace_size = _bytes(options.get("max_workspace_size") or 0)
    out.minimum_segment_size = _whole(options, "minimum_segment_size", -1)
    allow_build = options.get("allow_build")
    out.allow_build = 0 if allow_build is None else 1 if allow_build else -1
    out.strict = bool(options.get("strict"))
    if calibration is not None:
        out.calibration = calibration._handle.pointer
    return out


def in_order(values, names, what):
    """`values` in the order of `names`: a dict by name (missing ones are None), a list or tuple of
    as many, or the value itself where there is one name."""
    if isinstance(values, dict):
        unknown = [name for name in values if name not in names]
        if unknown:
            raise errors.UsageError("{}: the model has no input '{}', but {}".format(
                what, unknown[0], ", ".join(names)))
        return [values.get(name) for name in names]
    if isinstance(values, (list, tuple)) and len(values) == len(names):
        return list(values)
    if len(names) == 1:
        return [values]
    raise errors.UsageError("{}: a dict by name or a list of {} was expected ({})".format(
        what, len(names), ", ".join(names)))
