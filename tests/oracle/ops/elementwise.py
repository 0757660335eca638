"""Element by element: one tensor, two broadcast ones, comparisons, selections, casts."""

import numpy as np

from op_case import case, ulps

CASES = []
FLOATS = np.array([0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 2.5, 3.7, -3.7, 100.0, np.inf, -np.inf, np.nan], np.float32)
CASES += [case("Abs", FLOATS), case("Exp", FLOATS, tol=ulps(4)), case("Rsqrt", FLOATS, tol=ulps(4)),
          case("Abs", FLOATS.astype(np.float64)), case("Abs", np.array([1, -1, -2**31], np.int32)),
          case("Add", FLOATS, FLOATS.reshape(-1, 1)), case("Add", np.float32(1), np.zeros([2, 3], np.float32)),
          case("Add", np.zeros([3], np.float32), np.zeros([2], np.float32))]
