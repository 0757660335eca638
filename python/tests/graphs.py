"""Small frozen graphs as text, for tests that need no detector."""

_TYPES = {"float32": "DT_FLOAT", "int32": "DT_INT32", "uint8": "DT_UINT8", "string": "DT_STRING",
          "bfloat16": "DT_BFLOAT16", "bool": "DT_BOOL", "int64": "DT_INT64", "float64": "DT_DOUBLE",
          "float16": "DT_HALF"}


def node(name, op, inputs=(), **attributes):
    """A NodeDef as text; attributes are written as they are."""
    lines = ['node { name: "%s" op: "%s"' % (name, op)]
    lines += ['input: "%s"' % one for one in inputs]
    lines += ['attr { key: "%s" value { %s } }' % item for item in attributes.items()]
    return "\n".join(lines) + " }\n"


def placeholder(name, dtype, shape):
    dims = " ".join("dim { size: %d }" % d for d in shape)
    return node(name, "Placeholder", dtype="type: " + _TYPES[dtype], shape="shape { %s }" % dims)


def unary(name, op, source, dtype):
    return node(name, op, [source], T="type: " + _TYPES[dtype])


def binary(name, op, a, b, dtype):
    return node(name, op, [a, b], T="type: " + _TYPES[dtype])


def identity(dtype, shape):
    """x -> y, as it is."""
    return placeholder("x", dtype, shape) + unary("y", "Identity", "x", dtype)


def adding(dtype="float32", shape=(-1, 3)):
    """a, b -> total = a + b, twice = a + a."""
    return (placeholder("a", dtype, shape) + placeholder("b", dtype, shape) +
            binary("total", "AddV2", "a", "b", dtype) + binary("twice", "AddV2", "a", "a", dtype))


def constant_int(name, value):
    return node(name, "Const", dtype="type: DT_INT32",
                value="tensor { dtype: DT_INT32 tensor_shape { } int_val: %d }" % value)


def counting_loop(name="count"):
    """n -> result: counts from 0 to n in a TF1 while loop: as long a run as one likes."""
    frame = {"T": "type: DT_INT32", "frame_name": 's: "%s"' % name}
    return (placeholder("n", "int32", ()) + constant_int("zero", 0) +
            node("enter", "Enter", ["zero"], is_constant="b: false", **frame) +
            node("enter_n", "Enter", ["n"], is_constant="b: true", **frame) +
            node("merge", "Merge", ["enter", "next"], T="type: DT_INT32", N="i: 2") +
            binary("less", "Less", "merge", "enter_n", "int32") +
            node("cond", "LoopCond", ["less"]) +
            node("switch", "Switch", ["merge", "cond"], T="type: DT_INT32") +
            node("one", "Const", ["^switch"], dtype="type: DT_INT32",
                 value="tensor { dtype: DT_INT32 tensor_shape { } int_val: 1 }") +
            binary("body", "AddV2", "switch:1", "one", "int32") +
            unary("next", "NextIteration", "body", "int32") +
            unary("exit", "Exit", "switch", "int32") + unary("result", "Identity", "exit", "int32"))


def load(text, **options):
    import thaw
    return thaw.load(text.encode(), **options)


def engine(text, **options):
    import thaw
    options.setdefault("tune", False)
    return thaw.optimize(load(text), **options)
