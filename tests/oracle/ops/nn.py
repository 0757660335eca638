"""Layers. Inputs are whole numbers where geometry is tried, whose sums are exact in any order."""

import numpy as np

from op_case import VALUES, case, close, const, ulps
from op_values import FLOATS, NO_HALF, NUMBERS, halves, numbers, specials, whole

CASES = []
CLOSE = close(1e-5, 1e-4)
rng = np.random.default_rng(5)


def four(pair, nchw=False):
    return [1, 1, *pair] if nchw else [1, *pair, 1]


def pads8(top, bottom, left, right):
    return [0, 0, top, bottom, left, right, 0, 0]


def pick(*values):
    return int(rng.choice(values))


def window():
    """An input's extent, a window's, a stride and a padding, of one axis."""
    return pick(1, 2, 3, 4, 5, 6, 7, 8, 9, 11), pick(1, 1, 2, 3, 3, 4, 5), pick(1, 1, 2, 2, 3, 4), pick(0, 0, 1, 2)


def conv(x, filter_, strides, padding, dilations=(1, 1), op="Conv2D", tol=VALUES, **attrs):
    CASES.append(case(op, x, filter_, strides=four(strides), padding=padding, dilations=four(dilations), tol=tol,
            **attrs))


for number in range(150):
    (h, kh, sh, top), (w, kw, sw, left) = window(), window()
    channels, outputs = pick(1, 2, 3, 4, 8, 16), pick(1, 2, 3, 5, 8, 16, 24)
    dilations = (pick(1, 1, 2), pick(1, 1, 2, 3))
    if number % 3 and (h < kh or w < kw) or dilations != (1,
            1) and (h < (kh - 1) * dilations[0] + 1 or w < (kw - 1) * dilations[1] + 1):
        h, w = h + (kh - 1) * dilations[0], w + (kw - 1) * dilations[1]
    x, filter_ = whole(np.float32, [pick(1, 1, 2, 3), h, w, channels], number), whole(np.float32,
            [kh, kw, channels, outputs], number, 1)
    for padding in ["SAME", "VALID"]:
        conv(x, filter_, (sh, sw), padding, dilations)
    if number % 3 == 0:
        conv(x, filter_, (sh, sw), "EXPLICIT", dilations, explicit_paddings=pads8(top, pick(0, 1, 2), left, pick(0, 1)))
# Layers as networks have them: first layers, pointwise ones, blocks' 3 x 3.
for size, k, ci, co, stride in [(17, 3, 3, 32, 2), (20, 3, 3, 24, 2), (19, 7, 3, 16, 2), (9, 1, 32, 64, 1),
        (10, 1, 24, 48, 2), (8, 3, 32, 32, 1), (7, 3, 16, 40, 2), (5, 5, 8, 16, 1), (6, 1, 17, 19, 1),
        (13, 3, 5, 7, 1), (1, 1, 64, 91, 1), (2, 3, 64, 12, 1)]:
    for padding in ["SAME", "VALID"]:
        if padding == "SAME" or size >= k:
            conv(whole(np.float32, [1, size, size + 2, ci], 3), whole(np.float32, [k, k, ci, co], 4), (stride, stride),
                    padding)
            conv(numbers(np.float32, [2, size, size + 2, ci], 3), numbers(np.float32, [k, k, ci, co], 4),
                    (stride, stride), padding, tol=close(1e-5, 2e-3))
for ci, per_group, co in [(4, 2, 4), (6, 1, 6), (6, 3, 4), (8, 2, 8), (4, 4, 4), (4, 3, 6), (6, 2, 4), (4, 2, 5)]:
    conv(whole(np.float32, [1, 5, 6, ci]), whole(np.float32, [3, 3, per_group, co], 1), (1, 1), "SAME")
for x, filter_ in [([0, 5, 5, 3], [3, 3, 3, 4]), ([1, 5, 5, 3], [3, 3, 3, 0]), ([1, 0, 5, 3], [1, 1, 3, 2]),
        ([1, 5, 5, 0], [3, 3, 0, 2]), ([1, 5, 5, 3], [0, 3, 3, 2]), ([1, 5, 5], [3, 3, 3, 2]),
        ([1, 5, 5, 3], [3, 3, 3])]:
    for padding in ["SAME", "VALID"]:
        conv(whole(np.float32, x), whole(np.float32, filter_), (1, 1), padding)
for dtype in [np.float64, np.int32]:
    conv(whole(dtype, [1, 5, 5, 3]), whole(dtype, [3, 3, 3, 4]), (2, 1), "SAME",
            refuses="convolutions are of floats" if dtype == np.int32 else "")
