"""What converters read and write: a SavedModel's signature or a frozen graph."""

import contextlib
import os
import shutil
import tempfile

from . import _protobuf
from ._graph_def import GraphDef
from ._save import save
from .model import load
from .saved_model import SAVED_MODEL_FILENAME_PB, is_default, load_signature, signature_keys


class Source:
    """`path` with its `model`: one signature of a SavedModel, or a frozen graph.

    Raises what saved_model.signature_keys raises, and KeyError for a signature that is not there."""

    def __init__(self, path, tags, key):
        self.path = os.fspath(path)
        self.key = key
        keys = signature_keys(self.path, tags)
        if key not in keys:
            raise KeyError("%s has no signature %r, but %s" % (self.path, key, ", ".join(keys)))
        self._is_default = is_default(key, keys)
        self.model = load_signature(self.path, key, keys)
        self.graph = _LazyGraph(self.path)

    @contextlib.contextmanager
    def to_save(self):
        """The model in a form whose only or default signature is this one: itself, or for a while a
        SavedModel of its own."""
        if self._is_default:
            yield self.model
            return
        folder = tempfile.mkdtemp(prefix="thaw_signature_")
        try:
            yield load(self._alone(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _alone(self, folder):
        frozen = os.path.join(folder, "graph.pb")
        _convert(self.path, frozen, self.key)
        with open(frozen, "rb") as stream:
            graph = stream.read()
        inputs, outputs = ({i.name: (i.tensor, i.dtype, i.shape) for i in infos}
                           for infos in (self.model.inputs, self.model.outputs))
        signature = _protobuf.signature(inputs, outputs, "tensorflow/serving/predict")
        with open(os.path.join(folder, SAVED_MODEL_FILENAME_PB), "wb") as stream:
            stream.write(_protobuf.saved_model(graph, ["serve"], {self.key: signature}))
        os.remove(frozen)
        return folder


def _convert(source, destination, key):
    from . import convert
    convert(source, destination, signature=key)


class _LazyGraph:
    """What TensorFlow's functions have as `graph`: as_graph_def() gives the model's nodes, read when
    somebody asks."""

    def __init__(self, path):
        self._path = path

    def as_graph_def(self, add_shapes=False):
        """A GraphDef of the model as it is on disk: conversion does not change its nodes."""
        return read_graph_def(self._path)


def read_graph_def(path):
    """The GraphDef of a frozen graph's file, or of a SavedModel's (its first graph)."""
    if os.path.isdir(path):
        with open(os.path.join(path, SAVED_MODEL_FILENAME_PB), "rb") as stream:
            graphs = _protobuf.meta_graphs(stream.read())
        return GraphDef(graphs[0].graph if graphs else b"")
    with open(path, "rb") as stream:
        return GraphDef(stream.read())


def frozen_graph_def(source, **how):
    """The frozen GraphDef of a Source; `how` are GraphDef's arguments."""
    if os.path.isfile(source.path):
        with open(source.path, "rb") as stream:
            return GraphDef(stream.read(), **how)
    folder = tempfile.mkdtemp(prefix="thaw_frozen_")
    try:
        path = os.path.join(folder, "graph.pb")
        _convert(source.path, path, source.key)
        with open(path, "rb") as stream:
            return GraphDef(stream.read(), **how)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write(source, engine, path, build=True, allow_build=True):
    """Writes an engine of a Source as a SavedModel, in place of one that is there. `build`: with plans
    for the shapes that the engine was prepared for. `allow_build`: whether plans that are missing are
    built where it runs."""
    with source.to_save() as model:
        save(engine, path, overwrite=True, progress=None, build=build and bool(engine._shapes),
             model=model, allow_build=None if allow_build else False)
