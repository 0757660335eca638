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

from .engine import Engine, Request, optimize
from .errors import (Cancelled, Error, InputError, InternalError, NotFoundError, ResourceError,
                     UsageError)
from .model import Model, TensorInfo, load
from .version import __version__
