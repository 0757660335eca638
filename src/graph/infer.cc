// Helpers of the inference rules: see infer_util.h.
#include "graph/infer.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/infer_util.h"
#include "thaw/error.h"

namespace thaw {

void InferContext::fail(const std::string& what) const {
  throw InputError(fmt::format("node '{}' ({}): {}", node_.name, op_name(node_.op), what));
}

Shape join_shapes(const Shape& a, const Shape& b) {
  if (!a.has_rank() || !b.has_rank() || a.rank() != b.rank()) return Shape::unknown();
  Shape joined = a;
  for (int i = 0; i < a.rank(); ++i)
    if (a[i] != b[i]) joined[i] = kUnknownDim;
  return joined;
}

bool compatible(const Shape& a, const Shape& b) {
  if (!a.has_rank() || !b.has_rank()) return true;
  if (a.rank() != b.rank()) return false;
  for (int i = 0; i < a.rank(); ++i)
    if (a[i] >= 0 && b[i] >= 0 && a[i] != b[i]) return false;
  return true;
}

bool contains(const Shape& wide, const Shape& narrow) {
  if (!wide.has_rank()) return true;
  if (!narrow.has_rank() || wide.rank() != narrow.rank()) return false;
  for (int i = 0; i < wide.rank(); ++i)
    if (wide[i] >= 0 && wide[i] != narrow[i]) return false;
  return true;
}

Shape meet_shapes(const Shape& a, const Shape& b, const InferContext& context) {
  if (!a.has_rank()) return b;
  if (!b.has_rank()) return a;
  if (!compatible(a, b))
    context.fail(fmt::format("shapes {} and {} do not go together", a.str(), b.str()));
  Shape met = a;
  for (int i = 0; i < a.rank(); ++i) met[i] = std::max(a[i], b[i]);
  return met;
}

int64_t meet_dims(int64_t a, int64_t b, const InferContext& context) {
  if (a >= 0 && b >= 0 && a != b)
    context.fail(fmt::format("dimensions {} and {} should be equal", a, b));
  return std::max(a, b);
}

int64_t add_dims(int64_t a, int64_t b, const InferContext& context) {
  int64_t sum = kUnknownDim;
  if (a < 0 || b < 0) return kUnknownDim;
  if (__builtin_add_overflow(a, b, &sum)) context.fail("a dimension exceeds 64 bits");
  return sum;
}

int64_t mul_dims(int64_t a, int64_t b, const InferContext& context) {
  int64_t product = kUnknownDim;
  if (a == 0 || b == 0) return 0;
  if (a < 0 || b < 0) return kUnknownDim;
  if (__builtin_mul_overflow(a, b, &product)) context.fail("a dimension exceeds 64 bits");
  return product;
}

Shape broadcast_shapes(const Shape& a, const Shape& b, const InferContext& context) {
  if (!a.has_rank() || !b.has_rank()) return Shape::unknown();
  const int rank = std::max(a.rank(), b.rank());
  Shape result = Shape::unknown_of_rank(rank);
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank());
    const int ib = i - (rank - b.rank());
    const int64_t da = ia < 0 ? 1 : a[ia];
    const int64_t db = ib < 0 ? 1 : b[ib];
    if (da == 1) {
      result[i] = db;
    } else if (db == 1) {
      result[i] = da;
    } else if (da >= 0 && db >= 0 && da != db) {
      context.fail(fmt::format("shapes {} and {} do not broadcast", a.str(), b.str()));
    } else {
      // An unknown dimension beside one that is not 1 must equal it or be 1.
      result[i] = std::max(da, db);
    }
  }
  return result;
}

