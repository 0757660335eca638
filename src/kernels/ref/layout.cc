// Reference kernels of ops that reshape, permute, join and part tensors.
#include <fmt/core.h>

#include <algorithm>

#include "kernels/ref/copy.h"
#include "ops/reshape.h"

namespace thaw::ref {
namespace {

// The dense copy of `part` (its extents) inside `whole` along one axis, as {outer, inner} runs.
std::vector<CopyDim> part_of(const Shape& part, const Shape& whole, int axis, bool whole_is_from) {
  const int64_t outer = product(part, 0, axis);
  const int64_t inner = product(part, axis, part.rank());
  const int64_t step = product(whole, axis, whole.rank());
  const CopyDim lines = whole_is_from ? CopyDim{outer, step, inner} : CopyDim{outer, inner, step};
  return {lines, {inner, 1, 1}};
}

// Splits input x along the axis into outputs of these extents.
void split_into(const char* op, RunContext& context, const Tensor& x, int axis,
                const std::vector<int64_t>& sizes) {
  const int64_t inner = product(x.shape(), axis + 1, x.rank());
  int64_t start = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    Shape part = x.shape();
    part[axis] = sizes[i];
    Tensor& out = context.output(i, x.dtype(), part);
    copy_strided(op, x, start * inner, out, 0, part_of(part, x.shape(), axis, true));
    start += sizes[i];
  }
}

}  // namespace

void run(const Reshape&, RunContext& context) {
  const Tensor& x = context.input(0);
  Shape shape;
  int open = -1;
  for (int64_t d : int_vector("Reshape", context.input(1), "the shape")) {
    if (d < -1) fail("Reshape", fmt::format("a shape with the extent {}", d));
    if (d == -1 && open >= 0) fail("Reshape", "more than one extent of -1");
    if (d == -1) open = shape.rank();
    shape.push_back(d == -1 ? 1 : d);
  }
  if (open >= 0) shape[open] = open_extent(x.shape(), shape, open);
  if (shape.num_elements() != x.num_elements())
    fail("Reshape", fmt::format("{} elements of {} don't fit the shape {}", x.num_elements(),
                                x.shape().str(), shape.str()));
  pass_on(context, 0, shape);
}

void run(const Squeeze& op, RunContext& context) {
  const Shape& in = context.input(0).shape();
  std::array<bool, Shape::kMaxRank> drop{};
  for (int64_t a : op.axes) {
    const int axis = normalize_axis("Squeeze", a, in.rank());
    if (in[axis] != 1) fail("Squeeze", fmt::format("dimension {} of {} is not 1", axis, in.str()));
    drop[static_cast<size_t>(axis)] = true;
  }
  Shape out;
  for (int i = 0; i < in.rank(); ++i)
    if (op.axes.empty() ? in[i] != 1 : !drop[static_cast<size_t>(i)]) out.push_back(in[i]);
  pass_on(context, 0, out);
}

void run(const ExpandDims&, RunContext& context) {
  Shape shape = context.input(0).shape();
  const int64_t axis = scalar_int("ExpandDims", context.input(1), "the axis");
  shape.insert(normalize_axis("ExpandDims", axis, shape.rank() + 1), 1);
  pass_on(context, 0, shape);
}

void run(const Transpose&, RunContext& context) {
  const Tensor& x = context.input(0);
  const std::vector<int64_t> permutation =
      int_vector("Transpose", context.input(1), "the permutation");
  if (permutation.size() != x.shape().size())
    fail("Transpose",
         fmt::format("a permutation of {} dimensions for {}", permutation.size(), x.shape().str()));
  std::array<bool, Shape::kMaxRank> seen{};
  std::array<int, Shape::kMaxRank> source{};
  Shape shape;
  for (size_t i = 0; i < permutation.size(); ++i) {
    source[i] = normalize_axis("Transpose", permutation[i], x.rank());
    bool& taken = seen[static_cast<size_t>(source[i])];
    if (taken) fail("Transpose", fmt::format("dimension {} comes twice", source[i]));
    taken = true;
    shape.push_back(x.dim(source[i]));
  }
  Tensor& out = context.output(0, x.dtype(), shape);
  const auto from = strides_of(x.shape());
  const auto to = strides_of(shape);
  std::vector<CopyDim> dims;
  for (size_t i = 0; i < permutation.size(); ++i)
    dims.push_back({shape[static_cast<int>(i)], from[static_cast<size_t>(source[i])], to[i]});
  copy_strided("Transpose", x, 0, out, 0, std::move(dims));
}