for dtype in halves():
    conv(whole(dtype, [1, 5, 5, 3]), whole(dtype, [3, 3, 3, 4]), (1, 1), "SAME", refuses=NO_HALF)
for spoil in [np.nan, np.inf, -np.inf]:
    x = whole(np.float32, [1, 6, 6, 8], low=1)
    x[0, 2, 3, 1] = spoil
    conv(x, whole(np.float32, [3, 3, 8, 16], low=1), (1, 1), "SAME")
    conv(x, whole(np.float32, [1, 1, 8, 16], low=1), (1, 1), "VALID")
for bad in [dict(strides=[1, 0, 1, 1]), dict(strides=[2, 1, 1, 1]), dict(strides=[1, 1, 1]),
        dict(dilations=[1, 0, 1, 1]), dict(padding="EXPLICIT", explicit_paddings=[0, 0, -1, 0, 0, 0, 0, 0]),
        dict(padding="EXPLICIT", explicit_paddings=[0, 0, 1]),
        dict(padding="EXPLICIT", explicit_paddings=[1, 0, 0, 0, 0, 0, 0, 0]),
        dict(explicit_paddings=[0, 0, 1, 0, 0, 0, 0, 0])]:
    CASES.append(case("Conv2D", whole(np.float32, [1, 5, 5, 3]), whole(np.float32, [3, 3, 3, 4]),
            **{"strides": [1, 1, 1, 1], "padding": "SAME", **bad}))

for number in range(130):
    (h, kh, sh, top), (w, kw, _, left) = window(), window()
    channels, multiplier = pick(1, 2, 3, 4, 8, 16, 17, 32), pick(1, 1, 1, 2, 3)
    if number % 3 and (h < kh or w < kw):
        h, w = h + kh, w + kw
    x, filter_ = whole(np.float32, [pick(1, 1, 2), h, w, channels], number), whole(np.float32,
            [kh, kw, channels, multiplier], number, 1)
    for padding in ["SAME", "VALID"]:
        # TensorFlow's CPU kernel has one stride for both axes.
        conv(x, filter_, (sh, sh), padding, op="DepthwiseConv2dNative")
    if number % 3 == 0:
        conv(x, filter_, (sh, sh), "EXPLICIT", op="DepthwiseConv2dNative",
                explicit_paddings=pads8(top, pick(0, 1, 2), left, pick(0, 1)))
for x, filter_ in [([0, 5, 5, 3], [3, 3, 3, 1]), ([1, 0, 5, 3], [1, 1, 3, 2]), ([1, 5, 5, 3], [3, 3, 2, 1]),
        ([1, 5, 5], [3, 3, 3, 1])]:
    conv(whole(np.float32, x), whole(np.float32, filter_), (1, 1), "SAME", op="DepthwiseConv2dNative")
conv(whole(np.float64, [1, 7, 6, 5]), whole(np.float64, [3, 3, 5, 2]), (2, 2), "SAME", op="DepthwiseConv2dNative")
conv(numbers(np.float32, [2, 9, 8, 24]), numbers(np.float32, [3, 3, 24, 1]), (1, 1), "SAME",
        op="DepthwiseConv2dNative", tol=CLOSE)

for number in range(150):
    (h, kh, sh, top), (w, kw, sw, left) = window(), window()
    if number % 3 and (h < kh or w < kw):
        h, w = h + kh, w + kw
    x = whole(np.float32, [pick(1, 2), h, w, pick(1, 2, 3, 8, 16, 19)], number)
    for padding in ["SAME", "VALID"]:
        CASES.append(case("MaxPool", x, ksize=four((kh, kw)), strides=four((sh, sw)), padding=padding, tol=VALUES))
        CASES.append(case("AvgPool", x, ksize=four((kh, kw)), strides=four((sh, sw)), padding=padding,
                tol=ulps(4, zero_sign=False)))
        if number % 5 == 0:
            CASES.append(case("MaxPoolV2", x, const(four((kh, kw)), np.int32), const(four((sh, sw)), np.int32),
                    padding=padding, tol=VALUES))
    if number % 4 == 0:
        CASES.append(case("MaxPool", x, ksize=four((kh, kw)), strides=four((sh, sw)), padding="EXPLICIT", tol=VALUES,
                explicit_paddings=pads8(min(top, kh - 1), min(pick(0, 1), kh - 1), min(left, kw - 1),
                min(pick(0, 1), kw - 1))))
