"""Pictures in, detections out."""

import ctypes
import functools
import operator
import os
import re

from . import _library, errors
from ._interrupt import interruptible
from ._options import engine_options
from .detection import Detection, Detections
from .device import warn_without_gain
from .model import Model, load
from .picture import Picture
from .plan import stages_of


class Detector:
    """An object detector:

        detector = thaw.Detector("fast", labels="label_map.pbtxt")
        for found in detector("photo.jpg"):
            print(found.label, found.score, found.box)

    model: a Model, what load() takes, or an Engine, whose model and options are taken.
    labels: a label map (.pbtxt), or a file of one label a line; None: labels are the class numbers.
    score: the lowest score that counts, where a call names no other.
    outputs: which tensor is what, where names and shapes don't tell: a dict with the keys "boxes",
        "scores", "classes" and "num".
    precision, device, threads, memory_limit, max_cached_engines, tune, timing_cache, pin: as
        optimize() has them.

    Any number of threads may call it at once; the GIL is free meanwhile. Pickling passes the path
    and the options. Raises InputError, UsageError, ResourceError."""

    def __init__(self, model, labels=None, score=0.5, outputs=None, precision=None, device="auto",
                 threads=0, memory_limit=0, max_cached_engines=None, tune=False, timing_cache=None,
                 pin=False):
        options = {"precision": precision, "device": device, "threads": threads,
                   "memory_limit": memory_limit, "max_cached_engines": max_cached_engines,
                   "tune": tune, "timing_cache": timing_cache, "pin": pin}
        calibration = None
        is_engine = hasattr(model, "calibration")  # whose module needs numpy
        if is_engine:
            options = dict(model.options, precision=model.precision)
            calibration, model = model.calibration, model.model
        elif not isinstance(model, Model):
            model = load(model)
        self.model, self.labels, self.score = model, labels, _fraction(score, "score")
        self._sizes = set()  # (width, height) of pictures that it has seen
        self._again = (labels, score, outputs, options, is_engine)
        given = engine_options(options, calibration)
        self._calibration = calibration
        roles = _library.DetectorOptions()
        roles.labels = _library.text(labels, "labels")
        if labels is not None and not os.path.exists(roles.labels):
            raise errors.NotFoundError("{}: no such file".format(labels))
        for role, tensor in (outputs or {}).items():
            if role not in ("boxes", "scores", "classes", "num"):
                raise errors.UsageError(
                    "outputs: {!r}; boxes, scores, classes and num are known".format(role))
            setattr(roles, role, _library.text(tensor, "outputs"))
        self._handle = _library.create(
            "detector", _library.library().thaw_detector_create, model._handle.pointer,
            ctypes.byref(given), ctypes.byref(roles), needs=model._handle)
        if not is_engine:
            warn_without_gain(precision, device)

    def __call__(self, picture, score=None, classes=None, class_scores=None, region=None,
                 tiles=None, tile_overlap=0, tiles_only=False, tile_batch=0):
        """The Detections of a picture, best score first; of a list of pictures, a list of them.

        picture: what Picture.of() takes.
        score: the lowest that counts. classes: only these, labels or numbers. class_scores: a dict
        of the lowest scores of single classes. region: (top, left, bottom, right) in 0..1, the only
        part that is looked at. tiles: (rows, columns) of overlapping tiles to look at besides the
        whole picture, for small, far objects; tiles_only leaves the whole one out; tile_overlap: of
        a tile, 0.2 by default; tile_batch: tiles that run at once. Both as the command takes them
        do too: region="0,0,0.5,0.5", tiles="2x3".

        Raises InputError where the picture can't be used, UsageError for options that can't be."""
        options = self._detect_options(score, classes, class_scores, region, tiles, tile_overlap,
                                       tiles_only, tile_batch)
        if isinstance(picture, (list, tuple)):
            return [self._detect(Picture.of(one), options) for one in picture]
        return self._detect(Picture.of(picture), options)

    def class_id(self, label):
        """The number of the class that is called so. Raises InputError where there is none."""
        if isinstance(label, int):
            return label
        number = ctypes.c_int32()
        _library.check(_library.library().thaw_detector_class_id(
            self._handle.pointer, _library.text(label, "class"), ctypes.byref(number)))
        return number.value

    def _detect_options(self, score, classes, class_scores, region, tiles, tile_overlap, tiles_only,
                        tile_batch):
        options = _library.DetectOptions()
        options.has_score, options.score = 1, \
            self.score if score is None else _fraction(score, "score")
        if class_scores:
            rows = [_library.ClassScore(self.class_id(name), _number(least, "class_scores"))
                    for name, least in class_scores.items()]
            options.class_scores = (_library.ClassScore * len(rows))(*rows)
            options.class_score_count = len(rows)
        if classes is not None:
            numbers = [self.class_id(name)
                       for name in ([classes] if isinstance(classes, (str, int)) else classes)]
            options.classes = (ctypes.c_int32 * len(numbers))(*numbers)
            options.class_count = len(numbers)
        if region is not None:
            options.has_region = 1
            options.region[:] = _region(region)
        if tiles is not None:
            options.tile_rows, options.tile_columns = _tiles(tiles)
        options.tile_overlap = _number(tile_overlap, "tile_overlap")
        options.tile_batch = _tile_batch(tile_batch)
        options.no_whole = bool(tiles_only)
        return options

    def _detect(self, picture, options):
        self._handle.check_process()
        library = _library.library()
        made = ctypes.c_void_p()
        size = (picture.width, picture.height)
        # A plan may have to be built for a new size; then, and for tiles, Ctrl-C is worth a thread.
        detect = _library.checked if size in self._sizes and not options.tile_rows else \
            functools.partial(interruptible, (self, picture))
        detect(library.thaw_detector_detect, self._handle.pointer, picture._handle.pointer,
               ctypes.byref(options), ctypes.byref(made))
        self._sizes.add(size)
        handle = _library.Handle("detections", made.value)
        stages = stages_of(library.thaw_detections_stages, handle.pointer)
        found = Detections(picture.width, picture.height, stages, handle)
        one = _library.Detection()
        for index in range(library.thaw_detections_count(handle.pointer)):
            _library.check(library.thaw_detections_get(handle.pointer, index, ctypes.byref(one)))
            found.append(Detection(one.label.decode("utf-8", "replace"), one.score, tuple(one.box),
                                   one.class_id, picture.width, picture.height))
        return found

    def __repr__(self):
        return "<thaw.Detector {!r}>".format(self.model.path or "(memory)")

    def __reduce__(self):
        return _detector_again, (self.model, self._calibration) + self._again


