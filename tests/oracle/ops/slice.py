"""Parts of a tensor: slices, elements by their indices, and elements put at indices."""

import numpy as np

from op_case import BITS, VALUES, case
from op_values import NUMBERS, bfloat16, generator, specials, strings, whole

CASES = []
TYPES = [*NUMBERS, np.bool_, np.float16, bfloat16()]


def values(dtype, shape):
    count = int(np.prod(shape))
    return (np.arange(count) % 120).reshape(shape).astype(dtype)


def add(op, *inputs, **attrs):
    CASES.append(case(op, *inputs, tol=attrs.pop("tol", BITS), **attrs))


for shape, begin, size in [([5], [0], [3]), ([5], [2], [3]), ([5], [2], [-1]), ([5], [5], [0]), ([5], [5], [-1]),
        ([5], [0], [0]), ([5], [3], [3]), ([5], [-1], [1]), ([5], [6], [0]), ([5], [0], [-2]),
        ([2, 3], [0, 1], [2, 2]), ([2, 3], [1, 0], [1, -1]), ([2, 3, 4], [0, 1, 2], [-1, 1, 2]),
        ([2, 3, 4, 5], [1, 1, 1, 1], [1, 2, 3, 4]), ([], [], []), ([0, 3], [0, 1], [0, 2]), ([0, 3], [0, 0], [-1, -1]),
        ([2, 3], [0], [1]), ([2, 3], [0, 0], [3, 3]), ([2, 2, 2, 2, 2], [0, 1, 0, 1, 0], [2, 1, 2, 1, 2]),
        ([3, 100], [1, 7], [2, 77])]:
    for index in [np.int32, np.int64]:
        add("Slice", values(np.float32, shape), np.array(begin, index), np.array(size, index))
for dtype in TYPES:
    add("Slice", values(dtype, [3, 4]), np.array([1, 1], np.int32), np.array([2, 2], np.int32))
add("Slice", strings([4]), np.array([1], np.int32), np.array([2], np.int32))


def strided(x, begin, end, strides, index=np.int32, **masks):
    add("StridedSlice", x, np.array(begin, index), np.array(end, index), np.array(strides, index), **masks)


for begin in [-7, -6, -3, -1, 0, 2, 5, 7]:
    for end in [-7, -6, -2, 0, 3, 6, 8]:
        for stride in [1, 2, -1, -3]:
            strided(values(np.float32, [6]), [begin], [end], [stride])
for begin_mask in [0, 1]:
    for end_mask in [0, 1]:
        for begin, end, stride in [(1, 4, 1), (4, 1, -1), (-1, -4, -2), (9, 9, 1), (0, 6, 4), (-9, 2, 1)]:
            strided(values(np.int32, [6]), [begin], [end], [stride], begin_mask=begin_mask, end_mask=end_mask)
for begin in [-7, -6, -1, 0, 3, 5, 6]:
    strided(values(np.float32, [6]), [begin], [begin + 1], [1], shrink_axis_mask=1)
    strided(values(np.float32, [6, 2]), [begin], [0], [1], shrink_axis_mask=1, begin_mask=1)
strided(values(np.float32, [6]), [2], [1], [-1], shrink_axis_mask=1)
strided(values(np.float32, [6]), [0], [3], [0])
strided(values(np.float32, [6]), [0, 0], [3, 3], [1, 1])
strided(values(np.float32, []), [], [], [])
strided(values(np.float32, []), [0], [0], [1], new_axis_mask=1)
strided(values(np.float32, [0, 3]), [0, 1], [5, 3], [1, 1])
strided(values(np.float32, [0, 3]), [0], [1], [1], shrink_axis_mask=1)
strided(values(np.float32, [2, 3, 4]), [0], [1], [1])
strided(values(np.float32, [2, 3, 4]), [], [], [])
for position in range(3):
    strided(values(np.float32, [2, 3, 4]), [1, 1, 1], [2, 3, 4], [1, 1, 1], ellipsis_mask=1 << position)
    strided(values(np.float32, [2, 3, 4]), [1, 1, 1], [2, 3, 4], [1, 1, 1], new_axis_mask=1 << position)
    strided(values(np.float32, [2, 3, 4, 5]), [1, 1, 1], [2, 3, 4], [1, 1, 1], ellipsis_mask=1 << position,
            shrink_axis_mask=7 & ~(1 << position))
    strided(values(np.float32, [2, 3, 4]), [1, 0, 1], [2, 3, 4], [1, 1, 1], new_axis_mask=1 << position,
            shrink_axis_mask=1 << ((position + 1) % 3))
