"""Reductions, running sums, the largest and their places, where something is true."""

import numpy as np

from op_case import VALUES, case, close, const
from op_values import FLOATS, INTEGERS, NO_HALF, NUMBERS, halves, numbers, specials, whole

CASES = []
# Sums of whole numbers are exact in any order, so that axes and shapes are held exactly.
AXES = [([], []), ([4], [0]), ([4], [-1]), ([4], []), ([3, 5], [0]), ([3, 5], [1]), ([3, 5], [-2]), ([3, 5], [0, 1]),
        ([3, 5], [1, 0]), ([2, 3, 4], [1]), ([2, 3, 4], [0, 2]), ([2, 3, 4], [-1, 0]), ([2, 3, 4], [0, 1, 2]),
        ([2, 3, 4, 5], [1, 2]), ([2, 3, 4, 5], [0, 3]), ([2, 3, 4, 5], [1, 3]), ([2, 2, 2, 2, 3], [1, 3]),
        ([2, 1, 2, 1, 2, 2], [0, 2, 4]), ([0], [0]), ([0, 3], [0]), ([0, 3], [1]), ([3, 0], [1]), ([3, 0], [0]),
        ([2, 0, 3], [0, 1, 2]), ([2, 0, 3], [1]), ([1, 1], [0, 1]), ([2, 7, 7, 16], [1, 2]), ([1, 257], [1]),
        ([257, 3], [0]), ([5], [1]), ([5], [-2]), ([3, 5], [2, 0])]
KINDS = {"Sum": NUMBERS, "Mean": NUMBERS, "Prod": NUMBERS, "Max": NUMBERS, "Min": NUMBERS}


def small(op, dtype, shape):
    return whole(dtype, shape, op, low=1, high=2) if op == "Prod" else whole(dtype, shape, op)


for op, dtypes in KINDS.items():
    # The mean is a sum times 1 / count in TensorFlow, a quotient here.
    tolerance = close(3e-7) if op == "Mean" else VALUES
    for shape, axes in AXES:
        for keep in [False, True]:
            CASES.append(case(op, small(op, np.float32, shape), np.array(axes, np.int32), keep_dims=keep,
                    tol=tolerance))
    CASES.append(case(op, small(op, np.float32, [3, 5]), np.int32(1), tol=tolerance))
    CASES.append(case(op, small(op, np.float32, [3, 5]), np.int64(-1), tol=tolerance))
    CASES.append(case(op, small(op, np.float32, [3, 5]), np.array([1], np.int64), keep_dims=True, tol=tolerance))
    CASES.append(case(op, small(op, np.float32, [3, 5]), np.array([1, 1], np.int32)))
    CASES.append(case(op, small(op, np.float32, [3, 5]), np.array([[1]], np.int32), tol=tolerance))
    for dtype in dtypes:
        CASES.append(case(op, small(op, dtype, [3, 4, 5]), np.array([1], np.int32), tol=tolerance))
        CASES.append(case(op, np.zeros([0, 2], dtype), np.array([0], np.int32), tol=tolerance))
        if np.dtype(dtype).kind in "iu" and op != "Mean":
            CASES.append(case(op, specials(dtype), np.array([0], np.int32)))
    for dtype in halves():
        CASES.append(case(op, np.ones([4]).astype(dtype), np.array([0], np.int32), refuses=NO_HALF))
    for dtype in FLOATS:
        CASES.append(case(op, numbers(dtype, [7, 501], op, scale=1 if op != "Prod" else 0.9), np.array([1], np.int32),
                tol=close(1e-5, 1e-5)))
        CASES.append(case(op, numbers(dtype, [501, 7], op, scale=1 if op != "Prod" else 0.9), np.array([0], np.int32),
                tol=close(1e-5, 1e-5)))
        for row in [[1, np.inf], [1, -np.inf], [np.inf, -np.inf], [np.nan, 1], [1, np.nan], [np.nan, np.inf],
                [-np.inf, -np.inf]]:
            CASES.append(case(op, np.array([row, row[::-1]], dtype), np.array([1], np.int32), tol=VALUES))
# The mean of whole numbers that don't divide, and of many.
for dtype in INTEGERS:
    CASES.append(case("Mean", np.array([[1, 2], [3, 4], [120, 121]], dtype), np.array([1], np.int32)))
    if np.dtype(dtype).kind == "i":
        CASES.append(case("Mean", np.array([[-1, -2], [-3, -4], [-5, 4]], dtype), np.array([1], np.int32)))
for op in ["All", "Any"]:
    for shape, axes in AXES:
        CASES.append(case(op, numbers(bool, shape, op), np.array(axes, np.int32)))
    for keep in [False, True]:
        CASES.append(case(op, numbers(bool, [2, 3, 4]), np.array([-1, 1], np.int32), keep_dims=keep))
for dtype in FLOATS:
    for shape in [[], [0], [7], [3, 5], [2, 3, 4, 5], [1001]]:
        CASES.append(case("L2Loss", numbers(dtype, shape), tol=close(1e-6)))
    CASES.append(case("L2Loss", np.array([1, np.nan], dtype)))
    CASES.append(case("L2Loss", np.array([1, -np.inf], dtype)))