def _number(value, what, expected="a number"):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise errors.UsageError("{}: {!r}; {} was expected".format(what, value, expected))


def _fraction(value, what):
    number = _number(value, what, "a number in 0..1")
    if not 0 <= number <= 1:
        raise errors.UsageError("{}: {!r}; a number in 0..1 was expected".format(what, value))
    return number


def _region(given):
    """Four numbers of (top, left, bottom, right) or of such a text."""
    try:
        ends = [float(end) for end in (given.split(",") if isinstance(given, str) else given)]
        top, left, bottom, right = ends
        if 0 <= top < bottom <= 1 and 0 <= left < right <= 1:
            return ends
    except (TypeError, ValueError):
        pass
    raise errors.UsageError("region: {!r}; (top, left, bottom, right) in 0..1 such as "
                            "(0.1, 0, 0.6, 1) was expected".format(given))


def _tiles(given):
    """Rows and columns of a pair or of such a text."""
    try:
        if isinstance(given, str):
            given = [int(count) for count in re.match("([0-9]{1,3})x([0-9]{1,3})$", given).groups()]
        rows, columns = [operator.index(count) for count in given]
        if rows >= 1 and columns >= 1 and rows * columns <= 256:
            return rows, columns
    except (AttributeError, TypeError, ValueError):
        pass
    raise errors.UsageError("tiles: {!r}; (rows, columns) such as (2, 3), at most 256 tiles, was "
                            "expected".format(given))


def _tile_batch(given):
    try:
        if 0 <= operator.index(given) <= 256:
            return operator.index(given)
    except TypeError:
        pass
    raise errors.UsageError("tile_batch: {!r}; 0 to 256 was expected".format(given))


def _detector_again(model, calibration, labels, score, outputs, options, is_engine):
    if not is_engine:
        return Detector(model, labels, score, outputs, **options)
    from .engine import Engine
    return Detector(Engine(model, options, calibration), labels, score, outputs)