int64_t window_output(const Window& window, int axis, int64_t input, int64_t kernel,
                      const InferContext& context) {
  constexpr int64_t kLimit = int64_t{1} << 31;
  const auto a = static_cast<size_t>(axis);
  const int64_t stride = window.strides[a];
  const int64_t dilation = window.dilations[a];
  if (stride < 1 || stride > kLimit) context.fail(fmt::format("stride {} is no stride", stride));
  if (dilation < 1 || dilation > kLimit)
    context.fail(fmt::format("dilation {} is no dilation", dilation));
  if (kernel > kLimit || input > int64_t{1} << 60)
    context.fail(fmt::format("a window of {} over {} is too large", kernel, input));
  if (input < 0) return kUnknownDim;
  if (window.padding == Padding::kSame) return input / stride + (input % stride != 0 ? 1 : 0);
  if (kernel < 0) return kUnknownDim;
  if (kernel == 0) context.fail("a window of extent 0");
  if (window.padding == Padding::kExplicit) {
    for (size_t side : {2 * a, 2 * a + 1}) {
      if (window.pads[side] < 0 || window.pads[side] > kLimit)
        context.fail(fmt::format("padding {} is no padding", window.pads[side]));
      input += window.pads[side];
    }
  }
  const int64_t extent = (kernel - 1) * dilation + 1;
  const int64_t output = count_windows(input, extent, stride);
  if (output < 0)
    context.fail(fmt::format("a window of {} does not fit into {} with padding {}", extent, input,
                             enum_names(window.padding).names[static_cast<int>(window.padding)]));
  return output;
}

void require_inputs(const InferContext& context, size_t min, size_t max) {
  const size_t n = context.num_inputs();
  if (n < min || n > max)
    context.fail(min == max ? fmt::format("{} inputs, {} expected", n, min)
                            : fmt::format("{} inputs, {} to {} expected", n, min, max));
}

Shape require_rank(const InferContext& context, size_t input, int rank) {
  const Shape& s = context.shape(input);
  if (!s.has_rank()) return Shape::unknown_of_rank(rank);
  if (s.rank() != rank)
    context.fail(fmt::format("input {} has shape {}, rank {} was expected", input, s.str(), rank));
  return s;
}

void require_scalar(const InferContext& context, size_t input) { require_rank(context, input, 0); }

void require_dtype(const InferContext& context, size_t input, DType dtype) {
  if (context.dtype(input) != dtype)
    context.fail(fmt::format("input {} is {}, {} was expected", input,
                             dtype_name(context.dtype(input)), dtype_name(dtype)));
}

void require_integer(const InferContext& context, size_t input) {
  if (!is_integer(context.dtype(input)))
    context.fail(fmt::format("input {} is {}, integers were expected", input,
                             dtype_name(context.dtype(input))));
}

void require_floating(const InferContext& context, size_t input) {
  if (!is_floating(context.dtype(input)))
    context.fail(fmt::format("input {} is {}, floating point was expected", input,
                             dtype_name(context.dtype(input))));
}

void require_same_dtype(const InferContext& context, size_t a, size_t b) {
  if (context.dtype(a) != context.dtype(b))
    context.fail(fmt::format("inputs {} and {} are {} and {}, one type was expected", a, b,
                             dtype_name(context.dtype(a)), dtype_name(context.dtype(b))));
}

int resolve_axis(int64_t axis, int rank, const InferContext& context) {
  if (axis < -rank || axis >= rank)
    context.fail(fmt::format("axis {} is outside a tensor of rank {}", axis, rank));
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Shape shape_from_value(const InferContext& context, size_t input) {
  const std::optional<PartialInts> dims = partial_ints(context, input);
  if (!dims) return Shape::unknown();
  if (dims->size() > static_cast<size_t>(Shape::kMaxRank))
    context.fail(fmt::format("a shape of {} dimensions, at most {} are possible", dims->size(),
                             Shape::kMaxRank));
  Shape shape;
  for (const std::optional<int64_t>& d : *dims) {
    if (d && *d < 0) context.fail(fmt::format("dimension {} in a shape", *d));
    shape.push_back(d.value_or(kUnknownDim));
  }
  return shape;
}

}  // namespace thaw
