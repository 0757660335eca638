// Resizing of pictures, and the first layer with it (code/resize.cu, code/resize_conv.cu).
#include <fmt/format.h>

#include <algorithm>

#include "kernels/cuda/rows.h"

namespace thaw::cuda {
namespace {

float scale_of(bool align_corners, int64_t in, int64_t out) {
  return align_corners && out > 1 ? static_cast<float>(in - 1) / static_cast<float>(out - 1)
                                  : static_cast<float>(in) / static_cast<float>(out);
}

template <class Op>
Constants constants_of(const OpDesc& desc, const Op& op) {
  const Shape& x = desc.inputs[0].shape;
  const Shape& out = desc.outputs[0].shape;
  Constants c;
  c.add("X", type_name(desc.inputs[0].dtype));
  c.add("N", x[0]).add("H", x[1]).add("IW", x[2]).add("C", x[3]);
  c.add("OH", out[1]).add("OW", out[2]);
  c.add("SCALE_Y", scale_of(op.align_corners, x[1], out[1]));
  c.add("SCALE_X", scale_of(op.align_corners, x[2], out[2]));
  c.add("HALF_PIXEL_CENTERS", op.half_pixel_centers);
  return c;
}

Recipe recipe_of(const OpDesc& desc, const Constants& constants) {
  Launching launch;
  launch.code = {"resize.cu", constants.text()};
  launch.function = "resize";
  cover(launch, desc.outputs[0].shape.num_elements());
  launch.arguments = {Argument::input(0), Argument::output(0)};
  Recipe recipe;
  recipe.launches = {launch};
  return recipe;
}

std::string refuse_picture(const OpDesc& desc) {
  if (std::string why = refuse_shapes(desc); !why.empty()) return why;
  const TensorDesc& x = desc.inputs[0];
  if (type_name(x.dtype).empty()) return fmt::format("pictures of {}", dtype_name(x.dtype));
  if (x.shape.rank() != 4 || x.shape[1] < 1 || x.shape[2] < 1) return "no picture";
  const Shape& out = desc.outputs[0].shape;
  return out.rank() != 4 || out[1] < 1 || out[2] < 1 ? "no size" : "";
}

std::string refuse_resize(const OpDesc& desc) {
  const auto& op = std::get<Resize>(desc.op);
  if (op.method != ResizeMethod::kBilinear) return "not bilinear";
  if (!is_constant(desc, 1)) return "the size is not constant";
  if (op.align_corners && op.half_pixel_centers) return "impossible sampling";
  if (desc.inputs[0].shape == desc.outputs[0].shape) return "nothing to resize";
  return refuse_picture(desc);
}

Recipe resize_affine(const OpDesc& desc) {
  const auto& op = std::get<ResizeAffine>(desc.op);
  Constants c = constants_of(desc, op);
  c.add("IS_AFFINE", true).add("SCALE", op.scale).add("OFFSET", op.offset);
  return recipe_of(desc, c);
}

Recipe resize(const OpDesc& desc) {
  Constants c = constants_of(desc, std::get<Resize>(desc.op));
  c.add("IS_AFFINE", false).add("SCALE", 1.0F).add("OFFSET", 0.0F);
  Recipe recipe = recipe_of(desc, c);
  recipe.held = {1};
  return recipe;
}

// How code/resize_conv.cu cuts the layer up.
struct Pieces {
  static constexpr int64_t kTileY = 8;
  static constexpr int64_t kTileX = 16;
  int64_t channels;  // of the result, a thread's
  int64_t parts;
  size_t shared_bytes;

  explicit Pieces(const OpDesc& desc) {
    constexpr int64_t kMostChannels = 32;
    const auto& op = std::get<ResizeConv2D>(desc.op);
    const Shape& filter = desc.inputs[1].shape;
    channels = std::min((filter[3] + 7) / 8 * 8, kMostChannels);
    parts = (filter[3] + channels - 1) / channels;
    const auto patch = [&](int64_t tile, size_t axis) {
      return (tile - 1) * op.strides[axis] +
             (filter[static_cast<int>(axis)] - 1) * op.dilations[axis] + 1;
    };
    const int64_t floats = patch(kTileY, 0) * patch(kTileX, 1) * filter[2] +
                           filter[0] * filter[1] * filter[2] * channels;
    shared_bytes = sizeof(float) * static_cast<size_t>(floats);
  }
};

std::string refuse_resize_conv(const OpDesc& desc) {
  constexpr size_t kMostShared = 40 << 10;
  if (std::string why = refuse_picture(desc); !why.empty()) return why;
  for (size_t i = 1; i < desc.inputs.size(); ++i)
    if (desc.inputs[i].dtype != DType::kFloat32) return "weights that are not float32";
  if (desc.inputs.size() != 3 || desc.inputs[1].shape.rank() != 4) return "no filter and bias";
  if (desc.inputs[1].shape[2] != desc.inputs[0].shape[3]) return "groups";
  if (Pieces(desc).shared_bytes > kMostShared) return "too large a window";
  return desc.outputs[0].shape[0] * Pieces(desc).parts > 65535 ? "too many pictures" : "";
}

Recipe resize_conv(const OpDesc& desc) {
  const auto& op = std::get<ResizeConv2D>(desc.op);
  const Pieces pieces(desc);
  const Shape& x = desc.inputs[0].shape;
  const Shape& out = desc.outputs[0].shape;
  Constants c = window_constants(desc, op, Shape{x[0], op.height, op.width, x[3]});
  c.add("IN_H", x[1]).add("IN_W", x[2]).add("C", x[3]);
  c.add("SCALE_Y", scale_of(op.align_corners, x[1], op.height));
  c.add("SCALE_X", scale_of(op.align_corners, x[2], op.width));
  c.add("HALF_PIXEL_CENTERS", op.half_pixel_centers);
  c.add("IS_AFFINE", true).add("SCALE", op.scale).add("OFFSET", op.offset);
  c.add("ACTIVATION", static_cast<int>(op.activation));
  c.add("OUT_SCALE", op.out_scale).add("OUT_ZERO", op.out_zero);
  c.add("TILE_Y", Pieces::kTileY).add("TILE_X", Pieces::kTileX);
  c.add("CHANNELS", pieces.channels).add("PARTS", pieces.parts);
  c.add("HAS_PAIRS", dtype_size(desc.outputs[0].dtype) == 2);
  Launching launch;
  launch.code = {"resize_conv.cu", c.text()};
  launch.function = "resize_convolve";
  launch.grid = {(out[2] + Pieces::kTileX - 1) / Pieces::kTileX,
                 (out[1] + Pieces::kTileY - 1) / Pieces::kTileY, out[0] * pieces.parts};
  launch.block = {Pieces::kTileX * Pieces::kTileY, 1, 1};
  launch.arguments = {Argument::input(0), Argument::input(1), Argument::input(2),
                      Argument::output(0)};
  Recipe recipe;
  recipe.launches = {launch};
  return recipe;
}

Exactness same(const OpDesc& /*desc*/) { return kSameNumbers; }
Exactness sums(const OpDesc& /*desc*/) { return kFloat32Sums; }

}  // namespace

const std::vector<Row>& resize_rows() {
  static const std::vector<Row> rows = {
      row<resize_affine>("cuda.resize_affine", OpKind::kResizeAffine, refuse_picture, same),
      row<resize_conv>("cuda.resize_conv2d", OpKind::kResizeConv2D, refuse_resize_conv, sums),
      row<resize>("cuda.resize", OpKind::kResize, refuse_resize, same),
  };
  return rows;
}

}  // namespace thaw::cuda
