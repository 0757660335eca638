"""thaw runs TensorFlow's object detectors without TensorFlow.

    model = thaw.load("frozen_inference_graph.pb")               # or a SavedModel's folder
    engine = thaw.optimize(model, precision="FP16", shapes=[(1, 360, 640, 3)])
    out = engine(image_tensor=batch)                             # dict of arrays
    engine.save("fast")
    detector = thaw.Detector("fast", labels="label_map.pbtxt")
    for d in detector("photo.jpg"):
        print(d.label, d.score, d.box)

docs/python.md is its manual. It needs numpy, and libthaw.so, which lies in the package.
"""

import sys

from .version import __version__

__all__ = [
    "Batcher", "Calibration", "Cancelled", "Detection", "Detections", "Detector", "DeviceInfo",
    "Engine", "Error", "InputError", "InternalError", "Layer", "MemoryUse", "Model",
    "NotFoundError", "Pending", "Picture", "Plan", "Request", "ResourceError", "Segment", "StageTimes", "Tensor",
    "TensorInfo", "UsageError", "__version__", "bench", "compare", "convert", "devices", "inspect",
    "load", "optimize", "summary"]

# Where each name is. Modules are loaded when a name of theirs is first used: a program that asks a
# detector for the objects in a file needs no numpy, whose import takes longer than the detector.
_MODULES = {
    "_arrays": ["Tensor"], "batcher": ["Batcher", "Pending"],
    "commands": ["bench", "compare", "convert", "inspect", "summary"],
    "detection": ["Detection", "Detections"], "detector": ["Detector"],
    "calibration": ["Calibration"], "device": ["DeviceInfo", "devices"],
    "engine": ["Engine", "optimize"],
    "errors": ["Cancelled", "Error", "InputError", "InternalError", "NotFoundError",
               "ResourceError", "UsageError"],
    "model": ["Model", "TensorInfo", "load"], "picture": ["Picture"],
    "plan": ["Layer", "MemoryUse", "Plan", "Segment", "StageTimes"], "request": ["Request"]}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}
# TensorFlow's names (docs/from_tf_trt.md).
_TENSORFLOWS = ("config", "experimental", "saved_model", "tf", "trt_convert")


class _Package(type(sys)):
    """Imports what is first asked for; Python 3.6 does not ask a module's own __getattr__."""

    def __getattr__(self, name):
        import importlib
        if name in _TENSORFLOWS:
            return importlib.import_module("." + name, __name__)
        if name not in _PLACES:
            raise AttributeError("module 'thaw' has no attribute '{}'".format(name))
        value = getattr(importlib.import_module("." + _PLACES[name], __name__), name)
        setattr(self, name, value)
        return value

    def __dir__(self):
        return sorted(set(super().__dir__()) | set(__all__) | set(_TENSORFLOWS))


sys.modules[__name__].__class__ = _Package
