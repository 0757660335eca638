"""Elements that move: shapes, joins, parts of equal size, copies, borders, blocks."""

import numpy as np

from op_case import BITS, case
from op_values import NUMBERS, bfloat16, specials, strings

CASES = []
TYPES = [*NUMBERS, np.bool_, np.float16, bfloat16()]


def values(dtype, shape):
    """All different, as far as the type goes."""
    count = int(np.prod(shape))
    return (np.arange(count) % 120).reshape(shape).astype(dtype)


def add(op, *inputs, **attrs):
    CASES.append(case(op, *inputs, tol=BITS, **attrs))


def i32(*numbers_):
    return np.array(list(numbers_), np.int32)


X = values(np.float32, [2, 3, 4])
SPECIAL = specials(np.float32, denormals=True)

NOTHING = "a model without outputs"

for index in [np.int32, np.int64]:
    for shape, to in [([6], [2, 3]), ([2, 3, 4], [-1]), ([2, 3, 4], [4, -1]), ([2, 3, 4], [2, -1, 2]), ([1], []),
            ([], [1]), ([], [1, 1]), ([0], [0, 5]), ([0], [3, 0]), ([2, 3], [7]), ([2, 3], [-1, 4]),
            ([2, 3], [-1, -1]), ([2, 3], [-2, 3]), ([2, 3], [6, 1, 1, 1, 1, 1, 1, 1]), ([0], [0]), ([2, 3], []),
            ([2, 0], [0, 2])]:
        add("Reshape", values(np.float32, shape), np.array(to, index))
for dtype in TYPES:
    add("Reshape", values(dtype, [2, 3]), i32(3, -1))
add("Reshape", strings([2, 3]), i32(6))
add("Reshape", SPECIAL, i32(-1, 1))

for shape, dims in [([1, 3, 1], []), ([1, 3, 1], [0]), ([1, 3, 1], [2]), ([1, 3, 1], [-1]), ([1, 3, 1], [0, -1]),
        ([1, 3, 1], [1]), ([1, 3, 1], [3]), ([], []), ([1], []), ([2, 3], []), ([1, 1, 1, 1, 5], [1, 3]), ([0, 1], []),
        ([0, 1], [1]), ([1, 3, 1], [0, 0]), ([1, 0, 1], [0])]:
    add("Squeeze", values(np.float32, shape), squeeze_dims=dims)
    add("Squeeze", values(np.int64, shape), squeeze_dims=dims)
for shape in [[], [3], [2, 3], [0], [2, 3, 4, 5]]:
    for axis in [0, 1, -1, -2, 2, 5, -6]:
        add("ExpandDims", values(np.float32, shape), np.int32(axis))
for dtype in TYPES:
    add("ExpandDims", values(dtype, [3]), np.int64(0))
add("ExpandDims", values(np.float32, [3]), np.array([1], np.int32))
add("ExpandDims", values(np.float32, [3]), np.array([0, 1], np.int32))

# TensorFlow aborts where an axis is below 0.
for shape, perm in [([], []), ([5], [0]), ([2, 3], [1, 0]), ([2, 3], [0, 1]), ([2, 3, 4], [2, 0, 1]),
        ([2, 3, 4], [0, 2, 1]), ([2, 3, 4], [2, 1, 0]), ([2, 3, 4], [1, 0, 2]), ([2, 3, 4, 5], [0, 3, 1, 2]),
        ([2, 3, 4, 5], [0, 2, 3, 1]), ([2, 3, 4, 5], [3, 2, 1, 0]), ([2, 3, 4, 5], [1, 0, 3, 2]),
        ([1, 16, 16, 8], [0, 3, 1, 2]), ([2, 1, 3, 1, 2], [4, 2, 0, 1, 3]), ([2, 2, 2, 2, 2, 2], [5, 3, 1, 0, 2, 4]),
        ([2, 1, 2, 1, 2, 1, 2, 1], [7, 6, 5, 4, 3, 2, 1, 0]), ([0, 3], [1, 0]), ([2, 0, 3], [2, 1, 0]), ([2, 3], [0]),
        ([2, 3], [0, 0]), ([2, 3], [0, 2]), ([2, 3], [0, 1, 2]), ([33, 65], [1, 0]), ([3, 33, 17], [0, 2, 1])]:
    add("Transpose", values(np.float32, shape), np.array(perm, np.int32))
    add("Transpose", values(np.uint8, shape), np.array(perm, np.int64))
