"""TensorFlow's tf.saved_model on thaw: loads a SavedModel and calls its signatures.

    infer = thaw.saved_model.load("fast", tags=["serve"]).signatures["serving_default"]
    scores = infer(batch)["detection_scores"].numpy()
"""

import collections
import os

from . import _protobuf
from ._function import Function
from ._settings import default_options
from .errors import InputError, NotFoundError, UsageError
from .engine import optimize
from .model import load as _load_model

SERVING = "serve"
GPU = "gpu"
TPU = "tpu"
TRAINING = "train"
PREDICT_METHOD_NAME = "tensorflow/serving/predict"
DEFAULT_SERVING_SIGNATURE_DEF_KEY = "serving_default"

ASSETS_DIRECTORY = "assets"
DEBUG_DIRECTORY = "debug"
SAVED_MODEL_FILENAME_PB = "saved_model.pb"
SAVED_MODEL_FILENAME_PBTXT = "saved_model.pbtxt"
VARIABLES_DIRECTORY = "variables"
VARIABLES_FILENAME = "variables"


class tag_constants:
    """tf.saved_model's tags."""
    SERVING, GPU, TPU, TRAINING = SERVING, GPU, TPU, TRAINING


class signature_constants:
    """tf.saved_model's names of signatures and methods."""
    DEFAULT_SERVING_SIGNATURE_DEF_KEY = DEFAULT_SERVING_SIGNATURE_DEF_KEY
    PREDICT_METHOD_NAME = PREDICT_METHOD_NAME
    PREDICT_INPUTS = "inputs"
    PREDICT_OUTPUTS = "outputs"


class SaveOptions:
    """tf.saved_model.SaveOptions: kept as it is given, nothing of it concerns thaw."""

    def __init__(self, **options):
        self.__dict__.update(options)


class LoadOptions(SaveOptions):
    """tf.saved_model.LoadOptions: nothing of it concerns thaw."""


def contains_saved_model(export_dir):
    """Whether the folder holds a SavedModel."""
    return any(os.path.isfile(os.path.join(str(export_dir), name))
               for name in (SAVED_MODEL_FILENAME_PB, SAVED_MODEL_FILENAME_PBTXT))


def _tags_of(tags):
    if tags is None:
        return None
    return [tags] if isinstance(tags, str) else [str(tag) for tag in tags]


def signature_keys(path, tags=None):
    """The keys of a SavedModel's signatures; of a frozen graph and of a SavedModel as text
    serving_default.

    Raises NotFoundError where there is no model, InputError where it has no graph with these tags
    or is no SavedModel."""
    path = str(path)
    if os.path.isfile(path):
        return [DEFAULT_SERVING_SIGNATURE_DEF_KEY]
    if not contains_saved_model(path):
        raise NotFoundError("%s: no SavedModel: %s was expected in this folder"
                            % (path, SAVED_MODEL_FILENAME_PB))
    file = os.path.join(path, SAVED_MODEL_FILENAME_PB)
    if not os.path.isfile(file):
        return [DEFAULT_SERVING_SIGNATURE_DEF_KEY]
    with open(file, "rb") as stream:
        data = stream.read()
    try:
        graphs = _protobuf.meta_graphs(data)
    except ValueError as error:
        raise InputError("%s: no SavedModel: %s" % (file, error))
    wanted = _tags_of(tags)
    for graph in graphs:
        if wanted is None or set(wanted) == set(graph.tags):
            keys = [key for key in graph.signatures if not key.startswith("__saved_model")]
            return keys or [DEFAULT_SERVING_SIGNATURE_DEF_KEY]
    raise InputError("%s: no graph has the tags %s; there are %s"
                     % (file, ", ".join(sorted(wanted or [])) or "(none)",
                        "; ".join(", ".join(g.tags) for g in graphs) or "no graphs"))


def is_default(key, keys):
    """Whether thaw takes this signature of those when none is named. Plans are for that one."""
    return key == DEFAULT_SERVING_SIGNATURE_DEF_KEY or len(keys) == 1


def load_signature(path, key, keys):
    """The Model of one of a SavedModel's signatures, or of a frozen graph."""
    return _load_model(path, signature=None if is_default(key, keys) else key)


class _Signatures(collections.abc.Mapping):
    """Made ready when they are asked for, once."""

    def __init__(self, path, keys, options):
        self._path, self._keys, self._options = path, keys, options
        self._functions = {}

    def __getitem__(self, key):
        if key not in self._keys:
            raise KeyError(key)
        if key not in self._functions:
            model = load_signature(self._path, key, self._keys)
            self._functions[key] = Function(optimize(model, **self._options), key)
        return self._functions[key]

    def __iter__(self):
        return iter(self._keys)

    def __len__(self):
        return len(self._keys)

    def __repr__(self):
        return "_SignatureMap(%s)" % ", ".join(map(repr, self._keys))


class LoadedModel:
    """A SavedModel: `signatures` is a mapping of its keys to what can be called."""

    def __init__(self, path, keys, options):
        self.signatures = _Signatures(path, keys, options)
        self._path = path

    def __call__(self, *args, **kwargs):
        raise UsageError("%s: a SavedModel is called by a signature: "
                         "loaded.signatures[%r](...)" % (self._path, next(iter(self.signatures))))


def load(export_dir, tags=None, options=None, **engine_options):
    """The SavedModel in a folder (or a frozen graph), as tf.saved_model.load gives it.

    tags: text or a list; those of the graph in it. options: not looked at. engine_options: those of
    thaw.optimize, such as precision="FP16"; by default what the model was optimised for.

    Raises NotFoundError (an OSError) where there is none, InputError (a ValueError) for tags that
    it lacks or a file that is damaged."""
    path = os.fspath(export_dir)
    keys = signature_keys(path, tags)
    engine_options.setdefault("tune", False)
    return LoadedModel(path, keys, default_options(**engine_options))
