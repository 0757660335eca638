"""Numbers that stand for others."""

import itertools

import numpy as np

from op_case import VALUES, case, close, graph_case

CASES = []
F = np.float32
ODD = F([-np.inf, -300, -6.01, -6, -3.3, -1, -0.5, -0.01, -0.0, 0, 1e-40, 0.01, 0.5, 1, 2.999, 5.99, 6, 6.01, 127.5, 255,
         1000, np.inf, np.nan])
RANGES = [(-6, 6), (0, 6), (-1, 0.5), (0.5, 3), (-3, -0.5), (0, 0), (-0.003, 0.002), (-128, 127), (1e-3, 1e4), (-1e-6, 1e6)]


def fakes():
    for (low, high), bits, narrow in itertools.product(RANGES, (2, 4, 8, 16), (False, True)):
        # Of 16 bits, numbers half-way between two steps may go either way.
        tol = close(0, (high - low) / 65000) if bits == 16 else VALUES
        yield case("FakeQuantWithMinMaxArgs", ODD, min=low, max=high, num_bits=bits, narrow_range=narrow, tol=tol)
        yield case("FakeQuantWithMinMaxVars", ODD, F(low), F(high), num_bits=bits, narrow_range=narrow, tol=VALUES)
    low, high = F([r[0] for r in RANGES]), F([r[1] for r in RANGES])
    wide = np.linspace(-8, 8, 60, dtype=F).reshape(2, 3, 10)
    for bits, narrow in itertools.product((2, 3, 8, 16), (False, True)):
        for x in (wide, wide[0], wide[0, 0], wide.reshape(1, 2, 3, 10), wide[:0]):
            yield case("FakeQuantWithMinMaxVarsPerChannel", x, low, high, num_bits=bits, narrow_range=narrow, tol=VALUES)
    yield case("FakeQuantWithMinMaxArgs", ODD[:0], tol=VALUES)
    yield case("FakeQuantWithMinMaxVars", F(3.3), F(-5), F(5), tol=VALUES)
    yield case("FakeQuantWithMinMaxVarsPerChannel", wide[..., :0], low[:0], high[:0], tol=VALUES)
    # Refused by both.
    for bits in (1, 17):
        yield case("FakeQuantWithMinMaxArgs", ODD, num_bits=bits)
        yield case("FakeQuantWithMinMaxVars", ODD, F(-1), F(1), num_bits=bits)
        yield case("FakeQuantWithMinMaxVarsPerChannel", wide, low, high, num_bits=bits)
    yield case("FakeQuantWithMinMaxArgs", ODD, min=1.0, max=-1.0)
    yield case("FakeQuantWithMinMaxArgs", ODD, min=1.0, max=1.0)
    yield case("FakeQuantWithMinMaxVarsPerChannel", wide, low[:3], high)
    yield case("FakeQuantWithMinMaxVarsPerChannel", wide, low[:3], high[:3])
    yield case("FakeQuantWithMinMaxVars", ODD, low, high)


CODES = {"quint8": np.arange(256).astype(np.uint8), "qint8": np.arange(-128, 128).astype(np.int8),
         "quint16": np.linspace(0, 65535, 40).astype(np.uint16), "qint16": np.linspace(-32768, 32767, 40).astype(np.int16),
         "qint32": np.int32([-2**31, -5, 0, 7, 2**31 - 1])}


def dequantised():
    """Of constants, as graphs have them: there are no arrays of these types to feed."""

    def one(name, codes, low, high, **attrs):
        def build(g):
            quantised = g.tf.constant(codes.astype(g.tf.as_dtype(name).as_numpy_dtype), name)
            return [g.tf.raw_ops.Dequantize(input=quantised, min_range=F(low), max_range=F(high), **attrs)]

        return graph_case(["Dequantize"], build, tol=close(2e-6, 1e-6), modes=("ref", "cpu"))

    ranges = [(-6, 6), (0, 6), (0, 255), (-1, 0.5), (0.5, 3), (-3, -0.5), (-128, 127), (0, 0), (3, 3)]
    for name, codes in CODES.items():
        for (low, high), mode, narrow in itertools.product(ranges, ("MIN_COMBINED", "MIN_FIRST", "SCALED"), (False, True)):
            # The largest code of 32 bits wraps in TensorFlow when it is scaled.
            if mode == "SCALED":
                codes = codes[codes < 2**31 - 1]
            if mode == "SCALED" or not narrow:
                yield one(name, codes, low, high, mode=mode, narrow_range=narrow)


def pairs():
    for (low, high), bits, signed, narrow in itertools.product(RANGES[:8], (3, 8), (True, False), (False, True)):
        same = {"signed_input": signed, "narrow_range": narrow, "axis": -1, "tol": VALUES}
        given = {**same, "range_given": True}
        x, low, high = ODD[1:-2], F(low), F(high)
        for up in ("HALF_TO_EVEN", "HALF_UP"):
            yield case("QuantizeAndDequantizeV2", x, low, high, num_bits=bits, round_mode=up, **given)
            yield case("QuantizeAndDequantizeV2", x[2:-2], low, high, num_bits=bits, round_mode=up, range_given=False, **same)
        yield case("QuantizeAndDequantizeV3", x, low, high, np.int32(bits), **given)
        yield case("QuantizeAndDequantizeV4", x, low, high, num_bits=bits, round_mode="HALF_TO_EVEN", **given)
    x = np.linspace(-40, 40, 320, dtype=F).reshape(4, 5, 16)
    for axis, dtype in itertools.product((-1, 0, 1, 2), (np.float32, np.float64)):
        count = x.shape[axis] if axis >= 0 else ()
        ranges = np.full(count, -30, dtype), np.full(count, 33, dtype)
        # V2 and V4 refuse ranges for an axis, which V3 takes.
        yield case("QuantizeAndDequantizeV3", x.astype(dtype), *ranges, np.int32(8), signed_input=True, range_given=True,
                   narrow_range=False, axis=axis, tol=VALUES)
        yield case("QuantizeAndDequantizeV4", x.astype(dtype), *ranges, num_bits=8, signed_input=True,
                   range_given=False, narrow_range=False, round_mode="HALF_TO_EVEN", axis=axis, tol=VALUES)


CASES += [*fakes(), *dequantised(), *pairs()]