for op in ["ArgMax", "ArgMin"]:
    for dtype in NUMBERS:
        CASES.append(case(op, whole(dtype, [4, 9], op, low=-2, high=2), np.int32(1)))
        CASES.append(case(op, specials(dtype)[~np.isnan(specials(dtype))], np.int32(0)))
    CASES.append(case(op, np.array([True, False, True]), np.int32(0)))
    for shape, axis in [([4], 0), ([4], -1), ([3, 5], 0), ([3, 5], 1), ([2, 3, 4], 1), ([2, 3, 4], -3),
            ([2, 3, 4, 5], 2), ([2, 3, 4, 5], 3), ([0, 3], 1), ([3, 0], 0), ([1, 1], 0), ([2, 2, 2, 2, 3], 4),
            ([3, 5], 2), ([3, 5], -3), ([], 0), ([3, 0], 1), ([2, 1000], 1)]:
        for output in [np.int32, np.int64]:
            CASES.append(case(op, whole(np.float32, shape, op, low=-3, high=3), np.int32(axis), output_type=output))
    CASES.append(case(op, whole(np.float32, [3, 5]), np.int64(1)))
    # NaN is never the largest unless it is the first.
    for row in [[1, np.nan, 3], [np.nan, 1, 2], [np.nan, np.nan], [-np.inf, np.nan], [np.inf, np.inf], [-0.0, 0.0],
            [0.0, -0.0], [-np.inf, -np.inf]]:
        CASES.append(case(op, np.array([row], np.float32), np.int32(1)))

for exclusive in [False, True]:
    for reverse in [False, True]:
        for shape, axis in [([5], 0), ([5], -1), ([2, 3, 4], 0), ([2, 3, 4], 1), ([2, 3, 4], 2), ([0], 0), ([2, 0], 0),
                ([2, 0], 1), ([3, 50], 1), ([], 0), ([3], 1)]:
            CASES.append(case("Cumsum", whole(np.float32, shape), np.int32(axis), exclusive=exclusive, reverse=reverse,
                    tol=VALUES))
        for dtype in NUMBERS:
            CASES.append(case("Cumsum", whole(dtype, [3, 4]), np.int32(1), exclusive=exclusive, reverse=reverse,
                    tol=VALUES))
        CASES.append(case("Cumsum", specials(np.int32), np.int64(0), exclusive=exclusive, reverse=reverse))
        CASES.append(case("Cumsum", np.array([1, np.inf, 2, -np.inf, np.nan], np.float32), np.int32(0),
                exclusive=exclusive, reverse=reverse))



def top_k(values, k, **attrs):
    """TensorFlow has the old op but can't run it any more."""
    return case("TopK", values, producer=6, oracle=case("TopKV2", values, const(k, np.int32), **attrs), k=k, **attrs)


for dtype in NUMBERS:
    CASES += [case("TopKV2", whole(dtype, [3, 9], "top", low=-3, high=3), np.int32(4)),
            top_k(whole(dtype, [3, 9], "top", low=-3, high=3), 4)]
    CASES += [case("TopKV2", specials(dtype)[~np.isnan(specials(dtype))][::-1], np.int32(5))]
for shape, k in [([1], 1), ([5], 0), ([5], 1), ([5], 5), ([5], 6), ([5], -1), ([2, 3, 4], 2), ([0, 5], 3), ([5, 0], 0),
        ([0], 0), ([], 0), ([2, 1000], 10), ([2, 1000], 1000), ([1, 300], 299), ([7, 1], 1), ([3, 64], 1),
        ([3, 64], 33)]:
    for ties in [False, True]:
        values = whole(np.float32, shape, "ties", low=0, high=2) if ties else numbers(np.float32, shape, "no ties")
        CASES += [case("TopKV2", values, np.int32(k)), top_k(values, k)]
CASES += [case("TopKV2", numbers(np.float32, [4, 20]), np.int32(5), index_type=np.int64),
        case("TopKV2", numbers(np.float32, [4, 20]), np.int64(5), Tk=np.int64),
        case("TopKV2", numbers(np.float32, [4, 20]), np.int16(5), Tk=np.int16),
        case("TopKV2", np.array([1, np.inf, -np.inf, 0, -0.0], np.float32), np.int32(5), tol=VALUES),
        case("TopKV2", numbers(np.float32, [4]), np.array([2], np.int32))]
# Unsorted, TensorFlow gives its own order; of one largest there is but one.
CASES += [case("TopKV2", whole(np.float32, [3, 40]), np.int32(1), sorted=False),
        top_k(whole(np.float32, [3, 40]), 1, sorted=False)]

for dtype in [*NUMBERS, np.bool_]:
    CASES.append(case("Where", whole(dtype, [4, 5], "where", low=0, high=1) if dtype != np.bool_
            else numbers(bool, [4, 5])))
for shape in [[], [0], [5], [3, 4], [2, 3, 4], [2, 2, 2, 2], [2, 2, 2, 2, 2], [2, 0, 3], [1000], [1, 1, 1]]:
    CASES.append(case("Where", numbers(bool, shape)))
CASES += [case("Where", np.zeros([3, 3], bool)), case("Where", np.ones([2, 3], bool)), case("Where", np.float32(3)),
        case("Where", np.bool_(False)), case("Where", np.array([np.nan, 0, -0.0, np.inf, 1e-3], np.float32))]
