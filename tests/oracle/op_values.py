"""Numbers and shapes that ops of many kinds are tried with."""

import zlib

import numpy as np

FLOATS = [np.float32, np.float64]
SIGNED = [np.int8, np.int16, np.int32, np.int64]
UNSIGNED = [np.uint8, np.uint16, np.uint32, np.uint64]
INTEGERS = SIGNED + UNSIGNED
NUMBERS = FLOATS + INTEGERS
NO_HALF = "arithmetic is done in float32 and float64"


def bfloat16():
    import ml_dtypes
    return ml_dtypes.bfloat16


def halves():
    return [np.float16, bfloat16()]


def generator(*names):
    """Random numbers that are the same in each run and others for each use."""
    return np.random.default_rng(zlib.crc32(repr(names).encode()))


def specials(dtype, denormals=False):
    """Zeros, ones, halves, large and small numbers, infinities, NaN; of integers the ends and the middle."""
    if np.dtype(dtype).kind in "iu":
        info = np.iinfo(dtype)
        middle = [v for v in (-3, -2, -1, 0, 1, 2, 3, 7) if v >= info.min]
        return np.array(sorted({info.min, info.min + 1, *middle, info.max // 2, info.max - 1, info.max}), dtype)
    info = np.finfo(dtype) if np.dtype(dtype).kind == "f" else np.finfo(np.float32)
    large = float(info.max) * (1 if np.dtype(dtype).kind == "f" else 0.5)
    numbers = [0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 5.999, 6.0, 6.5, 10.0, 88.0, 100.0, large, float(info.tiny),
               float(np.sqrt(info.tiny)), float(info.eps), np.inf]
    if denormals:
        numbers.append(float(info.tiny) / 4)
    with np.errstate(over="ignore"):
        return np.array([np.nan] + [s * n for n in numbers for s in (1, -1)], np.float64).astype(dtype)


def numbers(dtype, shape, *names, scale=3.0):
    """Random numbers of some spread; integers from -9 (or 0) to 9."""
    rng = generator(dtype, shape, *names)
    if np.dtype(dtype).kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if np.dtype(dtype).kind in "iu":
        return rng.integers(-9 if np.dtype(dtype).kind == "i" else 0, 10, shape).astype(dtype)
    return (rng.normal(size=shape) * scale).astype(dtype)


def whole(dtype, shape, *names, low=-5, high=5):
    """Whole numbers, whose sums are exact in any order."""
    rng = generator(dtype, shape, *names)
    return rng.integers(low if np.dtype(dtype).kind != "u" else 0, high + 1, shape).astype(dtype)


def strings(shape, *names):
    rng = generator(shape, *names)
    words = [b"", b"a", b"zebra", b"\x00\xff", "grün".encode(), b"A", b"a b"]
    result = np.empty(shape, object)
    for at in np.ndindex(result.shape):
        result[at] = words[rng.integers(len(words))]
    return result
