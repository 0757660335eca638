"""tf.io: gfile, read_file and write_file, on Python's own files."""

import glob as _glob
import os
import shutil

from .._tensors import as_tensor


class gfile:
    """tf.io.gfile."""

    class GFile:
        """A file, opened at once: modes as open() has them."""

        def __init__(self, name, mode="r"):
            self.name = name
            self._file = open(os.fspath(name), mode)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

        def __iter__(self):
            return iter(self._file)

        def read(self, n=-1):
            return self._file.read(n)

        def __getattr__(self, name):
            return getattr(self._file, name)

    Open = GFile
    exists = staticmethod(os.path.exists)
    isdir = staticmethod(os.path.isdir)
    listdir = staticmethod(os.listdir)
    makedirs = staticmethod(lambda path: os.makedirs(path, exist_ok=True))
    mkdir = staticmethod(os.mkdir)
    remove = staticmethod(os.remove)
    rmtree = staticmethod(shutil.rmtree)
    glob = staticmethod(_glob.glob)


def read_file(filename, name=None):
    """A file's bytes, as a tensor."""
    with open(os.fspath(filename), "rb") as stream:
        return as_tensor(stream.read(), "O")


def write_file(filename, contents, name=None):
    with open(os.fspath(filename), "wb") as stream:
        stream.write(contents.numpy() if hasattr(contents, "numpy") else contents)


def write_graph(graph_or_graph_def, logdir, name, as_text=True):
    """Writes a graph's bytes; as_text has to be False."""
    if as_text:
        raise ValueError("write_graph: as_text=True is not there; give as_text=False")
    graph = graph_or_graph_def
    if hasattr(graph, "as_graph_def"):
        graph = graph.as_graph_def()
    os.makedirs(logdir, exist_ok=True)
    path = os.path.join(logdir, name)
    write_file(path, graph.SerializeToString())
    return path
