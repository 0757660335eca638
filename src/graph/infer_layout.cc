// Inference rules of ops/layout.h: shapes that are rearranged or given. Parts of a tensor are in
// infer_slice.cc.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "graph/infer_util.h"
#include "ops/reshape.h"

namespace thaw {
namespace {

// Elements of the known dimensions, and how many are not known.
struct Extent {
  int64_t known = 1;
  int unknown = 0;
};

Extent extent_of(const Shape& shape, const InferContext& context) {
  Extent e;
  for (int64_t d : shape) {
    if (d < 0)
      ++e.unknown;
    else
      e.known = mul_dims(e.known, d, context);
  }
  return e;
}

// Block shape [m] and a matrix [m,2] beside it, for SpaceToBatch and its inverse.
struct Blocks {
  std::vector<int64_t> block;
  std::vector<int64_t> margins;
};

std::optional<Blocks> blocks_of(const InferContext& context) {
  require_inputs(context, 3);
  const Shape block = require_rank(context, 1, 1);
  const Shape margins = require_rank(context, 2, 2);
  meet_dims(block[0], margins[0], context);
  meet_dims(margins[1], 2, context);
  const Tensor* b = context.constant(1);
  const Tensor* m = context.constant(2);
  if (!b || !m || !context.shape(0).has_rank()) return {};
  Blocks blocks{b->ints(), m->ints()};
  if (blocks.block.size() + 1 > context.shape(0).size())
    context.fail(fmt::format("{} blocks of a tensor of shape {}", blocks.block.size(),
                             context.shape(0).str()));
  for (int64_t e : blocks.block)
    if (e < 1) context.fail(fmt::format("a block of {}", e));
  for (int64_t e : blocks.margins)
    if (e < 0) context.fail(fmt::format("a margin of {}", e));
  return blocks;
}

// A mirror shows no more than there is, and with kReflect not the border itself.
void check_padding(PadMode mode, int64_t padding, int64_t extent, const InferContext& context) {
  if (padding < 0) context.fail(fmt::format("a padding of {}", padding));
  const int64_t most = extent - (mode == PadMode::kReflect ? 1 : 0);
  if (mode != PadMode::kConstant && extent >= 0 && padding > most)
    context.fail(fmt::format("a padding of {} mirrors {}", padding, extent));
}

Shape same_rank(const InferContext& context, size_t input) {
  const Shape& s = context.shape(input);
  return s.has_rank() ? Shape::unknown_of_rank(s.rank()) : s;
}

}  // namespace

std::vector<TensorType> infer(const Reshape&, const InferContext& context) {
  require_inputs(context, 2);
  require_integer(context, 1);
  const Shape& x = context.shape(0);
  const std::optional<PartialInts> wanted = partial_ints(context, 1);
  if (!wanted) return {{context.dtype(0), Shape::unknown()}};
  Shape shape;
  int open = -1;  // where the -1 is
  for (const std::optional<int64_t>& d : *wanted) {
    if (d && *d < -1) context.fail(fmt::format("dimension {} in a shape", *d));
    if (d && *d == -1) {
      if (open >= 0) context.fail("more than one -1 in a shape");
      open = shape.rank();
    }
    shape.push_back(d.value_or(kUnknownDim));
  }
  if (!x.is_static()) return {{context.dtype(0), shape}};
  const Shape asked = shape;
  Extent given = extent_of(shape, context);
  // What is not known yet may be a number or -1 in the run, which makes a difference beside a 0.
  if (given.unknown == 1 && (given.known > 0 || open >= 0)) {
    int unknown = 0;
    while (shape[unknown] >= 0) ++unknown;
    shape[unknown] = open_extent(x, shape, unknown);
    given = extent_of(shape, context);
  }
  if (given.unknown == 0 && given.known != x.num_elements())
    context.fail(fmt::format("{} does not reshape to {}", x.str(), asked.str()));
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const Squeeze& op, const InferContext& context) {
  require_inputs(context, 1);
  const Shape& x = context.shape(0);
  if (!x.has_rank()) return {context.input(0)};
  if (op.axes.empty() && !x.is_static()) return {{context.dtype(0), Shape::unknown()}};
  std::array<bool, Shape::kMaxRank> dropped{};
  for (int64_t axis : op.axes) {
    const int i = resolve_axis(axis, x.rank(), context);
    if (x[i] >= 0 && x[i] != 1)
      context.fail(fmt::format("dimension {} of {} is not 1", i, x.str()));
    dropped[static_cast<size_t>(i)] = true;
  }
  Shape shape;
  for (int i = 0; i < x.rank(); ++i)
    if (op.axes.empty() ? x[i] != 1 : !dropped[static_cast<size_t>(i)]) shape.push_back(x[i]);
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const ExpandDims&, const InferContext& context) {
  require_inputs(context, 2);
  require_integer(context, 1);
  Shape shape = context.shape(0);
  if (!shape.has_rank()) return {context.input(0)};
  const std::optional<int64_t> axis = known_int(context, 1);
  if (!axis) return {{context.dtype(0), Shape::unknown_of_rank(shape.rank() + 1)}};
  shape.insert(resolve_axis(*axis, shape.rank() + 1, context), 1);
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const Transpose&, const InferContext& context) {
  require_inputs(context, 2);
  require_integer(context, 1);
  const Shape vector = require_rank(context, 1, 1);
  Shape x = context.shape(0);
  if (!x.has_rank() && vector[0] >= 0 && vector[0] <= Shape::kMaxRank)
    x = Shape::unknown_of_rank(static_cast<int>(vector[0]));
  if (!x.has_rank()) return {context.input(0)};
  meet_dims(vector[0], x.rank(), context);
  const std::optional<std::vector<int64_t>> permutation = known_ints(context, 1);
  if (!permutation) return {{context.dtype(0), Shape::unknown_of_rank(x.rank())}};
  Shape shape;
  std::array<bool, Shape::kMaxRank> seen{};
  for (int64_t axis : *permutation) {
    const int i = resolve_axis(axis, x.rank(), context);
    if (seen[static_cast<size_t>(i)]) context.fail(fmt::format("axis {} is named twice", i));
    seen[static_cast<size_t>(i)] = true;
    shape.push_back(x[i]);
  }
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const Tile&, const InferContext& context) {
  require_inputs(context, 2);
  require_integer(context, 1);
  const Shape vector = require_rank(context, 1, 1);
  Shape shape = context.shape(0);
  if (!shape.has_rank()) return {context.input(0)};
  meet_dims(vector[0], shape.rank(), context);
  const std::optional<PartialInts> multiples = partial_ints(context, 1);
  for (int i = 0; i < shape.rank(); ++i) {
    const std::optional<int64_t> m =
        multiples ? (*multiples)[static_cast<size_t>(i)] : std::nullopt;
    if (m && *m < 0) context.fail(fmt::format("{} copies", *m));
    shape[i] = mul_dims(shape[i], m.value_or(kUnknownDim), context);
  }
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const BroadcastTo&, const InferContext& context) {
  require_inputs(context, 2);
  require_integer(context, 1);
  const Shape shape = shape_from_value(context, 1);
  const Shape both = broadcast_shapes(context.shape(0), shape, context);
  if (both.has_rank() && !compatible(both, shape))
    context.fail(fmt::format("{} does not broadcast to {}", context.shape(0).str(), shape.str()));
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const Reverse&, const InferContext& context) {
  require_inputs(context, 2);
  require_integer(context, 1);
  const std::optional<std::vector<int64_t>> axes = known_ints(context, 1);
  if (axes && context.shape(0).has_rank())
    for (int64_t axis : *axes) resolve_axis(axis, context.shape(0).rank(), context);
  return {context.input(0)};
}

std::vector<TensorType> infer(const Pad& op, const InferContext& context) {
  require_inputs(context, 2, op.mode == PadMode::kConstant ? 3 : 2);
  require_integer(context, 1);
  if (context.num_inputs() == 3) {
    require_scalar(context, 2);
    require_same_dtype(context, 0, 2);
  }
  const Shape table = require_rank(context, 1, 2);
  meet_dims(table[1], 2, context);
  const Shape& x = context.shape(0);
  Shape shape = x;
  if (!shape.has_rank() && table[0] >= 0 && table[0] <= Shape::kMaxRank)
    shape = Shape::unknown_of_rank(static_cast<int>(table[0]));
  if (!shape.has_rank()) return {context.input(0)};
  meet_dims(table[0], shape.rank(), context);
  const Tensor* paddings = context.constant(1);
  if (!paddings) return {{context.dtype(0), Shape::unknown_of_rank(shape.rank())}};
  for (int i = 0; i < shape.rank(); ++i) {
    for (int64_t side : {0, 1}) {
      const int64_t padding = paddings->int_at(2 * i + side);
      check_padding(op.mode, padding, x.has_rank() ? x[i] : kUnknownDim, context);
      shape[i] = add_dims(shape[i], padding, context);
    }
  }
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const ScatterNd&, const InferContext& context) {
  require_inputs(context, 3);
  require_integer(context, 0);
  require_integer(context, 2);
  return {{context.dtype(1), shape_from_value(context, 2)}};
}

std::vector<TensorType> infer(const SpaceToBatch&, const InferContext& context) {
  const std::optional<Blocks> blocks = blocks_of(context);
  Shape shape = context.shape(0);
  if (!blocks) return {{context.dtype(0), same_rank(context, 0)}};
  for (size_t i = 0; i < blocks->block.size(); ++i) {
    int64_t& d = shape[static_cast<int>(i) + 1];
    for (size_t side : {2 * i, 2 * i + 1}) d = add_dims(d, blocks->margins[side], context);
    const int64_t block = blocks->block[i];
    if (d >= 0 && d % block != 0)
      context.fail(fmt::format("{} does not divide into blocks of {}", d, block));
    d = d < 0 ? kUnknownDim : d / block;
    shape[0] = mul_dims(shape[0], block, context);
  }
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const BatchToSpace&, const InferContext& context) {
  const std::optional<Blocks> blocks = blocks_of(context);
  Shape shape = context.shape(0);
  if (!blocks) return {{context.dtype(0), same_rank(context, 0)}};
  for (size_t i = 0; i < blocks->block.size(); ++i) {
    const int64_t block = blocks->block[i];
    if (shape[0] >= 0 && shape[0] % block != 0)
      context.fail(fmt::format("a batch of {} has no blocks of {}", shape[0], block));
    shape[0] = shape[0] < 0 ? kUnknownDim : shape[0] / block;
    int64_t& d = shape[static_cast<int>(i) + 1];
    const int64_t cut = add_dims(blocks->margins[2 * i], blocks->margins[2 * i + 1], context);
    d = mul_dims(d, block, context);
    if (d >= 0 && d < cut) context.fail(fmt::format("{} is cut from {}", cut, d));
    d = d < 0 ? kUnknownDim : d - cut;
  }
  return {{context.dtype(0), shape}};
}

std::vector<TensorType> infer(const DepthToSpace& op, const InferContext& context) {
  require_inputs(context, 1);
  const Shape x = require_rank(context, 0, 4);
  if (op.block < 1 || op.block > 1 << 15) context.fail(fmt::format("a block of {}", op.block));
  const int64_t area = op.block * op.block;
  if (x[3] >= 0 && x[3] % area != 0)
    context.fail(fmt::format("{} channels do not divide by {}", x[3], area));
  return {{context.dtype(0),
           {x[0], mul_dims(x[1], op.block, context), mul_dims(x[2], op.block, context),
            x[3] < 0 ? kUnknownDim : x[3] / area}}};
}

std::vector<TensorType> infer(const SpaceToDepth& op, const InferContext& context) {
  require_inputs(context, 1);
  const Shape x = require_rank(context, 0, 4);
  if (op.block < 1 || op.block > 1 << 15) context.fail(fmt::format("a block of {}", op.block));
  for (int i : {1, 2})
    if (x[i] >= 0 && x[i] % op.block != 0)
      context.fail(fmt::format("{} does not divide into blocks of {}", x[i], op.block));
  return {
      {context.dtype(0),
       {x[0], x[1] < 0 ? kUnknownDim : x[1] / op.block, x[2] < 0 ? kUnknownDim : x[2] / op.block,
        mul_dims(x[3], op.block * op.block, context)}}};
}

}  // namespace thaw
