"""Two broadcast tensors: arithmetic, comparisons, logic; selections, sums of many, clipping."""

import numpy as np

from op_case import EXACT, VALUES, case, ulps
from op_values import FLOATS, INTEGERS, NO_HALF, NUMBERS, halves, numbers, specials, strings

CASES = []
ARITHMETIC = {"Add": EXACT, "AddV2": EXACT, "Sub": EXACT, "Mul": EXACT, "Div": EXACT, "RealDiv": EXACT,
        "DivNoNan": EXACT, "FloorDiv": EXACT, "FloorMod": EXACT, "Mod": EXACT, "TruncateDiv": EXACT,
        "TruncateMod": EXACT, "Maximum": VALUES, "Minimum": VALUES, "SquaredDifference": EXACT, "Pow": ulps(16),
        "Atan2": ulps(4)}
COMPARISONS = ["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"]
DIVISIONS = ["Div", "FloorDiv", "FloorMod", "Mod", "TruncateDiv", "TruncateMod"]
PAIRS = [([], []), ([], [4]), ([5], []), ([7], [7]), ([3, 1], [1, 4]), ([2, 3, 4], [4]), ([2, 3, 4], [3, 1]),
         ([4], [2, 3, 4]), ([1, 1, 3], [2, 1, 1]), ([2, 5, 7, 16], [16]), ([2, 1, 1, 17], [2, 5, 3, 17]),
         ([1, 2, 1, 2, 1, 2], [2, 1, 2, 1, 2, 1]), ([0], [1]), ([2, 0], [1]), ([4, 1], [1, 0]), ([0, 3], [3]),
         ([1], [0, 1]), ([3], [2]), ([2, 3], [3, 2]), ([0], [3]), ([1, 1000], [1]), ([37, 1], [1, 31])]


def nonzero(dtype, shape, *names):
    values = numbers(dtype, shape, *names)
    return np.where(values == 0, np.ones_like(values), values)


def second(op, dtype, shape):
    """An operand with which integers can be divided, or be a power."""
    if op in DIVISIONS:
        return nonzero(dtype, shape, op, 2)
    values = numbers(dtype, shape, op, 2)
    return np.abs(values) if op == "Pow" and np.dtype(dtype).kind in "iu" else values


for op, tolerance in ARITHMETIC.items():
    for dtype in FLOATS:
        values = specials(dtype)
        if op == "FloorDiv":  # of a denormal quotient, which TensorFlow makes 0 first
            values = values[~((np.abs(values) < 1e-3) & (values != 0)) & ~((np.abs(values) > 1e3) & np.isfinite(values))]
        CASES.append(case(op, values[:, None], values[None, :], tol=tolerance))
        CASES.append(case(op, numbers(dtype, [501], op, 1), second(op, dtype, [501]), tol=tolerance))
        CASES.append(case(op, numbers(dtype, [40, 13], op, 3), second(op, dtype, [13]), tol=tolerance))
    for dtype in INTEGERS:
        CASES.append(case(op, numbers(dtype, [61], op, 1), second(op, dtype, [61]), tol=tolerance))
    for dtype in halves():
        CASES.append(case(op, np.array([1.5]).astype(dtype), np.array([2]).astype(dtype), refuses=NO_HALF))
    for a, b in PAIRS:
        CASES.append(case(op, numbers(np.float32, a, op, 1), second(op, np.float32, b), tol=tolerance))
        if op not in ("Atan2", "RealDiv", "DivNoNan"):
            CASES.append(case(op, numbers(np.int32, a, op, 1), second(op, np.int32, b), tol=tolerance))
for op in ["Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference"]:
    for dtype in INTEGERS:
        CASES.append(case(op, specials(dtype)[:, None], specials(dtype)[None, :]))
for op in DIVISIONS:
    for dtype in INTEGERS:
        by = specials(dtype)[specials(dtype) != 0]
        CASES.append(case(op, specials(dtype)[:, None], by[None, :]))
    for dtype in [np.int32, np.int64, np.uint8]:
        CASES.append(case(op, np.array([1, 2, 3], dtype), np.array([1, 0, 2], dtype)))
        CASES.append(case(op, np.array([1, 2, 3], dtype), np.array(0, dtype)))
        CASES.append(case(op, np.zeros([0], dtype), np.zeros([0], dtype)))
for dtype in [np.int32, np.int64]:
    CASES += [case("Pow", np.array([2, 3, 0], dtype), np.array([2, -1, 1], dtype)),
              case("Pow", np.array([2, -3, 0, 1, -1, 10], dtype)[:, None], np.array([0, 1, 2, 3, 31, 63], dtype)),
              case("Pow", np.zeros([0], dtype), np.array(-1, dtype))]
