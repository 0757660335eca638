"""Cases that hold TF ops against TensorFlow (test_ops.py runs them). How to add some:

A family is tests/oracle/ops/<family>.py with a list CASES of
- case("Op", input..., tol=..., attr=...): a graph of one node. An input is an array (use np.float32 and
  its like: the dtype is the op's), a list of arrays where the op takes many, or const(array) where TF
  or thaw needs a constant. Type and count attributes follow from the inputs.
- graph_case(["Op", ...], build, tol=...): for what one node can't show. build(g) makes a TF graph
  (tensorflow is g.tf; g.feed(array) is a tensor of an input; shape=... says less of its shape) and
  returns the output tensors. The graph must contain the ops, which count as held. Where TensorFlow
  can't run them itself, oracle=function builds the graph that it runs in place of them.
TensorFlow runs each case once; thaw runs it in the modes of MODES: reference kernels, the CPU's kernels
on a plan for the shapes and on one for any, all but the first input constant, all inputs constant.
What TensorFlow refuses, at import or when it runs, thaw must refuse with an InputError, in all modes,
or the case says why not: refuses="reason" (thaw refuses what TF computes), accepts="reason" (the
reverse). modes=... leaves modes out, with a comment saying why. Tolerances: BITS and EXACT for what
moves or is defined exactly, ulps(n), close(rtol, atol). A new family is found by its being there.
"""

from dataclasses import dataclass, field

import numpy as np

MODES = ("ref", "cpu", "any_shape", "weights", "folded")


@dataclass(frozen=True)
class Tolerance:
    """NaN equals NaN. A denormal may be zero (TF flushes them as it likes) unless `denormals`."""

    ulps: float = 0  # of the expected number
    rtol: float = 0
    atol: float = 0
    zero_sign: bool = True  # -0.0 is not 0.0
    denormals: bool = False


BITS = Tolerance(denormals=True)
EXACT = Tolerance()
VALUES = Tolerance(zero_sign=False)  # exact, but for the sign of zero


def ulps(count, **more):
    return Tolerance(ulps=count, **more)


def close(rtol, atol=0.0, **more):
    return Tolerance(rtol=rtol, atol=atol, zero_sign=False, **more)


@dataclass
class Constant:
    value: np.ndarray


def const(value, dtype=None):
    return Constant(np.asarray(value, dtype))


@dataclass
class Case:
    ops: list
    tolerance: Tolerance
    refuses: str = ""
    accepts: str = ""
    modes: tuple = MODES
    # Of one node:
    inputs: list = field(default_factory=list)
    attrs: dict = field(default_factory=dict)
    producer: int = 0  # the GraphDef's version; 0: TensorFlow's own. Ops that it removed need an older one
    outputs: tuple = ()  # those to compare; empty: all
    known_shapes: bool = False  # placeholders say theirs, which some of TensorFlow's shape rules need
    # Of a graph:
    build: object = None
    # What TensorFlow runs where it can't run this: a case, or of a graph the function that builds it.
    oracle: object = None
    name: str = ""

    def describe(self):
        if self.build:
            return f"{self.name} (graph {self.build.__name__})"
        shown = [[_shown(x) for x in i] if isinstance(i, list) else _shown(i) for i in self.inputs]
        return f"{self.name} inputs {shown} attributes {self.attrs}"


def _shown(value):
    array = value.value if isinstance(value, Constant) else value
    text = f"{array.dtype}{list(array.shape)}"
    return f"{text}={array.tolist()}" if array.size <= 8 else text


def _input(value):
    if isinstance(value, list):
        return [_input(v) for v in value]
    return value if isinstance(value, Constant) else np.asarray(value)


def case(op, *inputs, tol=EXACT, refuses="", accepts="", modes=MODES, producer=0, outputs=(), known_shapes=False,
         oracle=None, **attrs):
    return Case([op], tol, refuses, accepts, modes, [_input(i) for i in inputs], attrs, producer, outputs, known_shapes,
                oracle=oracle)


def graph_case(ops, build, tol=EXACT, refuses="", accepts="", modes=("ref", "cpu", "any_shape", "folded"), oracle=None):
    return Case(list(ops), tol, refuses, accepts, modes, build=build, oracle=oracle)


def compare(want, got, tolerance):
    """What is wrong with `got`, in words; empty when nothing is."""
    if got.shape != want.shape:
        return f"shape {list(got.shape)}, expected {list(want.shape)}"
    if got.dtype != want.dtype:
        return f"type {got.dtype}, expected {want.dtype}"
    if want.dtype.kind in "OSU" or want.dtype.kind in "iub":
        wrong = got != want
    else:
        wrong = _wrong_floats(want.astype(np.float64), got.astype(np.float64), want.dtype, tolerance)
    if not np.any(wrong):
        return ""
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{int(np.sum(wrong))} of {want.size} differ, the first at {list(at)}: {got[at]!r}, expected {want[at]!r}"


def _wrong_floats(want, got, dtype, tolerance):
    limits = _finfo(dtype)
    with np.errstate(all="ignore"):
        allowed = tolerance.atol + (tolerance.rtol + tolerance.ulps * limits[0]) * np.abs(want)
        if not tolerance.denormals:
            allowed = allowed + limits[1]
        finite = np.isfinite(want) & np.isfinite(got)
        wrong = np.where(finite, ~(np.abs(got - want) <= allowed), got != want)
    wrong &= ~(np.isnan(want) & np.isnan(got))
    if tolerance.zero_sign:
        wrong |= (want == 0) & (got == 0) & (np.signbit(want) != np.signbit(got))
    return wrong


def _finfo(dtype):
    """The relative distance of neighbours, and the smallest normal number (0 when exact in double)."""
    if dtype == np.float32 or dtype == np.float64 or dtype == np.float16:
        return np.finfo(dtype).eps, float(np.finfo(dtype).tiny)
    return 2.0**-7, 2.0**-126  # bfloat16
