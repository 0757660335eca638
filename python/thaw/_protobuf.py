"""Just enough of protobuf's wire format to look into TensorFlow's files and to write one.

Weights are stepped over, never copied. Bytes that are no protobuf raise ValueError.
"""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10


def _varint(data, position):
    value = 0
    for shift in range(0, 7 * _MAX_VARINT_BYTES, 7):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise ValueError("not a protobuf message: a number has no end at byte %d" % position)


def fields(data):
    """(number, value) of each field in order; a value is an int or a memoryview."""
    data = memoryview(data)
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if kind == _BYTES:
            size, position = _varint(data, position)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("not a protobuf message: field %d has kind %d" % (number, kind))
        if number == 0 or size > len(data) - position:
            raise ValueError("not a protobuf message: field %d of %d bytes at byte %d of %d"
                             % (number, size, position, len(data)))
        yield number, data[position:position + size]
        position += size


def values(data, number):
    """Those of one field."""
    return [value for n, value in fields(data) if n == number]


def text(value):
    """A field of text; bytes that are no UTF-8 are kept as Python keeps such file names."""
    return bytes(value).decode("utf-8", "surrogateescape")


def texts(data, number):
    return [text(value) for value in values(data, number)]


def _encode_varint(value):
    value &= (1 << 64) - 1  # negative numbers are 64 bits of two's complement
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number_field(number, value):
    return _encode_varint(number << 3 | _VARINT) + _encode_varint(value)


def bytes_field(number, value):
    """`value` is bytes, or text that becomes UTF-8."""
    if not isinstance(value, (bytes, bytearray, memoryview)):
        value = value.encode("utf-8", "surrogateescape")
    return _encode_varint(number << 3 | _BYTES) + _encode_varint(len(value)) + bytes(value)


# ---- The messages of TensorFlow, by the numbers of their fields ----

DATA_TYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6,
              "string": 7, "int64": 9, "bool": 10, "bfloat16": 14, "uint16": 17, "float16": 19,
              "uint32": 22, "uint64": 23}


class Node:
    """A node of a GraphDef: its name, op and the names of what it takes."""
    __slots__ = ("name", "op", "input")

    def __init__(self, message):
        self.name = self.op = ""
        self.input = []
        for number, value in fields(message):
            if number == 1:
                self.name = text(value)
            elif number == 2:
                self.op = text(value)
            elif number == 3:
                self.input.append(text(value))


def graph_nodes(graph_def):
    """The Nodes of a serialised GraphDef, without those of its functions."""
    return [Node(value) for value in values(graph_def, 1)]


class MetaGraph:
    """One graph of a SavedModel: `tags`, `signatures` (their keys), `graph` (a GraphDef's bytes)."""

    def __init__(self, message):
        self.tags, self.signatures, self.graph = [], [], b""
        for number, value in fields(message):
            if number == 1:
                self.tags = texts(value, 4)
            elif number == 2:
                self.graph = value
            elif number == 5:
                self.signatures += texts(value, 1)


def meta_graphs(saved_model):
    """The MetaGraphs of a serialised SavedModel."""
    return [MetaGraph(value) for value in values(saved_model, 2)]


def _tensor_info(tensor, dtype, shape):
    if shape is None:
        dims = number_field(3, 1)
    else:
        dims = b"".join(bytes_field(2, number_field(1, -1 if d is None else int(d)))
                        for d in shape)
    return bytes_field(1, tensor) + number_field(2, DATA_TYPES[dtype]) + bytes_field(3, dims)


def signature(inputs, outputs, method):
    """A SignatureDef; inputs and outputs are {key: (tensor, dtype's name, shape)}, where a shape
    may be None and so may its extents."""
    out = b""
    for number, infos in ((1, inputs), (2, outputs)):
        for key, (tensor, dtype, shape) in sorted(infos.items()):
            info = _tensor_info(tensor, dtype, shape)
            out += bytes_field(number, bytes_field(1, key) + bytes_field(2, info))
    return out + bytes_field(3, method)


def saved_model(graph_def, tags, signatures):
    """A SavedModel of one graph; `signatures` is {key: SignatureDef's bytes}."""
    meta = bytes_field(1, b"".join(bytes_field(4, tag) for tag in tags)) + bytes_field(2, graph_def)
    for key, value in sorted(signatures.items()):
        meta += bytes_field(5, bytes_field(1, key) + bytes_field(2, value))
    return number_field(1, 1) + bytes_field(2, meta)
