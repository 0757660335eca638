"""The devices of this machine."""

import collections
import ctypes

from . import _library

DeviceInfo = collections.namedtuple("DeviceInfo", "name model identity memory fast")
DeviceInfo.__doc__ = """name: for optimize(device=...). model: of the processor or board, for
people. identity: what plans and timings depend on. memory: bytes. fast: precisions that are faster
there than FP32, and FP32 itself."""


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
