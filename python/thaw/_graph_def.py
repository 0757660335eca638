"""A GraphDef without TensorFlow: its bytes, and its nodes where somebody asks."""

from . import _protobuf
from .errors import InputError


class GraphDef:
    """tf.compat.v1.GraphDef, as far as scripts that read, convert and import a frozen graph use it.

    node: the nodes, each with name, op and input. engine_options: how thaw runs it (what a converter
    was told); {} runs it as it is."""

    def __init__(self, serialized=b"", engine_options=None, calibration=None):
        self._bytes = bytes(serialized)
        self._nodes = None
        self.engine_options = dict(engine_options or {})
        self.calibration = calibration

    @property
    def node(self):
        if self._nodes is None:
            try:
                self._nodes = _protobuf.graph_nodes(self._bytes)
            except ValueError as error:
                raise InputError("no GraphDef: %s" % error)
        return self._nodes

    def ParseFromString(self, serialized):
        """Raises InputError (a ValueError) where the bytes are no GraphDef."""
        self._bytes, self._nodes = bytes(serialized), None
        if self._bytes and not self.node:
            self._bytes = b""
            raise InputError("no GraphDef: it has no node")
        return len(self._bytes)

    MergeFromString = ParseFromString

    @classmethod
    def FromString(cls, serialized):
        graph = cls()
        graph.ParseFromString(serialized)
        return graph

    def SerializeToString(self, deterministic=None):
        return self._bytes

    def CopyFrom(self, other):
        self.__dict__.update(as_graph_def(other).__dict__)

    def ByteSize(self):
        return len(self._bytes)

    def __eq__(self, other):
        return isinstance(other, GraphDef) and self._bytes == other._bytes

    __hash__ = None

    def __repr__(self):
        return "<thaw GraphDef: %d nodes, %d bytes>" % (len(self.node), len(self._bytes))


def as_graph_def(given):
    """The GraphDef of one, of TensorFlow's own, or of a frozen graph's bytes (text too)."""
    if isinstance(given, GraphDef):
        return given
    if isinstance(given, (bytes, bytearray, memoryview)):
        return GraphDef(given)
    if hasattr(given, "SerializeToString"):
        return GraphDef(given.SerializeToString())
    raise InputError("%s: a GraphDef or a frozen graph's bytes were expected"
                     % type(given).__name__)
