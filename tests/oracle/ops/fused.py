"""Layers in NCHW and fused ones, as TensorFlow's optimiser leaves them. TensorFlow's CPU runs only some: what
it computes is the same graph in NHWC, written out."""

import numpy as np

from op_case import VALUES, close, graph_case
from op_values import numbers, whole

CASES = []


def node(g, op, inputs, attrs):
    """A node of any op, with attributes whose types the graph does not say."""
    graph = g.v1.get_default_graph()
    values = {}
    for name, value in attrs.items():
        attr = g.v1.AttrValue()
        if isinstance(value, bool):
            attr.b = value
        elif isinstance(value, int):
            attr.i = value
        elif isinstance(value, float):
            attr.f = value
        elif isinstance(value, str):
            attr.s = value.encode()
        elif isinstance(value, list) and value and isinstance(value[0], str):
            attr.list.s.extend(v.encode() for v in value)
        elif isinstance(value, list) and value and isinstance(value[0], type):
            attr.list.type.extend(g.tf.as_dtype(v).as_datatype_enum for v in value)
        elif isinstance(value, list):
            attr.list.i.extend(value)
        else:
            attr.type = g.tf.as_dtype(value).as_datatype_enum
        values[name] = attr
    return graph.create_op(op, inputs, [g.tf.float32], attrs=values, name="op").outputs[0]


def nchw(op, x, others, attrs, four=(), tol=VALUES):
    """The op in NCHW against itself in NHWC; `four` names its attributes of four (or eight) numbers."""
    def turned(values):
        return [values[i] for i in ((0, 3, 1, 2) if len(values) == 4 else (0, 1, 6, 7, 2, 3, 4, 5))]

    def build(g):
        inputs = [g.feed(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))] + [g.feed(o) for o in others]
        return [node(g, op, inputs, {"T": np.float32, **attrs, **{n: turned(attrs[n]) for n in four},
                "data_format": "NCHW"})]

    def oracle(g):
        inputs = [g.tf.transpose(g.feed(np.ascontiguousarray(x.transpose(0, 3, 1, 2))), [0, 2, 3, 1])] + [g.feed(o)
                for o in others]
        return [g.tf.transpose(node(g, op, inputs, {"T": np.float32, **attrs, "data_format": "NHWC"}), [0, 3, 1, 2])]

    CASES.append(graph_case([op], build, tol=tol, oracle=oracle))


