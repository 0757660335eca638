"""Reshape with zeros and -1, also where sizes are known in the run alone."""

import itertools

import numpy as np

from op_case import BITS, MODES, case, graph_case

CASES = []
F = np.float32

INPUTS = [(0,), (0, 7), (7, 0), (0, 0), (2, 0, 3), (0, 6, 2), (1,), (6,), (2, 3), (2, 3, 4), ()]
SIZES = [[], [0], [-1], [0, -1], [-1, 0], [0, 0], [-1, 0, 0], [0, 3, -1], [0, -1, 2], [-1, 3], [2, -1], [5, 0, -1], [-1, -1], [0, -1, -1],
         [6], [2, 3], [3, -1, 2], [-1, 1], [1, -1, 1], [-2], [0, -2], [7]]
for shape, sizes, dtype in itertools.product(INPUTS, SIZES, (np.int32, np.int64)):
    # A single size that is not known can only be the number of elements: plans take it for granted.
    modes = ("weights", "folded") if len(shape) == len(sizes) == 1 else MODES
    CASES.append(case("Reshape", np.arange(int(np.prod(shape)), dtype=F).reshape(shape), np.array(sizes, dtype), tol=BITS,
                      modes=modes))


def chosen(sizes, keep):
    """Rows that pass a test, reshaped by sizes in which None is their number: a detector's boxes."""

    def build(g):
        x = g.feed(np.arange(24, dtype=F).reshape(4, 6), shape=[None, 6])
        rows = g.tf.boolean_mask(x, x[:, 0] < g.feed(F(keep), shape=[]))
        count = g.tf.shape(rows)[0]
        return [g.tf.reshape(rows, g.tf.stack([count if s is None else g.tf.constant(s) for s in sizes]))]

    return graph_case(["Reshape"], build, tol=BITS, modes=("ref", "cpu", "any_shape"))


for sizes in ([None, 6], [None, 2, 3], [None, 2, -1], [None, -1], [None, -1, 2], [6, None], [-1, None], [2, None, -1]):
    CASES += [chosen(sizes, keep) for keep in (-1, 7, 100)]
