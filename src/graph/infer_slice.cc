// Inference rules of ops/layout.h: joining tensors and taking parts of them.
#include <fmt/format.h>

#include <algorithm>

#include "graph/infer_util.h"
#include "graph/strided_slice.h"

namespace thaw {
namespace {

void require_count(int64_t count, const InferContext& context) {
  if (count < 0 || count > kMaxOutputs) context.fail(fmt::format("{} outputs", count));
}

// The shape of input i with the dimension at `axis` unknown; nothing known when the axis is not.
Shape without_axis(const InferContext& context, size_t input, std::optional<int64_t> axis,
                   int* resolved) {
  Shape x = context.shape(input);
  *resolved = -1;
  if (!x.has_rank()) return x;
  if (!axis) return Shape::unknown_of_rank(x.rank());
  *resolved = resolve_axis(*axis, x.rank(), context);
  x[*resolved] = kUnknownDim;
  return x;
}

// Elements that a slice takes of an axis; unknown where size or what it depends on is.
int64_t slice_extent(const std::optional<int64_t>& begin, const std::optional<int64_t>& size,
                     int64_t extent, const InferContext& context) {
  if (begin && (*begin < 0 || (extent >= 0 && *begin > extent)))
    context.fail(fmt::format("a slice from {} on of an axis of {}", *begin, extent));
  if (!size) return kUnknownDim;
  if (*size < -1) context.fail(fmt::format("a slice of {} elements", *size));
  if (extent >= 0 && *size > extent - begin.value_or(0))
    context.fail(fmt::format("a slice of {} elements of an axis of {}", *size, extent));
  if (*size >= 0) return *size;
  return begin && extent >= 0 ? extent - *begin : kUnknownDim;
}

std::optional<int64_t> element(const std::optional<PartialInts>& values, int i) {
  if (!values || static_cast<size_t>(i) >= values->size()) return {};
  return (*values)[static_cast<size_t>(i)];
}

}  // namespace

std::vector<TensorType> infer(const Concat&, const InferContext& context) {
  if (context.num_inputs() < 2) context.fail("tensors and an axis were expected");
  const size_t count = context.num_inputs() - 1;
  require_integer(context, count);
  const std::optional<int64_t> axis = known_int(context, count);
  Shape shape = Shape::unknown();
  int64_t extent = 0;
  for (size_t i = 0; i < count; ++i) {
    require_same_dtype(context, 0, i);
    int at = -1;
    const Shape part = without_axis(context, i, axis, &at);
    extent = at < 0 ? kUnknownDim : add_dims(extent, context.shape(i)[at], context);
    shape = meet_shapes(shape, part, context);
  }
  if (shape.has_rank() && axis) shape[resolve_axis(*axis, shape.rank(), context)] = extent;
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const Split& op, const InferContext& context) {
  require_inputs(context, 2);
  require_integer(context, 0);
  require_count(op.count, context);
  if (op.count == 0) context.fail("no parts");
  if (context.shape(1).has_rank() && context.shape(1).rank() == 0)
    context.fail("a scalar does not split");
  int at = -1;
  Shape shape = without_axis(context, 1, known_int(context, 0), &at);
  if (at >= 0 && context.shape(1)[at] >= 0) {
    if (context.shape(1)[at] % op.count != 0)
      context.fail(fmt::format("{} does not split into {}", context.shape(1)[at], op.count));
    shape[at] = context.shape(1)[at] / op.count;
  }
  return std::vector<TensorType>(static_cast<size_t>(op.count), {context.dtype(1), shape});
}

std::vector<TensorType> infer(const SplitV&, const InferContext& context) {
  require_inputs(context, 3);
  require_integer(context, 1);
  require_integer(context, 2);
  const Shape vector = require_rank(context, 1, 1);
  const std::optional<PartialInts> sizes = partial_ints(context, 1);
  if (vector[0] < 0 && !sizes) context.fail("into how many parts it splits is not known");
  const int64_t count = sizes ? static_cast<int64_t>(sizes->size()) : vector[0];
  require_count(count, context);
  int at = -1;
  const Shape shape = without_axis(context, 0, known_int(context, 2), &at);
  std::vector<TensorType> types(static_cast<size_t>(count), {context.dtype(0), shape});
  if (at < 0 || !sizes) return types;
  int64_t given = 0;
  size_t open = types.size();
  size_t unknown = 0;
  for (size_t i = 0; i < types.size(); ++i) {
    const int64_t size = (*sizes)[i].value_or(kUnknownDim);
    if (size < -1) context.fail(fmt::format("a part of {}", size));
    types[i].shape[at] = size;
    if (size >= 0) given = add_dims(given, size, context);
    if (size < 0) open = i;
    if (size < 0) ++unknown;
  }
  const int64_t total = context.shape(0)[at];
  if (total >= 0 && (given > total || (unknown == 0 && given != total)))
    context.fail(fmt::format("parts of {} out of {}", given, total));
  if (total >= 0 && unknown == 1) types[open].shape[at] = total - given;
  return types;
}

std::vector<TensorType> infer(const Pack& op, const InferContext& context) {
  if (context.num_inputs() == 0) context.fail("no inputs");
  Shape shape = Shape::unknown();
  for (size_t i = 0; i < context.num_inputs(); ++i) {
    require_same_dtype(context, 0, i);
    shape = meet_shapes(shape, context.shape(i), context);
  }
  if (shape.has_rank())
    shape.insert(resolve_axis(op.axis, shape.rank() + 1, context),
                 static_cast<int64_t>(context.num_inputs()));
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const Unpack& op, const InferContext& context) {
  require_inputs(context, 1);
  require_count(op.count, context);
  Shape shape = context.shape(0);
  if (shape.has_rank()) {
    const int axis = resolve_axis(op.axis, shape.rank(), context);
    meet_dims(shape[axis], op.count, context);
    shape.erase(axis);
  }
  return std::vector<TensorType>(static_cast<size_t>(op.count), {context.dtype(0), shape});
}

std::vector<TensorType> infer(const Slice&, const InferContext& context) {
  require_inputs(context, 3);
  require_integer(context, 1);
  require_integer(context, 2);
  Shape x = context.shape(0);
  for (size_t i : {size_t{1}, size_t{2}}) {
    const int64_t rank = require_rank(context, i, 1)[0];
    if (!x.has_rank() && rank >= 0 && rank <= Shape::kMaxRank)
      x = Shape::unknown_of_rank(static_cast<int>(rank));
    if (x.has_rank()) meet_dims(rank, x.rank(), context);
  }
  if (!x.has_rank()) return {context.input(0)};
  const std::optional<PartialInts> begins = partial_ints(context, 1);
  const std::optional<PartialInts> sizes = partial_ints(context, 2);
  Shape shape = Shape::unknown_of_rank(x.rank());
  for (int i = 0; i < x.rank(); ++i)
    shape[i] = slice_extent(element(begins, i), element(sizes, i), x[i], context);
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const StridedSlice& op, const InferContext& context) {
  require_inputs(context, 4);
  int64_t count = kUnknownDim;
  for (size_t i : {size_t{1}, size_t{2}, size_t{3}}) {
    require_integer(context, i);
    count = meet_dims(count, require_rank(context, i, 1)[0], context);
  }
  const Shape& x = context.shape(0);
  if (!x.has_rank() || count < 0 || count > 2 * Shape::kMaxRank)
    return {{context.dtype(0), Shape::unknown()}};
  const auto read = [&](size_t i) {
    return partial_ints(context, i).value_or(PartialInts(static_cast<size_t>(count)));
  };
  const SlicedAxes sliced = resolve_strided_slice(op, x, read(1), read(2), read(3));
  if (!sliced.error.empty()) context.fail(sliced.error);
  return {{context.dtype(0), sliced.result}};
}

std::vector<TensorType> infer(const Gather& op, const InferContext& context) {
  require_inputs(context, 3);
  require_integer(context, 1);
  require_integer(context, 2);
  const Shape& x = context.shape(0);
  const Shape& indices = context.shape(1);
  if (!x.has_rank() || !indices.has_rank()) return {{context.dtype(0), Shape::unknown()}};
  if (x.rank() == 0) context.fail("a scalar has no slices");
  int64_t batch = op.batch_dims;
  if (batch < 0) batch += indices.rank();
  if (batch < 0 || batch > indices.rank() || batch >= x.rank())
    context.fail(fmt::format("{} batch dimensions of indices {}", op.batch_dims, indices.str()));
  const std::optional<int64_t> axis_value = known_int(context, 2);
  if (!axis_value) {
    const int64_t rank = x.rank() - 1 + indices.rank() - batch;
    if (rank > Shape::kMaxRank) context.fail(fmt::format("a result of rank {}", rank));
    return {{context.dtype(0), Shape::unknown_of_rank(static_cast<int>(rank))}};
  }
  const int axis = resolve_axis(*axis_value, x.rank(), context);
  if (axis < batch) context.fail(fmt::format("axis {} is a batch dimension", axis));
  Shape shape;
  for (int i = 0; i < axis; ++i)
    shape.push_back(i < batch ? meet_dims(x[i], indices[i], context) : x[i]);
  for (int i = static_cast<int>(batch); i < indices.rank(); ++i) shape.push_back(indices[i]);
  for (int i = axis + 1; i < x.rank(); ++i) shape.push_back(x[i]);
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const GatherNd&, const InferContext& context) {
  require_inputs(context, 2);
  require_integer(context, 1);
  const Shape& x = context.shape(0);
  Shape shape = context.shape(1);
  if (!x.has_rank() || !shape.has_rank()) return {{context.dtype(0), Shape::unknown()}};
  if (shape.rank() == 0) context.fail("indices of rank 0");
  const int64_t depth = shape.back();
  if (depth < 0) return {{context.dtype(0), Shape::unknown()}};
  if (depth > x.rank())
    context.fail(fmt::format("indices of {} into a tensor of shape {}", depth, x.str()));
  shape.erase(shape.rank() - 1);
  for (int i = static_cast<int>(depth); i < x.rank(); ++i) shape.push_back(x[i]);
  return {{context.dtype(0), shape}};
}

}  // namespace thaw
