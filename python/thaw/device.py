"""The devices of this machine."""

import collections
import ctypes

from . import _library

DeviceInfo = collections.namedtuple("DeviceInfo", "name model identity memory fast")
DeviceInfo.__doc__ = """name: for optimize(device=...). model: of the processor or board, for
people. identity: what plans and timings depend on. memory: bytes. fast: precisions that are faster
there than FP32, and FP32 itself."""

_warned = set()  # (precision, device) that no gain was told of


def warn_without_gain(precision, device):
    """One warning in a process where a precision that somebody asks for is no faster than FP32 on a
    device ("auto": the best one)."""
    if precision is None:
        return
    precision = str(getattr(precision, "name", precision)).upper()
    found = [one for one in devices() if device in ("auto", one.name)][:1]
    if precision not in _library.PRECISIONS or not found or precision in found[0].fast:
        return
    name = found[0].name
    if (precision, name) in _warned:
        return
    _warned.add((precision, name))
    fast = [one for one in found[0].fast if one != "FP32"]
    others = " and ".join([", ".join(fast[:-1])] * (len(fast) > 1) + fast[-1:])
    from ._log import log
    log.warning("%s is not faster than FP32 on this device (%s)%s", precision, name,
                "; {} {}".format(others, "are" if len(fast) > 1 else "is") if fast else "")


def devices():
    """A list of DeviceInfo, best first."""
    library = _library.library()
    count = ctypes.c_size_t()
    _library.check(library.thaw_device_count(ctypes.byref(count)))
    found = []
    for index in range(count.value):
        info = _library.DeviceInfo()
        _library.check(library.thaw_device_get(index, ctypes.byref(info)))
        fast = [name for code, name in enumerate(_library.PRECISIONS)
                if name and info.fast >> code & 1]
        found.append(DeviceInfo(info.name.decode(), info.model.decode("utf-8", "replace"),
                                info.identity.decode("utf-8", "replace"), info.memory, fast))
    return found
