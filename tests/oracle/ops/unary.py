"""One tensor, element by element: functions, predicates, casts."""

import numpy as np

from op_case import BITS, EXACT, VALUES, case, ulps
from op_values import FLOATS, INTEGERS, NO_HALF, halves, numbers, specials

CASES = []
# (tolerance in float32, in float64) of the floating-point functions.
FUNCTIONS = {
    # TensorFlow has Elu and Selu as exp(x) - 1.
    "Abs": EXACT, "Ceil": EXACT, "Elu": ulps(8, atol=2e-7), "Erf": ulps(8), "Exp": ulps(4), "Expm1": ulps(8), "Floor": EXACT,
    "Inv": ulps(2), "IsFinite": EXACT, "IsInf": EXACT, "IsNan": EXACT, "Log": ulps(4), "Log1p": ulps(8),
    "Neg": EXACT, "OnesLike": EXACT, "Reciprocal": ulps(2), "Relu": VALUES, "Relu6": VALUES, "Rint": EXACT,
    "Round": EXACT, "Rsqrt": ulps(4), "Selu": ulps(8, atol=4e-7), "Sigmoid": ulps(8), "Sign": VALUES, "Softplus": ulps(8),
    "Softsign": ulps(4), "Sqrt": ulps(1), "Square": EXACT, "Tanh": ulps(8), "ZerosLike": EXACT,
}
# Not Round, of which TensorFlow 2.17's kernel makes 0: tf.round gives whole numbers on as they are.
OF_INTEGERS = ["Abs", "Neg", "Sign", "Square", "Relu", "Relu6", "OnesLike", "ZerosLike"]
SHAPES = [[], [1], [7], [0], [2, 0, 3], [3, 5], [2, 3, 5, 9], [1, 1, 1, 1, 1, 2], [2, 1, 2, 1, 2, 1, 2, 3]]

for op, tolerance in FUNCTIONS.items():
    for dtype in FLOATS:
        CASES.append(case(op, specials(dtype), tol=tolerance))
        CASES.append(case(op, np.linspace(-20, 20, 1001).astype(dtype), tol=tolerance))
        CASES.append(case(op, np.linspace(-1.5, 1.5, 259).astype(dtype), tol=tolerance))
    for shape in SHAPES:
        CASES.append(case(op, numbers(np.float32, shape, op), tol=tolerance))
    CASES.append(case(op, (10.0 ** np.linspace(-37, 38, 76)).astype(np.float32), tol=tolerance))
    for dtype in halves():
        refuses = "" if op in ("OnesLike", "ZerosLike") else NO_HALF
        CASES.append(case(op, np.array([0.5, -2, 3.25]).astype(dtype), refuses=refuses))
for op in OF_INTEGERS:
    for dtype in INTEGERS:
        CASES.append(case(op, specials(dtype)))
        CASES.append(case(op, numbers(dtype, [2, 37], op)))
for op in ["OnesLike", "ZerosLike"]:
    CASES.append(case(op, np.array([[True, False]])))
CASES.append(case("ZerosLike", np.array([b"a", b""], object)))
CASES.append(case("LogicalNot", np.array([[True, False, True]])))
CASES += [case("LogicalNot", numbers(bool, shape)) for shape in SHAPES]
# Ties between whole numbers, and numbers beyond which all are whole.
TIES = np.concatenate([np.arange(-9, 9) + 0.5, [2.0**22 + 0.5, 2.0**23 + 1, 2.0**24 + 2, -2.0**22 - 0.5, 0.49999997]])
for op in ["Round", "Rint", "Floor", "Ceil"]:
    CASES += [case(op, TIES.astype(dtype)) for dtype in FLOATS]

BITS_TYPES = [np.float16, np.float32, np.float64, *INTEGERS, np.bool_, halves()[1]]


def castable(dtype):
    """Numbers of the type that others can hold, and some that they can't."""
    if dtype == np.bool_:
        return np.array([True, False, True])
    if np.dtype(dtype).kind in "iu":
        return specials(dtype)
    return np.array([0, -0.0, 0.3, 0.5, 0.7, 1, 1.5, 2.5, 3.99, 100.7, 126.9, 127], np.float64).astype(dtype)


for source in BITS_TYPES:
    for target in BITS_TYPES:
        CASES.append(case("Cast", castable(source), SrcT=source, DstT=target))
        if np.dtype(source).kind == "f" and np.dtype(target).kind in "i":
            CASES.append(case("Cast", np.array([-0.3, -0.99, -1.5, -100.7, -127.9]).astype(source), SrcT=source,
                    DstT=target))
# A number that the integer can't hold becomes what x86 makes of it, in TensorFlow as in thaw.
for source in FLOATS:
    for target in [np.int32, np.int64]:
        CASES.append(case("Cast", np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 2147483648.0, -2147483648.0,
                9.2233720368547758e18, -9.2233720368547758e18, 2147483520.0]).astype(source), SrcT=source, DstT=target))
for source in [np.float32, np.float64, np.float16]:
    CASES.append(case("Cast", specials(source), SrcT=source, DstT=np.bool_))
for source in [np.float32, np.float64]:
    for target in halves() + FLOATS:
        CASES.append(case("Cast", specials(source), SrcT=source, DstT=target))
        CASES.append(case("Cast", numbers(source, [301], target), SrcT=source, DstT=target))
        CASES.append(case("Cast", np.array([65504, 65519, 65520, 6.1e-5, 1.00048828125, 1.00146484375,
                3.0517578125e-5]).astype(source), SrcT=source, DstT=target))
CASES += [case("Cast", numbers(np.int32, shape), SrcT=np.int32, DstT=np.float32) for shape in SHAPES]
CASES += [case("Cast", numbers(np.uint8, [3, 50]), SrcT=np.uint8, DstT=np.float32)]
for source, target in [(np.int64, np.int32), (np.int32, np.uint8), (np.float64, np.float32), (np.float32, np.float16),
                       (np.uint64, np.int8), (np.float64, np.float16), (np.float32, halves()[1])]:
    refuses = "of floats" if np.dtype(source).kind == "f" else ""
    CASES.append(case("Cast", numbers(source, [40], "truncate", scale=0.01), SrcT=source, DstT=target, Truncate=True,
            refuses=refuses))
