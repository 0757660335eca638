// TF's ops on pictures.
#include "import/op_table.h"

namespace thaw {
namespace {

// TensorFlow computes with float32 where the picture is of 16-bit floats.
ValueId as_float32(NodeContext& ctx, ValueId picture) {
  const DType dtype = ctx.graph().value(picture).type.dtype;
  const bool narrow = dtype == DType::kFloat16 || dtype == DType::kBFloat16;
  return narrow ? ctx.add(Cast{DType::kFloat32}, {picture}) : picture;
}

template <ResizeMethod method>
Outputs resize(NodeContext& ctx) {
  ctx.expect_inputs(2);
  Resize op;
  op.method = method;
  op.align_corners = ctx.bool_attr("align_corners", false);
  op.half_pixel_centers = ctx.bool_attr("half_pixel_centers", false);
  if (op.align_corners && op.half_pixel_centers)
    ctx.fail("attributes 'align_corners' and 'half_pixel_centers' are both true");
  if (method == ResizeMethod::kNearest) return {ctx.add(op, ctx.inputs())};
  return {ctx.add(op, {as_float32(ctx, ctx.input(0)), ctx.input(1)})};
}

Outputs crop_and_resize(NodeContext& ctx) {
  ctx.expect_inputs(4);
  const std::string method = ctx.string_attr("method", "bilinear");
  if (method != "bilinear" && method != "nearest")
    ctx.fail("attribute 'method': expected bilinear or nearest, found '" + method + "'");
  CropAndResize op;
  op.method = method == "bilinear" ? ResizeMethod::kBilinear : ResizeMethod::kNearest;
  op.extrapolation_value = ctx.float_attr("extrapolation_value", 0.0F);
  return {ctx.add(op, {as_float32(ctx, ctx.input(0)), ctx.input(1), ctx.input(2), ctx.input(3)})};
}

DecodeImage decoder(NodeContext& ctx, ImageFormat format) {
  ctx.expect_inputs(1);
  DecodeImage op;
  op.format = format;
  op.channels = ctx.int_attr("channels", 0);
  if (op.channels != 0 && op.channels != 1 && op.channels != 3 && op.channels != 4)
    ctx.fail("attribute 'channels': expected 0, 1, 3 or 4, found " + std::to_string(op.channels));
  op.dtype = ctx.type_attr("dtype", DType::kUInt8);
  return op;
}

template <ImageFormat format>
Outputs decode(NodeContext& ctx) {
  return {ctx.add(decoder(ctx, format), ctx.inputs())};
}

Outputs decode_image(NodeContext& ctx) {
  DecodeImage op = decoder(ctx, ImageFormat::kAny);
  op.expand_animations = ctx.bool_attr("expand_animations", true);
  return {ctx.add(op, ctx.inputs())};
}

Outputs decode_jpeg(NodeContext& ctx) {
  DecodeImage op = decoder(ctx, ImageFormat::kJpeg);
  op.ratio = ctx.int_attr("ratio", 1);
  if (op.ratio != 1 && op.ratio != 2 && op.ratio != 4 && op.ratio != 8)
    ctx.fail("attribute 'ratio': expected 1, 2, 4 or 8, found " + std::to_string(op.ratio));
  op.fancy_upscaling = ctx.bool_attr("fancy_upscaling", true);
  op.accurate_dct = ctx.string_attr("dct_method", "") == "INTEGER_ACCURATE";
  return {ctx.add(op, ctx.inputs())};
}

}  // namespace

const std::vector<OpRow>& image_ops() {
  static const std::vector<OpRow> rows = {
      {"CropAndResize", crop_and_resize},
      {"DecodeBmp", decode<ImageFormat::kBmp>},
      {"DecodeGif", decode<ImageFormat::kGif>},
      {"DecodeImage", decode_image},
      {"DecodeJpeg", decode_jpeg},
      {"DecodePng", decode<ImageFormat::kPng>},
      {"ResizeBilinear", resize<ResizeMethod::kBilinear>},
      {"ResizeNearestNeighbor", resize<ResizeMethod::kNearest>},
  };
  return rows;
}

}  // namespace thaw
