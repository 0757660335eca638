// Reference kernels of padding and of moving blocks between dimensions.
#include <fmt/core.h>

#include <algorithm>

#include "kernels/ref/copy.h"

namespace thaw::ref {
namespace {

// A [n, 2] tensor of integers, none negative.
std::vector<int64_t> margins(const char* op, const Tensor& t, int64_t n) {
  if (!is_integer(t.dtype()) || t.rank() != 2 || t.dim(0) != n || t.dim(1) != 2)
    fail(op, fmt::format("{} where [{},2] integers were expected", t.str(), n));
  std::vector<int64_t> m = t.ints();
  for (int64_t v : m)
    if (v < 0) fail(op, fmt::format("the negative margin {}", v));
  return m;
}

Shape padded_shape(const char* op, const Shape& shape, const std::vector<int64_t>& pads) {
  Shape out;
  for (int i = 0; i < shape.rank(); ++i) {
    const size_t at = 2 * static_cast<size_t>(i);
    out.push_back(checked_sum(op, checked_sum(op, shape[i], pads[at]), pads[at + 1]));
  }
  return out;
}

// x into the middle of out, whose other elements stay.
void copy_inside(const char* op, const Tensor& x, const std::vector<int64_t>& pads, Tensor& out) {
  const auto from = strides_of(x.shape());
  const auto to = strides_of(out.shape());
  int64_t offset = 0;
  std::vector<CopyDim> dims;
  for (size_t i = 0; i < x.shape().size(); ++i) {
    offset += pads[2 * i] * to[i];
    dims.push_back({x.dim(static_cast<int>(i)), from[i], to[i]});
  }
  copy_strided(op, x, 0, out, offset, std::move(dims));
}

// Index of the input that a padded index mirrors; border 1 leaves the edge itself out (REFLECT).
int64_t mirror(int64_t i, int64_t extent, int64_t border) {
  if (i < 0) return -i - 1 + border;
  if (i >= extent) return 2 * extent - i - 1 - border;
  return i;
}

void pad_mirror(const Tensor& x, const std::vector<int64_t>& pads, int64_t border, Tensor& out) {
  const auto from = strides_of(x.shape());
  const auto to = strides_of(out.shape());
  for_carrier("Pad", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < out.num_elements(); ++i) {
      int64_t source = 0;
      for (size_t d = 0; d < x.shape().size(); ++d) {
        const int axis = static_cast<int>(d);
        const int64_t at = i / to[d] % out.dim(axis) - pads[2 * d];
        source += mirror(at, x.dim(axis), border) * from[d];
      }
      put(out.data<T>()[i], x.data<T>()[source]);
    }
  });
}

// The block extents of SpaceToBatch and BatchToSpace.
std::vector<int64_t> block_shape(const char* op, const Tensor& t, const Tensor& x) {
  std::vector<int64_t> block = int_vector(op, t, "the block shape");
  if (static_cast<int>(block.size()) + 1 > x.rank())
    fail(op, fmt::format("a block of {} dimensions for {}", block.size(), x.shape().str()));
  for (int64_t b : block)
    if (b < 1) fail(op, fmt::format("a block with the extent {}", b));
  return block;
}

// Elements move between the packed form [block..., batch, spatial..., rest] and the spread form
// [batch, (spatial, block)..., rest].
std::vector<CopyDim> block_dims(const Shape& packed, const std::vector<int64_t>& block,
                                const Shape& spread, bool to_packed) {
  const auto p = strides_of(packed);
  const auto s = strides_of(spread);
  std::vector<CopyDim> dims;
  const auto add = [&](int64_t extent, int64_t packed_stride, int64_t spread_stride) {
    if (to_packed) {
      dims.push_back({extent, spread_stride, packed_stride});
    } else {
      dims.push_back({extent, packed_stride, spread_stride});
    }
  };
  int64_t step = p[0] * packed[0];
  for (size_t i = 0; i < block.size(); ++i) {
    step /= block[i];
    add(block[i], step, s[i + 1]);
  }
  add(spread[0], p[0], s[0]);
  for (size_t i = 0; i < block.size(); ++i)
    add(packed[static_cast<int>(i) + 1], p[i + 1], s[i + 1] * block[i]);
  add(product(packed, static_cast<int>(block.size()) + 1, packed.rank()), 1, 1);
  return dims;
}

void depth_space(const char* op, RunContext& context, int64_t block, bool to_space) {
  const Tensor& x = context.input(0);
  if (x.rank() != 4 || block < 1 || block > INT32_MAX)
    fail(op, fmt::format("{} with block {}", x.str(), block));
  Shape shape = x.shape();
  if (to_space ? shape[3] % (block * block) != 0 : (shape[1] % block != 0 || shape[2] % block != 0))
    fail(op, fmt::format("{} is not divisible by blocks of {}", shape.str(), block));
  if (to_space) {
    shape = {x.dim(0), checked_product(op, x.dim(1), block), checked_product(op, x.dim(2), block),
             x.dim(3) / (block * block)};
  } else {
    shape = {x.dim(0), x.dim(1) / block, x.dim(2) / block,
             checked_product(op, x.dim(3), block * block)};
  }
  const Shape& deep = to_space ? x.shape() : shape;  // [n, h, w, (by, bx, c)]
  const Shape& wide = to_space ? shape : x.shape();  // [n, (h, by), (w, bx), c]
  const auto d = strides_of(deep);
  const auto w = strides_of(wide);
  const int64_t c = wide[3];
  const std::array<std::array<int64_t, 3>, 6> all{{{wide[0], d[0], w[0]},
                                                   {deep[1], d[1], w[1] * block},
                                                   {block, block * c, w[1]},
                                                   {deep[2], d[2], w[2] * block},
                                                   {block, c, w[2]},
                                                   {c, 1, 1}}};
  std::vector<CopyDim> dims;
  for (const auto& a : all) dims.push_back({a[0], to_space ? a[1] : a[2], to_space ? a[2] : a[1]});
  Tensor& out = context.output(0, x.dtype(), shape);
  copy_strided(op, x, 0, out, 0, std::move(dims));
}

}  // namespace

