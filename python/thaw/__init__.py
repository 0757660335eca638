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

from ._arrays import Tensor
from .batcher import Batcher, Pending
from .commands import bench, compare, convert, inspect, summary
from .detection import Detection, Detections
from .detector import Detector
from .device import DeviceInfo, devices
from .engine import Calibration, Engine, optimize
from .errors import (Cancelled, Error, InputError, InternalError, NotFoundError, ResourceError,
                     UsageError)
from .model import Model, TensorInfo, load
from .picture import Picture
from .plan import Layer, Plan, Segment
from .request import MemoryUse, Request, StageTimes
from .version import __version__


__all__ = [
    "Batcher", "Calibration", "Cancelled", "Detection", "Detections", "Detector", "DeviceInfo",
    "Engine", "Error", "InputError", "InternalError", "Layer", "MemoryUse", "Model", "NotFoundError",
    "Pending", "Picture", "Plan", "Request", "ResourceError", "Segment", "StageTimes", "Tensor",
    "TensorInfo", "UsageError", "__version__", "bench", "compare", "convert", "devices", "inspect",
    "load", "optimize", "summary"]

# TensorFlow's names (docs/from_tf_trt.md), which `import thaw` alone need not wait for.
_TENSORFLOWS = ("config", "experimental", "saved_model", "tf", "trt_convert")


class _Package(type(sys)):
    """Imports a module of TensorFlow's names when it is first asked for; Python 3.6 does not ask a
    module's own __getattr__."""

    def __getattr__(self, name):
        if name not in _TENSORFLOWS:
            raise AttributeError("module 'thaw' has no attribute '{}'".format(name))
        import importlib
        return importlib.import_module("." + name, __name__)


sys.modules[__name__].__class__ = _Package