strided(values(np.float32, [2, 3]), [0, 0], [1, 1], [1, 1], ellipsis_mask=3)
strided(values(np.float32, [2, 3]), [0, 0, 0], [1, 1, 1], [1, 1, 1], new_axis_mask=1, ellipsis_mask=1)
strided(values(np.float32, [2, 3]), [0, 0, 1], [0, 0, 2], [1, 1, 1], new_axis_mask=2, ellipsis_mask=1,
        shrink_axis_mask=4)
strided(values(np.float32, [4, 5]), [3, 4], [-5, -6], [-1, -2])
rng = generator("strided")
for _ in range(150):
    rank = int(rng.integers(1, 5))
    shape = [int(v) for v in rng.integers(1, 6, rank)]
    length = int(rng.integers(1, rank + 2))
    masks = {name: int(rng.integers(0, 1 << length)) if rng.random() < 0.5 else 0
            for name in ("begin_mask", "end_mask", "shrink_axis_mask")}
    masks["new_axis_mask"] = int(rng.integers(0, 1 << length)) if rng.random() < 0.3 else 0
    masks["ellipsis_mask"] = 1 << int(rng.integers(0, length)) if rng.random() < 0.4 else 0
    strides = rng.choice([1, 1, 1, 2, -1, -2], length) if rng.random() < 0.6 else np.ones(length)
    strided(values(np.float32, shape), rng.integers(-4, 5, length), rng.integers(-5, 7, length), strides,
            np.int64 if rng.random() < 0.3 else np.int32, **masks)
for dtype in TYPES:
    strided(values(dtype, [3, 4]), [0, 1], [3, 4], [2, 2])
    strided(values(dtype, [3, 4]), [2, 3], [-4, -5], [-1, -1])
add("StridedSlice", strings([5]), np.array([1], np.int32), np.array([5], np.int32), np.array([2], np.int32))
add("StridedSlice", specials(np.float32, denormals=True), np.array([1], np.int32), np.array([30], np.int32),
        np.array([1], np.int32))

GATHERS = [([5], [0, 4, 2]), ([5], []), ([5], 3), ([5, 2], [[1, 0], [4, 4]]), ([5, 2, 3], [2]), ([5], [5]),
        ([5], [-1]), ([0], []), ([0], [0]), ([0, 3], []), ([5, 0], [1, 2]), ([1000, 3], [999, 0, 500])]
for shape, indices in GATHERS:
    for index in [np.int32, np.int64]:
        add("Gather", values(np.float32, shape), np.array(indices, index))
        add("GatherV2", values(np.float32, shape), np.array(indices, index), np.int32(0))
for dtype in TYPES:
    add("GatherV2", values(dtype, [4, 3]), np.array([3, 0], np.int32), np.int64(1 if dtype == np.float32 else 0))
    add("Gather", values(dtype, [4, 3]), np.array([3, 0], np.int32))
