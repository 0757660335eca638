// Convolutions: code/conv.cu takes any, the others what is common, faster.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "kernels/cuda/rows.h"
#include "kernels/ref/window.h"

namespace thaw::cuda {
namespace {

constexpr int kTensorCoresSince = 80;  // mma.sync m16n8k16
constexpr Exactness kTensorCoreSums{5e-5F};

// A layer, whichever of the two ops it is.
struct Layer {
  const Window& window;
  const ActivationTypes& types;
  Activation activation;
  bool is_depthwise;
};

Layer layer_of(const OpDesc& desc) {
  if (const auto* conv = std::get_if<Conv2D>(&desc.op))
    return {*conv, *conv, conv->activation, false};
  const auto& depthwise = std::get<DepthwiseConv2D>(desc.op);
  return {depthwise, depthwise, depthwise.activation, true};
}

bool is_16_bit(DType dtype) { return dtype == DType::kFloat16 || dtype == DType::kBFloat16; }

std::string refuse_layer(const OpDesc& desc) {
  if (std::string why = refuse_shapes(desc); !why.empty()) return why;
  const DType x = desc.inputs[0].dtype;
  if (x != DType::kFloat32 && x != DType::kUInt8 && !is_16_bit(x))
    return fmt::format("layers of {} stay on the host", dtype_name(x));
  for (size_t i = 1; i < desc.inputs.size(); ++i)
    if (desc.inputs[i].dtype != DType::kFloat32) return "weights that are not float32";
  if (desc.inputs[0].shape.rank() != 4 || desc.inputs[1].shape.rank() != 4)
    return "not four dimensions";
  if (x != DType::kFloat32 && !is_constant(desc, 1)) return "the filter is not constant";
  return {};
}

int64_t groups_of(const OpDesc& desc) {
  const int64_t in = desc.inputs[1].shape[2];
  return in > 0 ? desc.inputs[0].shape[3] / in : 0;
}

// What all codes are told.
Constants constants_of(const OpDesc& desc) {
  const Layer layer = layer_of(desc);
  Constants c = window_constants(desc, layer.window, desc.inputs[0].shape);
  c.add("CI", desc.inputs[0].shape[3]).add("HAS_BIAS", desc.inputs.size() > 2);
  c.add("ACTIVATION", static_cast<int>(layer.activation));
  c.add("OUT_SCALE", layer.types.out_scale).add("OUT_ZERO", layer.types.out_zero);
  return c;
}

Argument bias_of(const OpDesc& desc) {
  return desc.inputs.size() > 2 ? Argument::input(2) : Argument::output(0);
}

uint16_t to_16_bits(float x, DType dtype) {
  return dtype == DType::kFloat16 ? float_to_half(x) : float_to_bfloat16(x);
}

// The filter in int8 and what a level of each output channel's sum is worth (ActivationTypes).
void add_levels(const OpDesc& desc, Recipe& recipe) {
  const Tensor* filter = desc.inputs[1].constant;
  const auto channels = static_cast<size_t>(desc.outputs[0].shape[3]);
  const auto scales = [filter, channels] {
    std::vector<float> largest(channels, 0);
    const auto* f = filter->data<float>();
    for (int64_t i = 0; i < filter->num_elements(); ++i) {
      float& most = largest[static_cast<size_t>(i) % channels];
      most = std::max(most, std::fabs(f[i]));
    }
    for (float& scale : largest) scale = scale > 0 ? scale / 127 : 1.0F;
    return largest;
  };
  const auto fill_levels = [filter, scales, channels](void* to) {
    const std::vector<float> scale = scales();
    for (int64_t i = 0; i < filter->num_elements(); ++i)
      static_cast<int8_t*>(to)[i] = static_cast<int8_t>(
          std::nearbyint(filter->data<float>()[i] / scale[static_cast<size_t>(i) % channels]));
  };
  const auto fill_factors = [scales, in_scale = layer_of(desc).types.in_scale](void* to) {
    size_t i = 0;
    for (const float scale : scales()) static_cast<float*>(to)[i++] = in_scale * scale;
  };
  recipe.pieces.push_back({static_cast<size_t>(filter->num_elements()), fill_levels});
  recipe.pieces.push_back({channels * sizeof(float), fill_factors});
  recipe.held = {1};
}

void add_16_bits(const OpDesc& desc, Recipe& recipe) {
  const Tensor* filter = desc.inputs[1].constant;
  const auto fill = [filter, dtype = desc.inputs[0].dtype](void* to) {
    for (int64_t i = 0; i < filter->num_elements(); ++i)
      static_cast<uint16_t*>(to)[i] = to_16_bits(filter->data<float>()[i], dtype);
  };
  recipe.pieces.push_back({2 * static_cast<size_t>(filter->num_elements()), fill});
  recipe.held = {1};
}

Recipe any_layer(const OpDesc& desc) {
  const Layer layer = layer_of(desc);
  const DType x = desc.inputs[0].dtype;
  const int64_t co = desc.outputs[0].shape[3];
  const int64_t groups = layer.is_depthwise ? desc.inputs[0].shape[3] : groups_of(desc);
  Recipe recipe;
  Launching launch;
  launch.arguments = {Argument::input(0), Argument::input(1), Argument::output(0), bias_of(desc),
                      Argument::output(0)};
  std::string weights = "float";
  if (x == DType::kUInt8) {
    weights = "int8";
    add_levels(desc, recipe);
    launch.arguments[1] = Argument::piece(0);
    launch.arguments[2] = Argument::piece(1);
  } else if (is_16_bit(x) && !layer.is_depthwise) {
    weights = type_name(x);
    add_16_bits(desc, recipe);
    launch.arguments[1] = Argument::piece(0);
  }
  Constants c = constants_of(desc);
  c.add("W", weights).add("SUMS_INTEGERS", x == DType::kUInt8).add("IN_ZERO", layer.types.in_zero);
  c.add("GROUP_IN", layer.is_depthwise ? 1 : desc.inputs[1].shape[2]);
  c.add("GROUP_OUT", std::max<int64_t>(co / std::max<int64_t>(groups, 1), 1));
  launch.code = {"conv.cu", c.text()};
  launch.function = "convolve";
  cover(launch, desc.outputs[0].shape.num_elements());
  recipe.launches = {launch};
  return recipe;
}

std::string refuse_vectors(const OpDesc& desc) {
  if (std::string why = refuse_layer(desc); !why.empty()) return why;
  if (desc.inputs[0].dtype == DType::kUInt8 || desc.outputs[0].dtype == DType::kUInt8)
    return "uint8";
  if (desc.inputs[1].shape[3] != 1) return "several filters a channel";
  if (desc.inputs[0].shape[3] % 4 != 0) return "the channels are no multiple of 4";
  return {};
}

Recipe depthwise(const OpDesc& desc) {
  const int64_t channels = desc.inputs[0].shape[3];
  const bool is_wide = desc.inputs[0].dtype == DType::kFloat32 || channels % 8 != 0 ||
                       desc.outputs[0].dtype == DType::kFloat32;
  const int64_t lanes = is_wide ? 4 : 8;
  Launching launch;
  Constants c = constants_of(desc);
  launch.code = {"depthwise.cu", c.add("C", channels).add("LANES", lanes).text()};
  launch.function = "depthwise";
  cover(launch, desc.outputs[0].shape.num_elements() / lanes, 128);
  launch.arguments = {Argument::input(0), Argument::input(1), bias_of(desc), Argument::output(0)};
  Recipe recipe;
  recipe.launches = {launch};
  return recipe;
}

std::string refuse_tile(const OpDesc& desc) {
  if (std::string why = refuse_layer(desc); !why.empty()) return why;
  if (desc.inputs[0].dtype == DType::kUInt8) return "uint8";
  return groups_of(desc) != 1 ? "groups" : "";
}

// float32 products, whatever the input; a filter of 16 bits is rounded first.
Recipe tile(const OpDesc& desc) {
  const Shape& out = desc.outputs[0].shape;
  const DType x = desc.inputs[0].dtype;
  Recipe recipe;
  Launching launch;
  constexpr int64_t kEnoughBlocks = 132;
  const int64_t m = out[0] * out[1] * out[2];
  const auto blocks = [&](int64_t size) {
    return (m + size - 1) / size * ((out[3] + size - 1) / size);
  };
  const int64_t size = blocks(64) < kEnoughBlocks ? 32 : 64;
  Constants c = constants_of(desc);
  launch.code = {"tile.cu", c.add("TILE", size).text()};
  launch.function = "tile_product";
  launch.grid = {(m + size - 1) / size, (out[3] + size - 1) / size, 1};
  launch.block = {size * size / 16, 1, 1};
  launch.arguments = {Argument::input(0), Argument::input(1), bias_of(desc), Argument::output(0)};
  if (x != DType::kFloat32) {
    const Tensor* filter = desc.inputs[1].constant;
    const auto fill = [filter, x](void* to) {
      for (int64_t i = 0; i < filter->num_elements(); ++i) {
        const uint16_t bits = to_16_bits(filter->data<float>()[i], x);
        static_cast<float*>(to)[i] =
            x == DType::kFloat16 ? half_to_float(bits) : bfloat16_to_float(bits);
      }
    };
    recipe.pieces = {{filter->num_bytes(), fill}};
    recipe.held = {1};
    launch.arguments[1] = Argument::piece(0);
  }
  recipe.launches = {launch};
  return recipe;
}

std::string refuse_mma(const OpDesc& desc) {
  if (desc.target.architecture < kTensorCoresSince)
    return fmt::format("sm_{} lacks these tensor cores", desc.target.architecture);
  if (std::string why = refuse_tile(desc); !why.empty()) return why;
  if (!is_16_bit(desc.inputs[0].dtype)) return "not 16-bit floats";
  return desc.inputs[0].shape[3] % 8 != 0 ? "the channels are no multiple of 8" : "";
}

// How a product is split; code/mma.cu says what they are.
struct Tiles {
  int64_t tiles_m = 1;
  int64_t tiles_n = 4;
  int64_t warps_m = 1;
  int64_t warps_k = 1;

