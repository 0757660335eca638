"""TensorFlow 1's way to write a SavedModel, on thaw."""

import collections
import os
import shutil
import tempfile

from .. import _protobuf
from ..errors import UsageError
from ..model import load
from ..saved_model import (DEFAULT_SERVING_SIGNATURE_DEF_KEY, PREDICT_METHOD_NAME, SERVING,
                           signature_constants, tag_constants)
from ._graph import SymbolicTensor, get_default_graph

TensorInfo = collections.namedtuple("TensorInfo", ["name", "tensor"])
SignatureDef = collections.namedtuple("SignatureDef", ["inputs", "outputs", "method_name"])


def build_tensor_info(tensor):
    """Of a tensor of a graph."""
    if not isinstance(tensor, SymbolicTensor):
        raise UsageError("build_tensor_info: a tensor of a graph was expected (get_tensor_by_name), "
                         "found %s" % type(tensor).__name__)
    return TensorInfo(tensor.name, tensor)


def build_signature_def(inputs=None, outputs=None, method_name=PREDICT_METHOD_NAME):
    """Of {key: build_tensor_info(tensor)}."""
    return SignatureDef(dict(inputs or {}), dict(outputs or {}), method_name)


def predict_signature_def(inputs, outputs):
    """Of {key: tensor}. Raises ValueError where there are none."""
    if not inputs or not outputs:
        raise ValueError("predict_signature_def: one input and one output or more were expected")
    return build_signature_def({k: build_tensor_info(t) for k, t in inputs.items()},
                               {k: build_tensor_info(t) for k, t in outputs.items()})


class signature_def_utils:
    build_signature_def = staticmethod(build_signature_def)
    predict_signature_def = staticmethod(predict_signature_def)


class utils:
    build_tensor_info = staticmethod(build_tensor_info)


def _serialized(graph, signature):
    """A SignatureDef's bytes, with the types and shapes that the graph tells."""
    outputs = [info.tensor for info in signature.outputs.values()]
    inputs = [info.tensor for info in signature.inputs.values()]
    infos = graph.infos(outputs, inputs)
    described = [(i.tensor, i.dtype, i.shape) for i in infos]
    return _protobuf.signature(dict(zip(signature.inputs, described[len(outputs):])),
                               dict(zip(signature.outputs, described)), signature.method_name)


class SavedModelBuilder:
    """Writes one frozen graph as a SavedModel.

    Raises AssertionError where the folder is there and is not empty, as TensorFlow does."""

    def __init__(self, export_dir):
        self._folder = os.fspath(export_dir)
        if os.path.isdir(self._folder) and os.listdir(self._folder):
            raise AssertionError("%s is there and not empty; a folder that is not there was expected"
                                 % self._folder)
        self._bytes = self._keys = None

    def add_meta_graph_and_variables(self, sess, tags, signature_def_map=None, **_):
        """The session's graph; what else TensorFlow takes concerns variables, and there are none."""
        if self._bytes is not None:
            raise UsageError("%s: a SavedModel of thaw has one graph" % self._folder)
        graph = sess.graph
        signatures = {key: _serialized(graph, signature)
                      for key, signature in (signature_def_map or {}).items()}
        self._keys = sorted(signatures)
        definition = graph.as_graph_def().SerializeToString()
        self._bytes = _protobuf.saved_model(definition, [tags] if isinstance(tags, str) else tags,
                                            signatures)

    def save(self, as_text=False):
        """Writes it: whole, or not at all. Returns the file's path."""
        if self._bytes is None:
            raise AssertionError("add_meta_graph_and_variables() comes before save()")
        if as_text:
            raise UsageError("save(as_text=True): a SavedModel is written as bytes")
        parent = os.path.dirname(os.path.abspath(self._folder))
        os.makedirs(parent, exist_ok=True)
        made = tempfile.mkdtemp(prefix=os.path.basename(self._folder) + ".tmp-", dir=parent)
        try:
            os.mkdir(os.path.join(made, "variables"))
            with open(os.path.join(made, "saved_model.pb"), "wb") as stream:
                stream.write(self._bytes)
            os.chmod(made, 0o755)
            for key in self._keys:  # what can't be read back must not appear
                load(made, signature=key)
            os.replace(made, self._folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        return os.path.join(self._folder, "saved_model.pb").encode()


def simple_save(session, export_dir, inputs, outputs, legacy_init_op=None):
    """A SavedModel with the tag serve and the signature serving_default of {key: tensor}."""
    builder = SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(
        session, [SERVING],
        {DEFAULT_SERVING_SIGNATURE_DEF_KEY: predict_signature_def(inputs, outputs)})
    builder.save()