add("GatherV2", strings([4]), np.array([3, 0], np.int32), np.int32(0))
for shape, indices, axis, batch in [([2, 3], [2, 0], 1, 0), ([2, 3], [2, 0], -1, 0),
        ([2, 3, 4], [[1, 0], [2, 2]], 1, 0), ([2, 3, 4], [1], 2, 0), ([2, 3, 4], [3, 3, 0], -1, 0),
        ([2, 3], [0], 2, 0), ([2, 3], [0], -3, 0), ([2, 3], [[0, 1], [2, 2]], 1, 1),
        ([2, 3, 4], [[0, 1], [2, 2]], 1, 1), ([2, 3, 4], [[0, 1], [2, 3]], 2, 1),
        ([2, 3, 4], [[[0], [1], [2]], [[3], [2], [1]]], 2, 2), ([2, 3], [[0, 1], [2, 2]], 1, -1),
        ([2, 3], [[0], [1], [2]], 1, 1), ([2, 3], [[0, 1], [2, 2]], 0, 1), ([2, 3], [0, 1], 1, 1),
        ([2, 3], [[0, 3], [2, 2]], 1, 1), ([2, 0, 3], [0], 2, 0), ([3, 4], 2, 0, 0), ([3, 4], 2, 1, 0),
        ([2, 3, 4, 5], [4, 0], 3, 0)]:
    add("GatherV2", values(np.float32, shape), np.array(indices, np.int32), np.int32(axis), batch_dims=batch)
    add("GatherV2", values(np.uint8, shape), np.array(indices, np.int64), np.int64(axis), batch_dims=batch)
add("GatherV2", values(np.float32, [4]), np.array([1], np.int32), np.array([0], np.int32))

for shape, indices in [([5], [[0], [4]]), ([5], [3]), ([2, 3], [[0, 1], [1, 2]]), ([2, 3], [[1], [0]]), ([2, 3], [1]),
        ([2, 3], [1, 2]), ([2, 3, 4], [[[0, 1], [1, 2]]]), ([2, 3, 4], [[0, 1, 2], [1, 2, 3]]), ([2, 3], [[0, 3]]),
        ([2, 3], [[-1, 0]]), ([2, 3], [[0, 0, 0]]), ([2, 3], np.zeros([2, 0])), ([2, 3], np.zeros([0, 2])),
        ([0, 3], np.zeros([0, 1])), ([0, 3], [[0]]), ([2, 0], [[1]]), ([2, 3, 4, 5], [[1, 2, 3, 4]]),
        ([2, 2, 2, 2, 2], [[1, 0, 1], [0, 1, 0]]), ([5], 3)]:
    for index in [np.int32, np.int64]:
        add("GatherNd", values(np.float32, shape), np.array(indices, index))
for dtype in TYPES:
    add("GatherNd", values(dtype, [2, 3]), np.array([[1, 2], [0, 0]], np.int32))
add("GatherNd", strings([4]), np.array([[3], [0]], np.int32))

for indices, updates, shape in [([[0], [3]], [2], [5]), ([[1], [1], [1]], [3], [4]), ([[0], [2]], [2, 3], [4, 3]),
        ([[0, 1], [1, 2]], [2], [2, 3]), ([[[0], [1]], [[1], [0]]], [2, 2, 2], [3, 2]), (np.zeros([0, 1]), [0], [3]),
        (np.zeros([0, 1]), [0, 2], [3, 2]), ([[5]], [1], [5]), ([[-1]], [1], [5]), ([[0]], [2], [5]),
        ([[0, 0, 0]], [1], [2, 2]), ([1], [], [4]), ([0, 1], [], [2, 3]), ([[0]], [1, 2], [3, 3]),
        ([[0]], [1, 0], [2, 0]), ([[0]], [1], [0]), (np.zeros([2, 0]), [2, 3], [3]),
        ([[1, 0], [1, 0]], [2, 2], [2, 2, 2])]:
    for index in [np.int32, np.int64]:
        add("ScatterNd", np.array(indices, index), whole(np.float32, updates, 1, low=1), np.array(shape, index),
                tol=VALUES)
for dtype in [*NUMBERS]:
    add("ScatterNd", np.array([[1], [1], [0]], np.int32), whole(dtype, [3], low=1), np.array([3], np.int32), tol=VALUES)
add("ScatterNd", np.array([[1], [1]], np.int32), np.array([2**31 - 1, 1], np.int32), np.array([2], np.int32))
add("ScatterNd", np.array([[1], [0]], np.int32), np.array([True, True]), np.array([3], np.int32))