for h, w, k, stride, dilation in [(5, 6, 3, 1, 1), (6, 5, 3, 2, 1), (7, 9, 2, 2, 1), (8, 6, 3, 1, 2), (4, 4, 1, 1, 1),
        (5, 5, 5, 3, 1)]:
    x = whole(np.float32, [2, h, w, 3], 1)
    for padding in ["SAME", "VALID"]:
        strides = [1, stride, stride + (stride > 1), 1]
        nchw("Conv2D", x, [whole(np.float32, [k, k, 3, 8], 2)],
                {"strides": strides, "dilations": [1, dilation, 1, 1], "padding": padding}, ["strides", "dilations"])
        nchw("DepthwiseConv2dNative", x, [whole(np.float32, [k, k, 3, 2], 2)],
                {"strides": [1, stride, stride, 1], "padding": padding}, ["strides"])
        for op in ["MaxPool", "AvgPool"]:
            nchw(op, x, [], {"ksize": [1, k, max(k - 1, 1), 1], "strides": strides, "padding": padding},
                    ["strides", "ksize"], tol=close(1e-6))
    nchw("Conv2D", x, [whole(np.float32, [k, k, 3, 8], 2)],
            {"strides": strides, "padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 2, 0, 1, 0, 0]},
            ["strides", "explicit_paddings"])
for block in [2, 3]:
    nchw("DepthToSpace", whole(np.float32, [2, 2, 3, block * block * 2]), [], {"block_size": block})
    nchw("SpaceToDepth", whole(np.float32, [2, block * 2, block * 3, 2]), [], {"block_size": block})


def steps(g, fused, y, arguments, epsilon):
    """What the attribute fused_ops says, written out."""
    arguments = list(arguments)
    for step in fused:
        if step == "BiasAdd":
            y = g.v1.nn.bias_add(y, arguments.pop(0))
        elif step == "Add":
            y = y + arguments.pop(0)
        elif step == "FusedBatchNorm":
            scale, offset, mean, variance = (arguments.pop(0) for _ in range(4))
            y = (y - mean) * scale * g.tf.math.rsqrt(variance + epsilon) + offset
        else:
            y = {"Relu": g.tf.nn.relu, "Relu6": g.tf.nn.relu6, "Elu": g.tf.nn.elu,
                    "LeakyRelu": lambda v: g.tf.nn.leaky_relu(v, 0.3), "Tanh": g.tf.tanh,
                    "Sigmoid": g.tf.sigmoid}[step](y)
    return y


FUSED = [["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Relu6"], ["BiasAdd", "Elu"], ["FusedBatchNorm"],
        ["FusedBatchNorm", "Relu"], ["FusedBatchNorm", "Relu6"], ["FusedBatchNorm", "Elu"], ["BiasAdd", "Add"],
        ["BiasAdd", "Add", "Relu"]]
REFUSED = [["BiasAdd", "LeakyRelu"], ["BiasAdd", "Tanh"], ["BiasAdd", "Sigmoid"]]


def arguments_of(fused, channels, shape):
    given = []
    for i, step in enumerate(fused):
        if step == "BiasAdd":
            given.append(whole(np.float32, [channels], 7))
        elif step == "Add":
            given.append(whole(np.float32, shape, 8))
        elif step == "FusedBatchNorm":
            given += [numbers(np.float32, [channels], 9 + j)
                    for j in range(3)] + [np.abs(numbers(np.float32, [channels], 13)) + 0.5]
    return given


def fused_case(op, fused, x, filter_, attrs, plain, result_shape, refuses=""):
    given = arguments_of(fused, result_shape[-1], result_shape)
    more = {"T": np.float32, "num_args": len(given), "fused_ops": fused, "epsilon": 0.01, "leakyrelu_alpha": 0.3,
            **attrs}
    if op == "_FusedConv2D":
        more |= {"TArgs": [np.float32] * len(given), "num_host_args": 0}

    def build(g):
        return [node(g, op, [g.feed(v) for v in [x, filter_, *given]], more)]

    def oracle(g):
        inputs = [g.feed(v) for v in [x, filter_, *given]]
        return [steps(g, fused, plain(g, inputs[0], inputs[1]), inputs[2:], 0.01)]

    CASES.append(graph_case([op], build, tol=close(1e-5, 1e-5), refuses=refuses, oracle=oracle))


def layer(op, attrs):
    return lambda g, x, filter_: node(g, op, [x, filter_], {"T": np.float32, **attrs})


for fused in FUSED + REFUSED:
    refuses = "this activation" if fused in REFUSED else ""
    for k, stride, padding in [(3, 1, "SAME"), (3, 2, "SAME"), (1, 1, "VALID"), (2, 2, "VALID")]:
        side = 6 if padding == "SAME" and stride == 1 else 3 if stride == 2 else 6
        attrs = {"strides": [1, stride, stride, 1], "padding": padding}
        x = whole(np.float32, [2, 6, 6, 3], 1)
        fused_case("_FusedConv2D", fused, x, whole(np.float32, [k, k, 3, 8], 2), attrs, layer("Conv2D", attrs),
                [2, side, side, 8], refuses)
        fused_case("_FusedDepthwiseConv2dNative", fused, x, whole(np.float32, [k, k, 3, 2], 2), attrs,
                layer("DepthwiseConv2dNative", attrs), [2, side, side, 6], refuses)
    for ta in [False, True] if "FusedBatchNorm" not in fused else []:
        for tb in [False, True]:
            attrs = {"transpose_a": ta, "transpose_b": tb}
            fused_case("_FusedMatMul", fused, whole(np.float32, [4, 5] if ta else [5, 4], 1),
                    whole(np.float32, [7, 4] if tb else [4, 7], 2), attrs, layer("MatMul", attrs), [5, 7], refuses)
