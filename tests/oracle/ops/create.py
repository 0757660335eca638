"""Tensors made of shapes and numbers."""

import numpy as np

from op_case import BITS, case, close
from op_values import FLOATS, NUMBERS, bfloat16, numbers, specials, strings, whole

CASES = []
SHAPES = [[], [0], [3], [2, 0, 4], [2, 3, 4, 5], [1, 2, 1, 2, 1, 2, 1, 2]]
ALL_TYPES = [*NUMBERS, np.bool_, np.float16]

for shape in SHAPES:
    CASES.append(case("Rank", numbers(np.float32, shape)))
    for out in [np.int32, np.int64]:
        CASES += [case(op, numbers(np.float32, shape), out_type=out) for op in ("Shape", "Size")]
    CASES += [case("Shape", strings(shape)), case("Size", numbers(bool, shape))]
for dtype in [*ALL_TYPES, bfloat16()]:
    CASES += [case(op, np.zeros([2, 3], dtype)) for op in ("Shape", "Size", "Rank")]
for count in [1, 2, 5]:
    for out in [np.int32, np.int64]:
        CASES.append(case("ShapeN", [numbers(np.float32, SHAPES[i]) for i in range(count)], out_type=out))

for shape in [*SHAPES, [-1], [2, -3], [100, 3]]:
    for index in [np.int32, np.int64]:
        CASES.append(case("Fill", np.array(shape, index), np.float32(2.5)))
for dtype in [*ALL_TYPES, bfloat16()]:
    CASES += [case("Fill", np.array([2, 3], np.int32), np.array(1, dtype)),
            case("Fill", np.array([3], np.int32), specials(dtype)[0] if np.dtype(dtype).kind in "iuf"
            else np.array(True, dtype))]
CASES += [case("Fill", np.array([2], np.int32), np.array(b"text\0", object)),
        case("Fill", np.array([2], np.int32), np.array([1], np.float32)),
        case("Fill", np.array([2], np.int32), np.array([1, 2], np.float32)),
        case("Fill", np.array([[2]], np.int32), np.float32(1)), case("Fill", np.int32(2), np.float32(1))]

for start, limit, delta in [(0, 5, 1), (3, 18, 3), (3, 1, -1), (0, 0, 1), (5, 5, -1), (0, 1, 2), (10, 0, -3),
        (-5, 5, 4), (0, 5, 0), (5, 0, 1), (0, 5, -1), (0, 100, 7)]:
    for dtype in [np.int32, np.int64, *FLOATS]:
        CASES.append(case("Range", dtype(start), dtype(limit), dtype(delta)))
for start, limit, delta in [(0, 1, 0.1), (0.5, 3.7, 0.25), (1, 0, -0.1), (0, 1, 0.3333333), (-1.5, 1.5, 0.7),
        (0, 2.5, 1), (1e6, 1e6 + 1, 0.1)]:
    # Sums of delta, whose rounding adds up: TensorFlow may or may not keep them in a register.
    CASES += [case("Range", dtype(start), dtype(limit), dtype(delta), tol=close(1e-6, 1e-6)) for dtype in FLOATS]
info = np.iinfo(np.int32)
CASES += [case("Range", np.int32(info.max - 3), np.int32(info.max), np.int32(1)), case("Range", np.int32(info.max - 3), np.int32(info.max), np.int32(2)),
          # Further apart than the type reaches, TensorFlow's count of steps overflows.
          case("Range", np.int32(info.min), np.int32(info.min + 5), np.int32(2)),
          case("Range", np.array([0], np.int32), np.int32(3), np.int32(1)), case("Range", np.array([0, 1], np.int32), np.int32(3), np.int32(1)),
          case("Range", np.float32(0), np.float32(np.inf), np.float32(1)), case("Range", np.float32(0), np.float32(np.nan), np.float32(1)),
          case("Range", np.float32(np.nan), np.float32(1), np.float32(1)), case("Range", np.int64(0), np.int64(3), np.int64(2**62))]

for index in [np.uint8, np.int32, np.int64, np.int8]:
    CASES.append(case("OneHot", np.array([0, 2, 1, 7], index), np.int32(3), np.float32(1), np.float32(0)))
for dtype in ALL_TYPES:
    CASES.append(case("OneHot", np.array([[0, 2], [-1, 5]], np.int32), np.int32(4), np.array(1, dtype),
            np.array(0, dtype)))
CASES.append(case("OneHot", np.array([1, 0], np.int32), np.int32(2), np.array(b"on", object), np.array(b"off", object)))
for shape in [[], [0], [3], [2, 3], [2, 3, 2]]:
    for axis in [-1, 0, 1, 2, 3, -2]:
        for depth in [0, 1, 4]:
            CASES.append(case("OneHot", whole(np.int32, shape, low=-1, high=4), np.int32(depth), np.float32(5),
                    np.float32(-0.0), axis=axis))
CASES += [case("OneHot", np.array([0], np.int32), np.int32(-1), np.float32(1), np.float32(0)),
        case("OneHot", np.array([0], np.int32), np.array([2], np.int32), np.float32(1), np.float32(0)),
        case("OneHot", np.array([0], np.int32), np.int32(2), np.array([1], np.float32), np.float32(0)),
        case("OneHot", np.array([2**31, -2**33, 1], np.int64), np.int32(3), np.float32(1), np.float32(np.nan),
        tol=BITS)]

for axis, shapes in [(0, [[2, 3], [4, 3]]), (1, [[2, 3], [2, 5], [2, 0]]), (-1, [[2, 3], [2, 5]]),
        (-2, [[2, 3], [4, 3]]), (0, [[2, 3], [4, 4]]), (2, [[2, 3], [2, 3]]), (-3, [[2, 3], [2, 3]]), (0, [[7], [8]]),
        (0, [[7]]), (0, [[2, 3], [4]]), (0, [[], []]), (3, [[1, 2, 3, 4], [1, 2, 3, 9]])]:
    CASES.append(case("ConcatOffset", np.int32(axis), [np.array(s, np.int32) for s in shapes]))
    CASES.append(case("ConcatOffset", np.int32(axis), [np.array(s, np.int64) for s in shapes], shape_type=np.int64))