for dtype in TYPES:
    add("Transpose", values(dtype, [2, 3, 4]), i32(1, 2, 0))
add("Transpose", strings([2, 3]), i32(1, 0))

for shapes, axis in [([[2, 3], [2, 3]], 0), ([[2, 3], [2, 5]], 1), ([[2, 3], [2, 5]], -1),
        ([[2, 3], [1, 3], [4, 3]], 0), ([[2, 3], [1, 3]], -2), ([[2, 3, 4], [2, 1, 4]], 1), ([[3]], 0),
        ([[0], [3]], 0), ([[2, 0], [2, 3]], 1), ([[0, 3], [0, 3]], 0), ([[2, 3], [3, 3]], 1), ([[2, 3], [2, 3]], 2),
        ([[2, 3], [2, 3]], -3), ([[], []], 0), ([[2], [2, 1]], 0), ([[2, 3, 4, 5], [2, 3, 4, 1], [2, 3, 4, 7]], 3),
        ([[1, 2]] * 9, 0), ([[1, 2]] * 9, 1), ([[0], [2, 3]], 0), ([[2, 2, 2, 2, 2], [2, 1, 2, 2, 2]], 1)]:
    parts = [values(np.float32, s) + 100 * i for i, s in enumerate(shapes)]
    parts = [np.asarray(p, np.float32) for p in parts]
    if len(parts) > 1:
        add("ConcatV2", parts, np.int32(axis))
        add("ConcatV2", parts, np.int64(axis))
        add("Concat", np.int32(axis), parts)
for dtype in TYPES:
    add("ConcatV2", [values(dtype, [2, 3]), values(dtype, [2, 1])], np.int32(1))
    add("Concat", np.int32(0), [values(dtype, [2, 3]), values(dtype, [1, 3])])
add("ConcatV2", [strings([2]), strings([3])], np.int32(0))
add("ConcatV2", [X, X], np.array([1], np.int32))
add("ConcatV2", [SPECIAL, SPECIAL], np.int32(0))

for shape, axis, count in [([6], 0, 3), ([6], 0, 6), ([6], 0, 1), ([6], 0, 4), ([4, 6], 0, 2), ([4, 6], 1, 3),
        ([4, 6], -1, 2), ([4, 6], -2, 4), ([2, 4, 6], 1, 2), ([2, 4, 6], 2, 3), ([0, 4], 0, 2), ([0, 4], 1, 2),
        ([4, 6], 2, 2), ([], 0, 1), ([2, 3, 4, 8], 3, 4), ([2, 3, 4, 8], 3, 1), ([4, 6], -3, 2)]:
    add("Split", np.int32(axis), values(np.float32, shape), num_split=count)
for dtype in TYPES:
    add("Split", np.int32(1), values(dtype, [2, 4]), num_split=2)
add("Split", np.int32(0), strings([4]), num_split=2)
# TensorFlow aborts where a size is below -1, or would have to be
for shape, sizes, axis in [([6], [1, 2, 3], 0), ([6], [6], 0), ([6], [1, -1, 2], 0), ([6], [-1], 0), ([6], [0, 6], 0),
        ([6], [2, 2], 0), ([6], [-1, -1], 0), ([4, 6], [1, 3], 0), ([4, 6], [2, 4], 1), ([4, 6], [2, -1], -1),
        ([2, 4, 6], [1, 1, 2], 1), ([0, 4], [0, 0], 0), ([4, 6], [1, 3], 2), ([4, 0], [1, 3], 0), ([6], [6, -1], 0)]:
    for index in [np.int32, np.int64]:
        add("SplitV", values(np.float32, shape), np.array(sizes, index), np.int32(axis), num_split=len(sizes),
                accepts="the rest, as one part" if sizes == [-1] else "")
