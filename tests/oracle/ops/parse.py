"""tf.Example messages."""

import itertools
import struct

import numpy as np

from op_case import BITS, case, const

CASES = []
KINDS = {"bytes": 1, "float": 2, "int64": 3}
DTYPES = {"bytes": np.dtype(object), "float": np.dtype(np.float32), "int64": np.dtype(np.int64)}


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def feature(kind, values, packed=True):
    if kind == "bytes":
        items = b"".join(field(1, v) for v in values)
    elif kind == "float":
        numbers = [struct.pack("<f", v) for v in values]
        items = field(1, b"".join(numbers)) if packed else b"".join(b"\x0d" + n for n in numbers)
    else:
        numbers = [varint(int(v)) for v in values]
        items = field(1, b"".join(numbers)) if packed else b"".join(b"\x08" + n for n in numbers)
    return field(KINDS[kind], items)


def example(features, packed=True, more=b""):
    entries = b"".join(field(1, field(1, k.encode()) + field(2, feature(*v, packed) if v else b""))
                       for k, v in features.items())
    return field(1, entries) + more


def strings(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


VALUES = {"bytes": [b"x", b"", b"\0\xff", b"long enough for the heap, whatever that is"],
          "float": [1.5, float("nan"), float("inf"), -0.0], "int64": [1, -1, 2**63 - 1, -2**63]}


def defaults(kind, shape):
    return np.empty(shape, object) if kind == "bytes" else np.zeros(shape, DTYPES[kind])


def filled(kind, shape):
    count = int(np.prod(shape))
    flat = (VALUES[kind] * (count + 1))[:count]
    array = np.empty(count, DTYPES[kind])
    array[:] = flat
    return array.reshape(shape)


def parsers(examples, features, **more):
    """The examples through each parser; features: key -> (kind, shape, default)."""
    keys = sorted(features)
    dense = [features[k][2] for k in keys]
    shapes = [list(features[k][1]) for k in keys]
    types = ["string" if features[k][0] == "bytes" else DTYPES[features[k][0]] for k in keys]
    encoded = [k.encode() for k in keys]
    batch = strings(*examples)
    yield case("ParseExample", batch, strings(), [], [const(np.array(k, object)) for k in encoded], dense, Nsparse=0,
               Ndense=len(keys), sparse_types=[], Tdense=types, dense_shapes=shapes, tol=BITS, **more)
    yield case("ParseExampleV2", batch, strings(), const(strings()), const(strings(*encoded)), const(strings()), dense,
               Tdense=types, num_sparse=0, sparse_types=[], ragged_value_types=[], ragged_split_types=[],
               dense_shapes=shapes, tol=BITS, **more)
    for one in examples:
        yield case("ParseSingleExample", np.array(one, object), dense, num_sparse=0, sparse_keys=[], dense_keys=encoded,
                   sparse_types=[], Tdense=types, dense_shapes=shapes, tol=BITS, **more)
    if examples:
        yield case("ParseExampleV2", np.array(examples[0], object), np.array(b"", object), const(strings()),
                   const(strings(*encoded)), const(strings()), dense, Tdense=types, num_sparse=0, sparse_types=[],
                   ragged_value_types=[], ragged_split_types=[], dense_shapes=shapes, tol=BITS, **more)


def parse_cases():
    none = {k: np.zeros([0], d) if k != "bytes" else strings() for k, d in DTYPES.items()}
    for kind in KINDS:
        for shape in ((), (1,), (3,), (2, 2), (0,)):
            count = int(np.prod(shape))
            values = (VALUES[kind] * 4)[:count]
            full = example({"a": (kind, values), "other": ("int64", [7])})
            loose = example({"a": (kind, values)}, packed=False)
            lacking = example({"b": ("float", [1])})
            yield from parsers([full, loose], {"a": (kind, shape, none[kind])})
            # What has no elements is not looked at where shapes are known.
            if count:
                yield from parsers([full, lacking], {"a": (kind, shape, filled(kind, shape))})
                yield from parsers([full, lacking], {"a": (kind, shape, none[kind])})
                yield from parsers([example({"a": (kind, values + VALUES[kind][:1])})], {"a": (kind, shape, none[kind])})
        for other in KINDS:
            if other != kind:
                yield from parsers([example({"a": (other, VALUES[other][:1])})], {"a": (kind, (), none[kind])})
    mixed = {"i": ("int64", (), none["int64"]), "f": ("float", (2,), filled("float", (2,))), "s": ("bytes", (), none["bytes"])}
    whole = {"i": ("int64", [5]), "f": ("float", [1, 2]), "s": ("bytes", [b"text"])}
    yield from parsers([example(whole), example({**whole, "f": ("float", [3, 4])})], mixed)
    yield from parsers([example({k: v for k, v in whole.items() if k != "f"})], mixed)
    yield from parsers([], mixed)
    # Twice the same key, a feature without a value, a message of unknown fields, rubbish.
    twice = field(1, b"".join(field(1, field(1, b"i") + field(2, feature("int64", [v]))) for v in (1, 2)))
    simple = {"i": ("int64", (), np.int64([9]).reshape(()))}
    for message in (twice, example({"i": None}), example({"i": ("int64", [])}), example({"i": ("int64", [3])}, more=b"\x50\x05"),
                    b"", b"\x08", b"\xff\xff\xff", field(1, b"\x0a"), example({"i": ("int64", [3])})[:-1],
                    example({"i": ("int64", [3])}) + example({"i": ("int64", [4])})):
        yield from parsers([message], simple)
    yield from parsers([b"rubbish"], simple, refuses="a message that breaks off is refused")
    wrong = {"i": ("int64", (2,), np.int64([1, 2, 3]))}
    yield from parsers([example({})], wrong)


CASES += parse_cases()
