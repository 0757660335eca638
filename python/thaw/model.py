"""Models as they lie on disk, and what their inputs and outputs are."""

import collections
import ctypes
import os

from . import _library, errors

TensorInfo = collections.namedtuple("TensorInfo", "name tensor dtype shape optional")
TensorInfo.__doc__ = """An input or output of a model.

name: as the signature or graph has it, "detection_boxes".
tensor: the TensorFlow tensor, "detection_boxes:0".
dtype: numpy's name of the element type, "uint8"; "bfloat16" and "string" too.
shape: a tuple, None for each extent that is open; None where not even the rank is known.
optional: of an input, whether it takes its default where it is not fed."""


def infos(handle, kind, direction):
    """The TensorInfos of a model's or engine's inputs or outputs."""
    library = _library.library()
    count = getattr(library, "thaw_{}_{}_count".format(kind, direction))(handle.pointer)
    get = getattr(library, "thaw_{}_{}".format(kind, direction))
    found = []
    for index in range(count):
        info = _library.TensorInfo()
        _library.check(get(handle.pointer, index, ctypes.byref(info)))
        found.append(TensorInfo(info.name.decode(), info.tensor.decode(),
                                _library.DTYPES[info.dtype], _library.dims_of(info.shape), bool(info.optional)))
    return found


def _log(_user, level, text):
    from ._log import log  # that loads logging, which takes its time
    (log.warning if level else log.info)("%s", text.decode("utf-8", "replace"))


# For good: models and engines call it as long as they live.
LOG = _library.LogFunction(_log)


class Model:
    """A frozen graph or SavedModel, read and checked but not yet made ready to run: load() makes
    it.

    path: of its file or folder; None where it was loaded from bytes.
    inputs, outputs: lists of TensorInfo.

    Immutable; any number of threads may use it. Pickling passes the path and the options of load(),
    never weights. What the library has to say goes to logging's "thaw"."""

    def __init__(self, handle, path, options):
        self._handle = handle
        self.path = path
        self.options = options
        self.inputs = infos(handle, "model", "input")
        self.outputs = infos(handle, "model", "output")

    def __repr__(self):
        return "<thaw.Model {!r}: {} -> {}>".format(
            self.path or "(memory)", ", ".join(i.name for i in self.inputs),
            ", ".join(o.name for o in self.outputs))

    def __reduce__(self):
        if self.path is None:
            raise errors.UsageError("a model that was loaded from bytes can't be pickled: its path "
                                    "would be passed, and it has none")
        return _load_again, (self.path, self.options)


def _load_again(path, options):
    return load(path, **options)


def load(path, signature=None, outputs=None, inputs=None):
    """Reads a model: a frozen graph (.pb, .pbtxt), a SavedModel's folder, one that thaw optimised,
    or a frozen graph's bytes.

    signature: of a SavedModel; default serving_default, or the only one.
    outputs: names of tensors ("scores:0") to compute in place of the model's outputs.
    inputs: names of tensors to feed in place of the model's inputs.

    Raises InputError where the model can't be used (NotFoundError where it is not there), naming
    file and node; UsageError for wrong arguments."""
    options = _library.ModelOptions(log=LOG)
    options.signature = _library.text(signature, "signature")
    options.outputs, options.output_count = _library.texts(outputs, "outputs")
    options.inputs, options.input_count = _library.texts(inputs, "inputs")
    library = _library.library()
    if isinstance(path, (bytes, bytearray, memoryview)):
        data = bytes(path)
        handle = _library.create("model", library.thaw_model_from_memory, data, len(data), None,
                                 ctypes.byref(options))
        path = None
    else:
        encoded = _library.text(path, "path")
        path = os.fspath(path)
        if not os.path.exists(path):
            raise errors.NotFoundError("{}: no such file or folder".format(path))
        handle = _library.create("model", library.thaw_model_load, encoded, ctypes.byref(options))
    kept = {"signature": signature, "outputs": outputs, "inputs": inputs}
    return Model(handle, path, {key: value for key, value in kept.items() if value is not None})