  int64_t rows() const { return 16 * tiles_m * warps_m; }
  int64_t blocks(int64_t m, int64_t columns) const {
    return (m + rows() - 1) / rows() * ((columns + tiles_n - 1) / tiles_n);
  }
};

// Enough blocks for a large chip before large tiles; where there are few rows, K goes to several
// warps, so that all of a block's loads are on their way at once.
Tiles choose_tiles(int64_t m, int64_t columns, int64_t slabs) {
  constexpr int64_t kEnoughBlocks = 132;
  constexpr int64_t kManyRows = 4096;
  Tiles tiles;
  tiles.tiles_n = std::min<int64_t>(m >= kManyRows ? 6 : 4, std::max<int64_t>(columns, 1));
  if (m >= kManyRows) {
    tiles.warps_m = 4;
    tiles.tiles_m = m >= 4 * kManyRows ? 2 : 1;
    return tiles;
  }
  while (tiles.warps_k < 16 && 3 * tiles.warps_k < slabs) tiles.warps_k *= 2;
  while (tiles.warps_m * tiles.warps_k < 4 && tiles.rows() < m &&
         tiles.blocks(m, columns) > 2 * kEnoughBlocks)
    tiles.warps_m *= 2;
  while (tiles.tiles_n > 1 && tiles.blocks(m, columns) < kEnoughBlocks) tiles.tiles_n /= 2;
  return tiles;
}

// [slab][column / 8][lane][8 channels]; zeros beyond the channels and columns there are.
Piece pack_fragments(const OpDesc& desc) {
  const Tensor* filter = desc.inputs[1].constant;
  const int64_t taps = filter->dim(0) * filter->dim(1);
  const int64_t ci = filter->dim(2);
  const int64_t co = filter->dim(3);
  const int64_t slabs = (ci + 31) / 32;
  const int64_t columns = (co + 7) / 8;
  const auto fill = [=, dtype = desc.inputs[0].dtype](void* memory) {
    auto* to = static_cast<uint16_t*>(memory);
    for (int64_t slab = 0; slab < taps * slabs; ++slab)
      for (int64_t column = 0; column < columns; ++column)
        for (int64_t i = 0; i < 256; ++i) {
          const int64_t c = slab % slabs * 32 + i / 8 % 4 * 8 + i % 8;
          const int64_t n = column * 8 + i / 32;
          const int64_t at = (slab / slabs * ci + c) * co + n;
          *to++ = c < ci && n < co ? to_16_bits(filter->data<float>()[at], dtype) : 0;
        }
  };
  return {static_cast<size_t>(taps * slabs * columns * 256 * 2), fill};
}

Recipe mma(const OpDesc& desc) {
  const Shape& x = desc.inputs[0].shape;
  const Shape& filter = desc.inputs[1].shape;
  const Shape& out = desc.outputs[0].shape;
  const int64_t m = out[0] * out[1] * out[2];
  const int64_t columns = (out[3] + 7) / 8;
  const int64_t slabs = filter[0] * filter[1] * ((x[3] + 31) / 32);
  const Tiles tiles = choose_tiles(m, columns, slabs);
  Constants c = constants_of(desc);
  c.add("MMA_TYPE", desc.inputs[0].dtype == DType::kFloat16 ? "\"f16\"" : "\"bf16\"");
  c.add("TILES_M", tiles.tiles_m).add("TILES_N", tiles.tiles_n);
  c.add("WARPS_M", tiles.warps_m).add("WARPS_K", tiles.warps_k);
  const int64_t most_at_once = std::max<int64_t>(16 / (tiles.tiles_m * tiles.tiles_n), 1);
  c.add("GROUP", std::clamp<int64_t>((slabs + tiles.warps_k - 1) / tiles.warps_k, 1, most_at_once));
  Launching launch;
  launch.code = {"mma.cu", c.text()};
  launch.function = "mma_product";
  launch.grid = {(m + tiles.rows() - 1) / tiles.rows(),
                 (columns + tiles.tiles_n - 1) / tiles.tiles_n, 1};
  launch.block = {32 * tiles.warps_m * tiles.warps_k, 1, 1};
  launch.arguments = {Argument::input(0), Argument::piece(0), bias_of(desc), Argument::output(0)};
  Recipe recipe;
  recipe.pieces = {pack_fragments(desc)};
  recipe.held = {1};
  recipe.launches = {launch};
  return recipe;
}

Exactness sums(const OpDesc& /*desc*/) { return kFloat32Sums; }
Exactness tensor_core_sums(const OpDesc& /*desc*/) { return kTensorCoreSums; }

}  // namespace

Constants window_constants(const OpDesc& desc, const Window& window, const Shape& x) {
  const Shape& filter = desc.inputs[1].shape;
  const Shape& out = desc.outputs[0].shape;
  const ref::WindowAxis h = ref::window_axis("Conv2D", window, 0, x[1], filter[0]);
  const ref::WindowAxis w = ref::window_axis("Conv2D", window, 1, x[2], filter[1]);
  Constants c;
  c.add("X", type_name(desc.inputs[0].dtype)).add("R", type_name(desc.outputs[0].dtype));
  c.add("N", x[0]).add("H", x[1]).add("IW", x[2]);
  c.add("KH", filter[0]).add("KW", filter[1]);
  c.add("OH", out[1]).add("OW", out[2]).add("CO", out[3]);
  c.add("STRIDE_Y", h.stride).add("STRIDE_X", w.stride);
  c.add("DILATION_Y", h.dilation).add("DILATION_X", w.dilation);
  c.add("PAD_Y", h.before).add("PAD_X", w.before);
  return c;
}

const std::vector<Row>& convolution_rows() {
  static const std::vector<Row> rows = {
      row<mma>("cuda.conv2d.mma", OpKind::kConv2D, refuse_mma, tensor_core_sums),
      row<tile>("cuda.conv2d.tile", OpKind::kConv2D, refuse_tile, sums),
      row<any_layer>("cuda.conv2d.any", OpKind::kConv2D, refuse_layer, sums),
      row<depthwise>("cuda.depthwise.vectors", OpKind::kDepthwiseConv2D, refuse_vectors, sums),
      row<any_layer>("cuda.depthwise.any", OpKind::kDepthwiseConv2D, refuse_layer, sums),
  };
  return rows;
}

}  // namespace thaw::cuda