for dtype in TYPES:
    add("SplitV", values(dtype, [5, 2]), np.array([2, 3], np.int32), np.int32(0), num_split=2)

for shape in [[], [3], [2, 3], [0], [2, 0], [2, 3, 4]]:
    for axis in [0, 1, -1, -2, 3]:
        for count in [1, 2, 3]:
            add("Pack", [np.asarray(values(np.float32, shape) + 10 * i, np.float32) for i in range(count)], axis=axis)
        rank = len(shape)
        extent = shape[axis] if -rank <= axis < rank else 2
        add("Unpack", values(np.float32, shape), num=extent, axis=axis, refuses="" if extent else NOTHING)
for dtype in TYPES:
    add("Pack", [values(dtype, [3]), values(dtype, [3])], axis=1)
    add("Unpack", values(dtype, [3, 2]), num=2, axis=1)
add("Pack", [strings([2]), strings([2])])
add("Pack", [values(np.float32, [2]), values(np.float32, [3])])
add("Pack", [values(np.float32, [2]), values(np.float32, [2, 1])])
add("Unpack", values(np.float32, [3, 2]), num=2, axis=0)
add("Unpack", values(np.float32, [0, 2]), num=0, axis=0, refuses=NOTHING)

for shape, times in [([3], [2]), ([3], [0]), ([3], [1]), ([2, 3], [1, 2]), ([2, 3], [2, 1]), ([2, 3], [3, 2]),
        ([2, 1, 3], [1, 4, 1]), ([2, 3, 4, 5], [2, 1, 1, 3]), ([], []), ([0, 3], [2, 2]), ([2, 3], [2]),
        ([2, 3], [2, -1]), ([1, 2, 1, 2, 1], [2, 1, 2, 1, 2]), ([2, 2, 2, 2, 2, 2], [1, 2, 1, 2, 1, 2]),
        ([1, 1, 64], [3, 5, 1]), ([7, 1], [1, 40])]:
    for index in [np.int32, np.int64]:
        add("Tile", values(np.float32, shape), np.array(times, index))
for dtype in TYPES:
    add("Tile", values(dtype, [2, 2]), i32(2, 3))
add("Tile", strings([2]), i32(3))
for shape, to in [([3], [2, 3]), ([2, 1], [2, 3]), ([], [2, 3]), ([], []), ([1], [0]), ([3], [3]), ([2, 3], [3]),
        ([3], [2]), ([1, 3, 1], [2, 3, 4]), ([1], [2, 2, 2, 2]), ([0], [2, 0]), ([2, 3], [1, 3]),
        ([5, 1, 7], [4, 5, 6, 7])]:
    for index in [np.int32, np.int64]:
        add("BroadcastTo", values(np.float32, shape), np.array(to, index))
for dtype in TYPES:
    add("BroadcastTo", values(dtype, [2, 1]), i32(2, 3))
add("BroadcastTo", strings([2, 1]), i32(2, 2))

PADS = [([3], [[1, 2]]), ([3], [[0, 0]]), ([2, 3], [[0, 1], [2, 0]]), ([2, 3], [[1, 1], [1, 1]]),
        ([2, 3, 4], [[0, 0], [1, 2], [0, 1]]), ([2, 3, 4, 3], [[0, 0], [1, 1], [2, 2], [0, 0]]),
        ([], np.zeros([0, 2])), ([0], [[2, 1]]), ([0, 3], [[1, 1], [0, 0]]), ([2, 3], [[1, 1]]),
        ([2, 3], [[-1, 0], [0, 0]]), ([2, 1, 2, 1, 2], [[1, 0]] * 5), ([2, 1, 2, 1, 2, 1], [[0, 1]] * 6),
        ([3], [[1, 2, 3]]), ([3], [1, 2]), ([1, 5, 5, 2], [[0, 0], [0, 1], [0, 1], [0, 0]]),
        ([1, 5, 5, 2], [[0, 0], [0, 0], [0, 0], [3, 4]])]