for op in COMPARISONS:
    for dtype in NUMBERS:
        CASES.append(case(op, specials(dtype)[:, None], specials(dtype)[None, :]))
    for dtype in halves():
        CASES.append(case(op, np.array([1.5]).astype(dtype), np.array([2]).astype(dtype), refuses=NO_HALF))
    for a, b in PAIRS:
        CASES.append(case(op, numbers(np.int32, a, op, 1), numbers(np.int32, b, op, 2)))
for op in ["Equal", "NotEqual"]:
    CASES.append(case(op, np.array([True, False]), np.array([[True], [False]])))
    CASES.append(case(op, strings([5]), strings([5, 1], 2)))
    for a, b in PAIRS:
        CASES.append(case(op, numbers(np.int32, a), numbers(np.int32, b), incompatible_shape_error=True))
    # Shapes that don't broadcast are then an answer, one bool, and no error.
    for a, b in [([3], [2]), ([2, 3], [3, 2]), ([3], [3]), ([3], [1]), ([0], [3])]:
        CASES.append(case(op, numbers(np.float32, a), numbers(np.float32, b), incompatible_shape_error=False,
                          refuses="" if a in ([1], b) or b == [1] else "shapes that don't broadcast are an error"))
for op in ["Add", "AddV2"]:
    CASES.append(case(op, strings([4]), strings([3, 1], 2)))
for op in ["LogicalAnd", "LogicalOr"]:
    CASES += [case(op, numbers(bool, a, 1), numbers(bool, b, 2)) for a, b in PAIRS]

for op in ["Select", "SelectV2"]:
    for dtype in [*NUMBERS, np.bool_, np.float16]:
        CASES.append(case(op, np.array([True, False, True]), numbers(dtype, [3], 1), numbers(dtype, [3], 2)))
    CASES.append(case(op, np.array([True, False, True]), strings([3], 1), strings([3], 2)))
    CASES.append(case(op, np.array([True, False] * 18), specials(np.float32)[:36], -specials(np.float32)[:36]))
    for c, a, b in [([], [], []), ([], [4], [4]), ([3], [3, 2], [3, 2]), ([2], [3, 2], [3, 2]),
            ([3, 1], [3, 2], [3, 2]), ([3, 2], [3, 2], [3, 2]), ([1], [3, 2], [3, 2]), ([1], [1, 2], [1, 2]),
            ([], [3], []), ([3], [], [3]), ([2, 1], [1, 4], [3, 1, 1]), ([0], [0], [0]), ([0], [0, 3], [0, 3]),
            ([2], [0], [0]), ([], [0], [0]), ([4], [4], [3]), ([2, 2], [4], [4]), ([3], [3, 4, 5], [3, 4, 5]),
            ([5, 1, 7], [6, 1], [7]), ([100], [100], [100])]:
        CASES.append(case(op, numbers(bool, c, op), numbers(np.float32, a, 1), numbers(np.float32, b, 2)))

for dtype in NUMBERS:
    CASES.append(case("ClipByValue", specials(dtype), dtype(1), dtype(6)))
# Where a bound is NaN TensorFlow's vectors and its scalars differ.
for low, high in [(1, 6), (6, 1), (-np.inf, np.inf), (2, 2), (-0.0, 0.0)]:
    CASES.append(case("ClipByValue", specials(np.float32), np.float32(low), np.float32(high), tol=VALUES))
for x, low, high in [([3, 4], [3, 4], [3, 4]), ([3, 4], [], [3, 4]), ([3, 4], [3, 4], []), ([3, 4], [4], [4]),
        ([3, 4], [4], []), ([0], [], []), ([], [], []), ([0, 2], [0, 2], [0, 2])]:
    CASES.append(case("ClipByValue", numbers(np.float32, x), numbers(np.float32, low, 1) - np.float32(2),
            numbers(np.float32, high, 2) + np.float32(2), accepts="bounds broadcast"))

for dtype in NUMBERS:
    for count in [1, 2, 3, 8, 9]:
        CASES.append(case("AddN", [numbers(dtype, [3, 7], i) for i in range(count)], tol=ulps(4, atol=1e-5)))
CASES += [case("AddN", [specials(np.int32), specials(np.int32)]),
        case("AddN", [specials(np.float32), specials(np.float32)[::-1]]),
        case("AddN", [np.zeros([0], np.float32)] * 3), case("AddN", [np.float32(1), np.float32(2)]),
        case("AddN", [np.zeros([2], np.float32), np.zeros([3], np.float32)]),
        case("AddN", [np.zeros([2, 1], np.float32), np.zeros([2], np.float32)])]