void run(const Pad& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const std::vector<int64_t> pads = margins("Pad", context.input(1), x.rank());
  const Shape shape = padded_shape("Pad", x.shape(), pads);
  if (context.num_inputs() > 2 && context.input(2).rank() != 0)
    fail("Pad", fmt::format("the value must be a scalar, got {}", context.input(2).str()));
  if (op.mode == PadMode::kConstant) {
    Tensor& out = context.output(0, x.dtype(), shape);
    fill("Pad", out, context.num_inputs() > 2 ? context.input(2) : Tensor());
    copy_inside("Pad", x, pads, out);
    return;
  }
  const int64_t border = op.mode == PadMode::kReflect ? 1 : 0;
  for (int i = 0; i < x.rank(); ++i) {
    const size_t at = 2 * static_cast<size_t>(i);
    if (std::max(pads[at], pads[at + 1]) > x.dim(i) - border)
      fail("Pad", fmt::format("paddings {} and {} mirror more than dimension {} of {} has",
                              pads[at], pads[at + 1], i, x.shape().str()));
  }
  pad_mirror(x, pads, border, context.output(0, x.dtype(), shape));
}

void run(const SpaceToBatch&, RunContext& context) {
  const char* name = "SpaceToBatch";
  const Tensor& x = context.input(0);
  const std::vector<int64_t> block = block_shape(name, context.input(1), x);
  const auto spatial = static_cast<int64_t>(block.size());
  std::vector<int64_t> pads = margins(name, context.input(2), spatial);
  pads.insert(pads.begin(), 2, 0);
  pads.resize(2 * x.shape().size(), 0);
  Tensor spread = Tensor::empty(x.dtype(), padded_shape(name, x.shape(), pads));
  Shape shape = spread.shape();
  for (size_t i = 0; i < block.size(); ++i) {
    int64_t& extent = shape[static_cast<int>(i) + 1];
    if (extent % block[i] != 0)
      fail(name,
           fmt::format("the padded extent {} is not divisible by the block {}", extent, block[i]));
    extent /= block[i];
    shape[0] = checked_product(name, shape[0], block[i]);
  }
  fill(name, spread, {});
  copy_inside(name, x, pads, spread);
  Tensor& out = context.output(0, x.dtype(), shape);
  copy_strided(name, spread, 0, out, 0, block_dims(shape, block, spread.shape(), true));
}

void run(const BatchToSpace&, RunContext& context) {
  const char* name = "BatchToSpace";
  const Tensor& x = context.input(0);
  const std::vector<int64_t> block = block_shape(name, context.input(1), x);
  const std::vector<int64_t> crops =
      margins(name, context.input(2), static_cast<int64_t>(block.size()));
  Shape wide = x.shape();
  for (size_t i = 0; i < block.size(); ++i) {
    if (wide[0] % block[i] != 0)
      fail(name, fmt::format("the batch of {} is not divisible by the block", x.shape().str()));
    wide[0] /= block[i];
    int64_t& extent = wide[static_cast<int>(i) + 1];
    extent = checked_product(name, extent, block[i]);
  }
  Tensor spread = Tensor::empty(x.dtype(), wide);
  copy_strided(name, x, 0, spread, 0, block_dims(x.shape(), block, wide, false));
  const auto from = strides_of(wide);
  Shape shape = wide;
  int64_t offset = 0;
  for (size_t i = 0; i < block.size(); ++i) {
    int64_t& extent = shape[static_cast<int>(i) + 1];
    if (crops[2 * i] > extent || crops[2 * i + 1] > extent - crops[2 * i])
      fail(name, fmt::format("crops {} and {} of an extent of {}", crops[2 * i], crops[2 * i + 1],
                             extent));
    extent -= crops[2 * i] + crops[2 * i + 1];
    offset += crops[2 * i] * from[i + 1];
  }
  Tensor& out = context.output(0, x.dtype(), shape);
  const auto to = strides_of(shape);
  std::vector<CopyDim> dims;
  for (size_t i = 0; i < shape.size(); ++i)
    dims.push_back({shape[static_cast<int>(i)], from[i], to[i]});
  copy_strided(name, spread, offset, out, 0, std::move(dims));
}

void run(const DepthToSpace& op, RunContext& context) {
  depth_space("DepthToSpace", context, op.block, true);
}

void run(const SpaceToDepth& op, RunContext& context) {
  depth_space("SpaceToDepth", context, op.block, false);
}

}  // namespace thaw::ref