for shape, pads in PADS:
    for index in [np.int32, np.int64]:
        add("Pad", values(np.float32, shape), np.array(pads, index))
    add("PadV2", values(np.float32, shape), np.array(pads, np.int32), np.float32(-7))
    add("PadV2", values(np.int32, shape), np.array(pads, np.int32), np.int32(9))
    for mode in ["REFLECT", "SYMMETRIC"]:
        add("MirrorPad", values(np.float32, shape), np.array(pads, np.int32), mode=mode)
for dtype in TYPES:
    add("Pad", values(dtype, [2, 2]), np.array([[1, 0], [0, 2]], np.int32))
    add("PadV2", values(dtype, [2, 2]), np.array([[1, 0], [0, 2]], np.int32), np.array(1, dtype))
    add("MirrorPad", values(dtype, [3, 3]), np.array([[1, 0], [0, 2]], np.int32), mode="REFLECT")
add("PadV2", SPECIAL, np.array([[2, 3]], np.int32), np.float32(np.nan))
add("PadV2", X, np.array([[1, 1]] * 3, np.int32), np.array([1], np.float32))
for mode in ["REFLECT", "SYMMETRIC"]:
    for shape, pads in [([4], [[3, 3]]), ([4], [[4, 4]]), ([4], [[5, 0]]), ([1], [[0, 1]]), ([1], [[1, 0]]),
            ([3, 4], [[2, 2], [3, 1]]), ([0], [[0, 0]]), ([0], [[1, 0]]), ([5, 2, 3], [[4, 0], [1, 1], [0, 2]])]:
        add("MirrorPad", values(np.float32, shape), np.array(pads, np.int64), mode=mode)

for shape, axes in [([4], [0]), ([4], [-1]), ([4], []), ([2, 3], [0]), ([2, 3], [1]), ([2, 3], [0, 1]), ([2, 3], [-1]),
        ([2, 3, 4], [1]), ([2, 3, 4], [0, 2]), ([2, 3], [2]), ([2, 3], [1, 1]), ([2, 3], [1, -1]), ([0], [0]),
        ([], []), ([2, 3, 4, 3], [3]), ([2, 3, 4, 3], [1, 2]), ([2, 2, 2, 2, 2], [0, 4])]:
    for index in [np.int32, np.int64]:
        add("ReverseV2", values(np.float32, shape), np.array(axes, index))
for dtype in TYPES:
    add("ReverseV2", values(dtype, [2, 3]), i32(1))
add("ReverseV2", strings([4]), i32(0))

for index in [np.int32, np.int64]:
    for perm in [[0], [1, 0], [3, 4, 0, 2, 1], [], [0, 0], [0, 2], [-1, 0], [0, 5]]:
        add("InvertPermutation", np.array(perm, index), accepts="numbers that come twice" if perm == [0, 0] else "")
add("InvertPermutation", np.array([[0, 1]], np.int32))

for shape, block, margins in [([1, 2, 2, 1], [2, 2], [[0, 0], [0, 0]]), ([1, 4, 4, 1], [2, 2], [[0, 0], [0, 0]]),
        ([2, 2, 4, 1], [2, 2], [[0, 0], [2, 0]]), ([1, 5, 4, 3], [3, 2], [[1, 0], [0, 2]]),
        ([1, 4, 4, 2], [1, 1], [[0, 0], [0, 0]]), ([2, 6], [3], [[0, 0]]), ([2, 5, 3], [2], [[0, 1]]),
        ([1, 3, 3, 1], [2, 2], [[0, 0], [0, 0]]), ([1, 4, 4, 1], [2], [[0, 0]]),
        ([2, 3, 4, 5, 2], [1, 2, 5], [[0, 0], [0, 0], [0, 0]]), ([0, 4, 4, 1], [2, 2], [[0, 0], [0, 0]]),
        ([1, 4, 4, 1], [0, 2], [[0, 0], [0, 0]]), ([1, 4, 4, 1], [2, 2], [[-1, 1], [0, 0]]),
        ([1, 8, 8, 4], [4, 4], [[2, 2], [2, 2]]), ([3, 4], [], np.zeros([0, 2])),
        ([2, 6, 2], [2, 2], [[0, 0], [0, 0]])]:
    for index in [np.int32, np.int64]:
        add("SpaceToBatchND", values(np.float32, shape), np.array(block, index), np.array(margins, index),
                known_shapes=True)
