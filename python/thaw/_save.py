"""What Engine.save does: the library optimises the model's file anew, with the engine's options."""

import ctypes

from . import _library, errors
from ._interrupt import interruptible
from ._options import engine_options
from .model import LOG


def _log(user, level, text):
    if b"is no faster than FP32" not in text:  # Python has told of that when it made the engine
        LOG(user, level, text)


_LOG = _library.LogFunction(_log)


def save(engine, path, overwrite, progress, build=True, model=None, **changes):
    """Plans are left out where not `build`; `model` is written in place of the engine's, `changes`
    are options that differ from the engine's."""
    model = model or engine.model
    if set(model.options) - {"outputs"}:
        raise errors.UsageError("an engine of a part of a model ({}) can't be saved; convert() "
                                "writes the part as a model first".format(
                                    ", ".join(sorted(model.options))))
    if model.path is None:
        raise errors.UsageError("a model that was loaded from bytes has no file to optimise")
    options = dict(engine.options, precision=engine.precision)
    options.update(changes)
    given = engine_options(options, engine.calibration)
    options = _library.OptimizeOptions()
    options.outputs, options.output_count = _library.texts(model.options.get("outputs"), "outputs")
    options.engine = ctypes.pointer(given)
    options.overwrite = bool(overwrite)
    options.no_build = not build
    shapes = [_library.shape_of(shape) for one in engine._shapes for shape in one]
    options.shape_sets, options.inputs_per_set = len(engine._shapes), len(engine.inputs)
    options.shapes = (_library.Shape * len(shapes))(*shapes)
    options.log = _LOG
    if progress is not None:
        options.progress = _library.ProgressFunction(
            lambda _user, text: progress(text.decode("utf-8", "replace")))
    try:
        interruptible(engine, _library.library().thaw_optimize,
                      _library.text(model.path, "path"), _library.text(path, "path"),
                      ctypes.byref(options))
    except errors.UsageError as error:
        raise errors.UsageError(str(error).replace("ask to replace it", "say overwrite=True"))
