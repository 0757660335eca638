"""Windows nearly as large as their input, as large, and larger; nothing to look at."""

import itertools

import numpy as np

from op_case import case, close

CASES = []
F = np.float32
CLOSE = close(1e-6, 1e-6)


def numbers(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(F)


def windows(x, kernel, stride, dilation, padding, explicit):
    """The ops whose window of `kernel` moves over x."""
    strides = [1, *stride, 1]
    pads = {"explicit_paddings": [0, 0, *explicit, 0, 0]} if padding == "EXPLICIT" else {}
    dilated = {"dilations": [1, *dilation, 1]}
    channels = x.shape[3]
    yield case("Conv2D", x, numbers(*kernel, channels, 3), strides=strides, padding=padding, tol=CLOSE, **dilated, **pads)
    if stride[0] == stride[1] and dilation == (1, 1):  # TensorFlow has few others
        yield case("DepthwiseConv2dNative", x, numbers(*kernel, channels, 2), strides=strides, padding=padding, tol=CLOSE,
                   **dilated, **pads)
    if dilation == (1, 1) and padding != "EXPLICIT":
        for op in ("MaxPool", "AvgPool"):
            yield case(op, x, ksize=[1, *kernel, 1], strides=strides, padding=padding, tol=CLOSE)


for extent, kernel, stride, dilation in itertools.product((0, 1, 2, 4), (1, 2, 3, 5), (1, 2), (1, 2)):
    x = numbers(2, extent, 5, 2)
    CASES += windows(x, (kernel, 2), (stride, stride), (dilation, dilation), "VALID", ())
for extent, kernel, stride in itertools.product((1, 2, 4), (2, 5, 7), (2, 3)):
    x = numbers(1, 6, extent, 2)
    CASES += windows(x, (2, kernel), (1, stride), (1, 1), "VALID", ())
    CASES += windows(x, (2, kernel), (stride, stride), (1, 1), "SAME", ())
    CASES += windows(x, (2, kernel), (stride, stride), (1, 1), "EXPLICIT", (0, 1, 1, 0))
for shape in ((0, 4, 4, 2), (2, 0, 4, 2), (2, 4, 0, 2)):
    for padding in ("VALID", "SAME"):
        CASES += windows(np.zeros(shape, F), (3, 3), (1, 1), (1, 1), padding, ())