for shape, block, crops in [([4, 1, 1, 1], [2, 2], [[0, 0], [0, 0]]), ([4, 2, 2, 1], [2, 2], [[0, 0], [0, 0]]),
        ([8, 1, 3, 1], [2, 2], [[0, 0], [2, 0]]), ([6, 2, 3, 2], [3, 2], [[1, 1], [0, 3]]),
        ([3, 4, 4, 2], [1, 1], [[1, 0], [0, 2]]), ([6, 2], [3], [[0, 0]]), ([6, 2], [3], [[1, 2]]),
        ([5, 2], [3], [[0, 0]]), ([4, 1, 1, 1], [2, 2], [[1, 1], [0, 0]]), ([4, 1, 1, 1], [2, 2], [[2, 1], [0, 0]]),
        ([0, 2, 2, 1], [2, 2], [[0, 0], [0, 0]]), ([4, 1, 1, 1], [2, 0], [[0, 0], [0, 0]]),
        ([16, 3, 3, 4], [4, 4], [[2, 2], [2, 2]]), ([8, 2, 2, 2, 1], [2, 2, 2], [[0, 0], [1, 0], [0, 1]]),
        ([4, 1, 1, 1], [2, 2], [[-1, 0], [0, 0]])]:
    for index in [np.int32, np.int64]:
        add("BatchToSpaceND", values(np.float32, shape), np.array(block, index), np.array(crops, index),
                known_shapes=True)
for dtype in TYPES:
    add("SpaceToBatchND", values(dtype, [1, 2, 2, 1]), i32(2, 2), np.zeros([2, 2], np.int32), known_shapes=True)
    add("BatchToSpaceND", values(dtype, [4, 1, 1, 1]), i32(2, 2), np.zeros([2, 2], np.int32), known_shapes=True)

for shape, block in [([1, 2, 2, 4], 2), ([2, 1, 3, 9], 3), ([1, 2, 2, 16], 4), ([2, 3, 2, 8], 2), ([0, 2, 2, 4], 2),
        ([1, 2, 2, 5], 2), ([1, 2, 2, 4], 1), ([1, 2, 4], 2), ([1, 3, 5, 48], 4)]:
    add("DepthToSpace", values(np.float32, shape), block_size=block)
    add("DepthToSpace", values(np.int32, shape), block_size=block, data_format="NHWC")
for shape, block in [([1, 2, 2, 1], 2), ([2, 3, 6, 2], 3), ([1, 4, 8, 3], 4), ([2, 4, 6, 5], 2), ([0, 2, 2, 4], 2),
        ([1, 3, 2, 4], 2), ([1, 2, 2, 4], 1), ([2, 2], 2)]:
    add("SpaceToDepth", values(np.float32, shape), block_size=block)
    add("SpaceToDepth", values(np.int64, shape), block_size=block)
for op in ["DepthToSpace", "SpaceToDepth"]:
    # TensorFlow's CPU has NHWC alone; the optimiser writes NCHW for others.
    add(op, values(np.float32, [1, 4, 2, 2]), block_size=2, data_format="NCHW", accepts="NCHW")
    for dtype in TYPES:
        add(op, values(dtype, [1, 2, 2, 4]), block_size=2)