void run(const Concat&, RunContext& context) {
  const size_t count = context.num_inputs() - 1;
  const Tensor& first = context.input(0);
  const int64_t named = scalar_int("Concat", context.input(count), "the axis");
  const int axis = normalize_axis("Concat", named, first.rank());
  Shape shape = first.shape();
  for (size_t i = 1; i < count; ++i) {
    const Shape& s = context.input(i).shape();
    bool fits = s.rank() == shape.rank() && context.input(i).dtype() == first.dtype();
    for (int d = 0; fits && d < s.rank(); ++d) fits = d == axis || s[d] == shape[d];
    if (!fits)
      fail("Concat", fmt::format("input {} is {} beside {} along axis {}", i,
                                 context.input(i).str(), first.str(), axis));
    shape[axis] = checked_sum("Concat", shape[axis], s[axis]);
  }
  Tensor& out = context.output(0, first.dtype(), shape);
  const int64_t inner = product(shape, axis + 1, shape.rank());
  int64_t start = 0;
  for (size_t i = 0; i < count; ++i) {
    const Tensor& x = context.input(i);
    copy_strided("Concat", x, 0, out, start * inner, part_of(x.shape(), shape, axis, false));
    start += x.dim(axis);
  }
}

void run(const Split& op, RunContext& context) {
  const Tensor& x = context.input(1);
  const int axis =
      normalize_axis("Split", scalar_int("Split", context.input(0), "the axis"), x.rank());
  if (op.count < 1 || x.dim(axis) % op.count != 0)
    fail("Split", fmt::format("dimension {} of {} can't be split into {} equal parts", axis,
                              x.shape().str(), op.count));
  const auto count = static_cast<size_t>(op.count);
  split_into("Split", context, x, axis, std::vector<int64_t>(count, x.dim(axis) / op.count));
}

void run(const SplitV&, RunContext& context) {
  const Tensor& x = context.input(0);
  std::vector<int64_t> sizes = int_vector("SplitV", context.input(1), "the sizes");
  const int axis =
      normalize_axis("SplitV", scalar_int("SplitV", context.input(2), "the axis"), x.rank());
  if (sizes.size() != context.num_outputs())
    fail("SplitV", fmt::format("{} sizes for {} outputs", sizes.size(), context.num_outputs()));
  int64_t rest = x.dim(axis);
  int64_t* open = nullptr;
  for (int64_t& s : sizes) {
    if (s < -1 || (s == -1 && open)) fail("SplitV", fmt::format("the size {} can't be", s));
    if (s == -1) {
      open = &s;
    } else if (s > rest) {
      fail("SplitV", fmt::format("sizes exceed dimension {} of {}", axis, x.shape().str()));
    } else {
      rest -= s;
    }
  }
  if (open) {
    *open = rest;
  } else if (rest != 0) {
    fail("SplitV",
         fmt::format("sizes leave {} of dimension {} of {}", rest, axis, x.shape().str()));
  }
  split_into("SplitV", context, x, axis, sizes);
}

void run(const Pack& op, RunContext& context) {
  const Tensor& first = context.input(0);
  const auto count = static_cast<int64_t>(context.num_inputs());
  const int axis = normalize_axis("Pack", op.axis, first.rank() + 1);
  Shape shape = first.shape();
  shape.insert(axis, count);
  Shape one = first.shape();
  one.insert(axis, 1);
  for (size_t i = 1; i < context.num_inputs(); ++i)
    if (context.input(i).shape() != first.shape() || context.input(i).dtype() != first.dtype())
      fail("Pack",
           fmt::format("input {} is {}, the first is {}", i, context.input(i).str(), first.str()));
  Tensor& out = context.output(0, first.dtype(), shape);
  const int64_t inner = product(one, axis, one.rank());
  for (int64_t i = 0; i < count; ++i)
    copy_strided("Pack", context.input(static_cast<size_t>(i)), 0, out, i * inner,
                 part_of(one, shape, axis, false));
}

