"""What passes a value on, and values that say nothing."""

import numpy as np

from op_case import BITS, case, graph_case

CASES = []
F = np.float32
ODD = F([np.nan, np.inf, -np.inf, -0.0, 1e-40, 3e38])
VALUES = [ODD, F(1.5), np.zeros([0, 2], F), np.int32([[1, -2]]), np.int64(-2**63), np.array([b"a", b"\0"], object),
          np.array([True, False]), np.float16([1, np.nan]), np.uint8([0, 255]), np.float64([1e-310, 1])]

for value in VALUES:
    for op in ("Identity", "StopGradient", "PreventGradient", "Snapshot"):
        if op != "Snapshot" or value.dtype != object:  # TensorFlow's Snapshot takes no strings
            CASES.append(case(op, value, tol=BITS))
    CASES.append(case("IdentityN", [value], tol=BITS))
    CASES.append(case("EnsureShape", value, tol=BITS, shape=value.shape))
    CASES.append(case("EnsureShape", value, tol=BITS, shape=None))
    CASES.append(case("EnsureShape", value, tol=BITS, shape=[None] * value.ndim))
    CASES.append(case("PlaceholderWithDefault", value, tol=BITS, shape=None))
    for op in ("Const", "HostConst"):
        CASES.append(case(op, tol=BITS, value=value, dtype="string" if value.dtype == object else value.dtype))
CASES.append(case("IdentityN", VALUES, tol=BITS))
for value, shape in ((ODD, [5]), (ODD, [6, None]), (ODD[:0], [1])):
    CASES.append(case("EnsureShape", value, tol=BITS, shape=shape, accepts="what a shape should be is not checked"))
for value in (F([1.5, -0.0]), np.zeros([0], F), np.float64(2), np.float16([1, 2])):
    CASES.append(case("CheckNumerics", value, message="here", tol=BITS))
for value in (F([1, np.nan]), F([np.inf]), F([-np.inf, 0])):
    CASES.append(case("CheckNumerics", value, message="here", tol=BITS, accepts="numbers are not checked"))
CASES.append(case("DebugGradientIdentity", F([1, np.nan]), tol=BITS))


def placeholder(g):
    return [g.tf.identity(g.feed(ODD))]


def no_op(g):
    x = g.feed(ODD)
    with g.tf.control_dependencies([g.tf.raw_ops.NoOp()]):
        return [g.tf.identity(x)]


CASES += [graph_case(["Placeholder"], placeholder, tol=BITS, modes=("ref", "cpu", "any_shape")),
          graph_case(["NoOp"], no_op, tol=BITS)]