for dtype in FLOATS:
    for alpha in [0.2, 0.0, 1.0, 1.5, -0.5]:
        CASES.append(case("LeakyRelu", specials(dtype), alpha=alpha, tol=VALUES))
    CASES.append(case("LeakyRelu", numbers(dtype, [2, 3, 4, 5])))
CASES += [case("LeakyRelu", np.zeros([0, 3], np.float32), alpha=0.1), case("LeakyRelu", np.float32(-3))]

for op in ["BiasAdd", "BiasAddV1"]:
    for shape in [[2, 3], [4, 1], [2, 3, 4], [2, 3, 4, 5], [1, 2, 3, 4, 5], [0, 3], [2, 0], [3], [], [2, 5, 5, 16]]:
        for channels in {shape[-1] if shape else 1, 2}:
            for dtype in [np.float32, np.int32]:
                CASES.append(case(op, numbers(dtype, shape, 1), numbers(dtype, [channels], 2),
                        accepts="a bias broadcasts"
                        if len(shape) < 2 and channels == (shape or [1])[-1] or 1 in shape[-1:] or shape == [] else ""))
for shape in [[2, 3], [2, 3, 4], [2, 3, 4, 5], [1, 2, 3, 4, 5], [0, 3, 2, 2], [2, 0, 4, 4], [2, 16, 5, 5], [3]]:
    for channels in {shape[min(1, len(shape) - 1)], shape[-1]}:
        CASES.append(case("BiasAdd", numbers(np.float32, shape, 1), numbers(np.float32, [channels], 2),
                data_format="NCHW"))
CASES += [case("BiasAdd", numbers(d, [3, 4], 1), numbers(d, [4], 2), data_format="NHWC") for d in NUMBERS]
CASES += [case("BiasAdd", numbers(np.float32, [3, 4]), numbers(np.float32, [2, 2])),
        case("BiasAdd", numbers(np.float32, [3, 4]), np.float32(1), accepts="a bias broadcasts")]

RANGES = [(-6, 6), (0, 6), (-1, 1), (0.1, 0.9), (-0.9, -0.1), (0, 0), (-3.3, 7.7), (1e-3, 1e3), (-1e-8, 1e-8)]
for low, high in RANGES:
    for bits in [2, 4, 8, 16]:
        for narrow in [False, True]:
            # Not midway between two levels, where rounding decides.
            x = np.concatenate([np.linspace(low - 1.0123, high + 0.987, 97), [0.0, low, high, -0.0]]).astype(np.float32)
            if bits in (8, 4) or (low, high) in ((-6, 6), (0.1, 0.9)):
                CASES.append(case("FakeQuantWithMinMaxVars", x, np.float32(low), np.float32(high), num_bits=bits,
                                  narrow_range=narrow, tol=VALUES))
            if low < high and bits == 8 or (low, high) == (-6, 6):
                CASES.append(case("FakeQuantWithMinMaxArgs", x, min=low, max=high, num_bits=bits, narrow_range=narrow,
                        tol=VALUES))
for shape in [[3], [2, 3], [2, 4, 3], [2, 2, 2, 3], [0, 3]]:
    CASES.append(case("FakeQuantWithMinMaxVarsPerChannel", numbers(np.float32, shape),
            np.array([-1, -6, 0], np.float32), np.array([1, 6, 4], np.float32), tol=VALUES))
    CASES.append(case("FakeQuantWithMinMaxVarsPerChannel", numbers(np.float32, shape),
            np.array([-1, 0.5, 0], np.float32), np.array([1, 6, 0], np.float32), num_bits=4, narrow_range=True,
            tol=VALUES))
for op in ["FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"]:
    ends = (lambda v: np.float32(v)) if op.endswith("Vars") else (lambda v: np.array([v], np.float32))
    CASES += [case(op, np.array([np.nan, np.inf, -np.inf, 1], np.float32)[:, None], ends(-1), ends(1), tol=VALUES),
            case(op, np.zeros([2, 1], np.float32), ends(2), ends(1)),
            case(op, np.zeros([2, 1], np.float32), ends(-1), ends(1), num_bits=1),
            case(op, np.zeros([2, 1], np.float32), ends(-1), ends(1), num_bits=17)]
CASES += [case("FakeQuantWithMinMaxArgs", np.zeros([2], np.float32), min=1, max=0),
        case("FakeQuantWithMinMaxArgs", numbers(np.float32, [5])),
        case("FakeQuantWithMinMaxVarsPerChannel", np.zeros([2, 3], np.float32), np.zeros([2], np.float32),
        np.ones([2], np.float32))]