void run(const Unpack& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const int axis = normalize_axis("Unpack", op.axis, x.rank());
  if (x.dim(axis) != op.count)
    fail("Unpack", fmt::format("dimension {} of {} is not {}", axis, x.shape().str(), op.count));
  Shape one = x.shape();
  one[axis] = 1;
  Shape shape = x.shape();
  shape.erase(axis);
  const int64_t inner = product(one, axis, one.rank());
  for (int64_t i = 0; i < op.count; ++i) {
    Tensor& out = context.output(static_cast<size_t>(i), x.dtype(), shape);
    copy_strided("Unpack", x, i * inner, out, 0, part_of(one, x.shape(), axis, true));
  }
}

void run(const Tile&, RunContext& context) {
  const Tensor& x = context.input(0);
  const std::vector<int64_t> multiples = int_vector("Tile", context.input(1), "the multiples");
  if (multiples.size() != x.shape().size())
    fail("Tile", fmt::format("{} multiples for {}", multiples.size(), x.shape().str()));
  Shape shape = x.shape();
  for (int i = 0; i < x.rank(); ++i) {
    const int64_t m = multiples[static_cast<size_t>(i)];
    if (m < 0) fail("Tile", fmt::format("the negative multiple {}", m));
    shape[i] = checked_product("Tile", shape[i], m);
  }
  Tensor& out = context.output(0, x.dtype(), shape);
  const auto from = strides_of(x.shape());
  const auto to = strides_of(shape);
  std::vector<CopyDim> dims;
  for (size_t i = 0; i < multiples.size(); ++i) {
    const int64_t extent = x.dim(static_cast<int>(i));
    dims.push_back({multiples[i], 0, to[i] * extent});
    dims.push_back({extent, from[i], to[i]});
  }
  copy_strided("Tile", x, 0, out, 0, std::move(dims));
}

void run(const BroadcastTo&, RunContext& context) {
  const Tensor& x = context.input(0);
  const Shape shape = shape_from("BroadcastTo", context.input(1));
  if (x.rank() > shape.rank() || broadcast("BroadcastTo", x.shape(), shape) != shape)
    fail("BroadcastTo", fmt::format("{} does not broadcast to {}", x.shape().str(), shape.str()));
  Tensor& out = context.output(0, x.dtype(), shape);
  const auto from = broadcast_strides(x.shape(), shape);
  const auto to = strides_of(shape);
  std::vector<CopyDim> dims;
  for (size_t i = 0; i < shape.size(); ++i)
    dims.push_back({shape[static_cast<int>(i)], from[i], to[i]});
  copy_strided("BroadcastTo", x, 0, out, 0, std::move(dims));
}

void run(const Reverse&, RunContext& context) {
  const Tensor& x = context.input(0);
  auto from = strides_of(x.shape());
  const auto to = from;
  int64_t offset = 0;
  for (int64_t a : int_vector("Reverse", context.input(1), "the axes")) {
    const int axis = normalize_axis("Reverse", a, x.rank());
    int64_t& stride = from[static_cast<size_t>(axis)];
    if (stride < 0) fail("Reverse", fmt::format("axis {} comes twice", axis));
    offset += stride * (x.dim(axis) - 1);
    stride = -stride;
  }
  Tensor& out = context.output(0, x.dtype(), x.shape());
  std::vector<CopyDim> dims;
  for (size_t i = 0; i < x.shape().size(); ++i)
    dims.push_back({x.dim(static_cast<int>(i)), from[i], to[i]});
  copy_strided("Reverse", x, offset, out, 0, std::move(dims));
}

}  // namespace thaw::ref