for dtype in NUMBERS:
    CASES.append(case("MaxPool", whole(dtype, [1, 5, 5, 3]), ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="SAME"))
    CASES.append(case("MaxPool", specials(dtype)[~np.isnan(specials(dtype))][:8].reshape(1, 2, 4, 1),
            ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME", tol=VALUES))
for dtype in FLOATS:
    CASES.append(case("AvgPool", numbers(dtype, [1, 5, 5, 3]), ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1],
            padding="SAME", tol=close(1e-6, 1e-6)))
for op in ["MaxPool", "AvgPool"]:
    for row in [[1, np.inf, 2, -np.inf], [-np.inf, -np.inf, -np.inf, -np.inf], [np.inf, np.inf, 0, 0]]:
        CASES.append(case(op, np.array(row, np.float32).reshape(1, 1, 4, 1), ksize=[1, 1, 2, 1], strides=[1, 1, 2, 1],
                padding="VALID", tol=VALUES))
    for shape in [[0, 4, 4, 3], [1, 4, 4, 0], [1, 0, 4, 2], [1, 4, 4]]:
        CASES.append(case(op, whole(np.float32, shape), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"))
    for bad in [dict(ksize=[1, 0, 2, 1]), dict(strides=[1, 2, 0, 1]), dict(ksize=[2, 2, 2, 1]), dict(ksize=[1, 2, 2])]:
        CASES.append(case(op, whole(np.float32, [1, 4, 4, 2]),
                **{"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME", **bad}))
CASES.append(case("AvgPool", np.array([1, np.nan, 2, 3], np.float32).reshape(1, 1, 4, 1), ksize=[1, 1, 2, 1],
        strides=[1, 1, 1, 1], padding="SAME"))
CASES.append(case("MaxPool", whole(np.float32, [1, 4, 4, 4]), ksize=[1, 1, 1, 2], strides=[1, 1, 1, 2],
        padding="VALID", refuses="pooling over channels"))

for m, k, n in [(1, 1, 1), (2, 3, 4), (1, 7, 1), (5, 1, 5), (0, 3, 4), (2, 0, 4), (2, 3, 0), (17, 33, 19), (1, 64, 91),
        (64, 16, 8), (3, 200, 2)]:
    for ta in [False, True]:
        for tb in [False, True]:
            a, b = [k, m] if ta else [m, k], [n, k] if tb else [k, n]
            CASES.append(case("MatMul", whole(np.float32, a, 1), whole(np.float32, b, 2), transpose_a=ta,
                    transpose_b=tb, tol=VALUES))
for dtype in NUMBERS:
    CASES.append(case("MatMul", whole(dtype, [3, 4], 1), whole(dtype, [4, 5], 2), tol=VALUES))
for dtype in [np.int32, np.int64]:
    CASES.append(case("MatMul", np.full([2, 3], np.iinfo(dtype).max, dtype), np.full([3, 2], 7, dtype)))
for a, b, accepts in [([2, 3], [2, 3], ""), ([3], [3, 2], ""), ([2, 2, 3], [3, 2], "batches broadcast"), ([], [], "")]:
    CASES.append(case("MatMul", whole(np.float32, a), whole(np.float32, b), accepts=accepts))


def broadcasts(a, b):
    return a[:-2] != b[:-2] and len(a) > 1 and (len(a) != len(b) or 1 in a[:-2])


for dtype in FLOATS:
    CASES.append(case("MatMul", numbers(dtype, [13, 100], 1), numbers(dtype, [100, 21], 2), tol=close(1e-5, 1e-3)))
CASES.append(case("MatMul", np.array([[np.inf, 0], [np.nan, 1]], np.float32),
        np.array([[0, 1], [2, np.inf]], np.float32), tol=VALUES))
for a, b in [([2, 3, 4], [2, 4, 5]), ([1, 2, 3], [1, 3, 2]), ([2, 3, 2, 4], [2, 3, 4, 2]), ([0, 2, 3], [0, 3, 4]),
        ([2, 0, 3], [2, 3, 4]), ([2, 2, 0], [2, 0, 4]), ([3, 4], [4, 5]), ([5, 1, 9], [5, 9, 1]), ([2, 3, 4], [4, 5]),
        ([3, 4], [2, 4, 5]), ([1, 3, 4], [5, 4, 2]), ([2, 1, 3, 4], [5, 4, 2]), ([2, 3, 4], [3, 4, 5]),
        ([2, 3, 4], [2, 3, 4]), ([4], [4, 2])]:
    for ax in [False, True]:
        for ay in [False, True]:
            sa, sb = (list(a), list(b))
            if ax and len(sa) > 1:
                sa[-1], sa[-2] = sa[-2], sa[-1]
            if ay:
                sb[-1], sb[-2] = sb[-2], sb[-1]
            for op in ["BatchMatMul", "BatchMatMulV2"]:
                CASES.append(case(op, whole(np.float32, sa, 1), whole(np.float32, sb, 2), adj_x=ax, adj_y=ay,
                        tol=VALUES, accepts="batches broadcast as V2's do" if op == "BatchMatMul" and broadcasts(a, b)
                        else ""))
for dtype in NUMBERS:
    for op in ["BatchMatMul", "BatchMatMulV2"]:
        CASES.append(case(op, whole(dtype, [2, 3, 4], 1), whole(dtype, [2, 4, 5], 2), tol=VALUES))

for op in ["Softmax", "LogSoftmax"]:
    for shape in [[1], [7], [3, 5], [2, 3, 4], [2, 2, 2, 91], [0, 3], [3, 0], [1000], [], [5, 1]]:
        for dtype in FLOATS:
            CASES.append(case(op, numbers(dtype, shape, op),
                    tol=close(2e-6 if dtype == np.float32 else 1e-14, 1e-6 if dtype == np.float32 else 1e-14)))
    for row in [[1e4, 1e4, -1e4], [-1e30, 0, 1], [np.nan, 1, 2], [np.inf, 1, 2], [-np.inf, 1, 2],
            [-np.inf, -np.inf, -np.inf], [88.8, -88.8, 0], [3e38, -3e38, 1]]:
        CASES.append(case(op, np.array([row, [1, 2, 3]], np.float32), tol=close(1e-6, 1e-6)))
    CASES += [case(op, np.ones([3]).astype(d), refuses=NO_HALF) for d in halves()]

for shape in [[1, 2, 2, 5], [2, 1, 3, 16], [1, 1, 1, 1], [0, 2, 2, 3], [1, 3, 3, 33]]:
    for more in [{}, dict(depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75), dict(depth_radius=0),
            dict(depth_radius=1, bias=0.5, alpha=2.0, beta=1.0), dict(depth_radius=40, beta=0.6)]:
        CASES.append(case("LRN", numbers(np.float32, shape), tol=close(1e-5, 1e-6), **more))
CASES += [case("LRN", numbers(np.float32, [2, 5])), case("LRN", numbers(np.float32, [1, 1, 1, 4]), depth_radius=-1)]

for op in ["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"]:
    for training in [False, True]:
        for shape in [[2, 3, 4, 5], [1, 1, 1, 3], [1, 7, 5, 16], [0, 3, 3, 4], [3, 2, 2, 1]]:
            for epsilon in [1e-3, 0.1]:
                channels = shape[-1]
                stats = [np.zeros([0], np.float32)] * 2 if training else [numbers(np.float32, [channels], 3),
                        np.abs(numbers(np.float32, [channels], 4)) + 0.1]
                CASES.append(case(op, numbers(np.float32, shape), numbers(np.float32, [channels], 1),
                        numbers(np.float32, [channels], 2), *stats, is_training=training, epsilon=epsilon,
                        outputs=(0,), tol=close(1e-4, 1e-4)))
    ones = np.ones([3], np.float32)
    CASES.append(case(op, numbers(np.float32, [1, 2, 2, 3]), ones, ones, ones, ones * 0, is_training=False,
            epsilon=1e-3, outputs=(0, 1, 2), tol=close(1e-5, 1e-5)))
    CASES.append(case(op, numbers(np.float32, [1, 2, 2, 3]), ones, ones, ones, ones, is_training=False, outputs=(0,),
            tol=close(1e-5, 1e-5)))
    CASES.append(case(op, numbers(np.float32, [1, 2, 2, 4]), ones, ones, ones, ones, is_training=False, outputs=(0,)))
    CASES.append(case(op, numbers(np.float32, [2, 3]), ones, ones, ones, ones, is_training=False, outputs=(0,)))
CASES.append(case("FusedBatchNormV3", numbers(np.float32, [2, 2, 2, 3]), ones, ones, ones, ones, is_training=True,
        exponential_avg_factor=0.5, outputs=(0,), tol=close(1e-4, 1e-4)))
for scale in [False, True]:
    for shape in [[2, 3, 4, 5], [1, 1, 1, 3], [0, 2, 2, 4]]:
        c = shape[-1]
        CASES.append(case("BatchNormWithGlobalNormalization", numbers(np.float32, shape), numbers(np.float32, [c], 1),
                np.abs(numbers(np.float32, [c], 2)) + 0.1, numbers(np.float32, [c], 3), numbers(np.float32, [c], 4),
                variance_epsilon=1e-3, scale_after_normalization=scale, producer=8, tol=close(1e-5, 1e-5)))
