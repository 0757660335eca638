// Reference kernel of DecodeImage. As in TensorFlow the contents, not the op's name, say which
// format it is; the name only decides the rank of the result and what is refused.
#include <fmt/core.h>

#include <cstring>

#include "kernels/ref/ref.h"
#include "media/bmp.h"
#include "media/gif.h"
#include "media/image.h"
#include "media/jpeg.h"
#include "media/png.h"
#include "thaw/error.h"

namespace thaw::ref {
namespace {

constexpr const char* kName = "DecodeImage";

Raster decode_jpeg_contents(const DecodeImage& op, const std::string& bytes, int channels) {
  if (channels == 4) fail(kName, "a JPEG has no 4 channels");
  JpegOptions options;
  options.channels = channels;
  options.ratio = static_cast<int>(op.ratio);
  options.fast_dct = !op.accurate_dct;
  options.fancy_upsampling = op.fancy_upscaling;
  options.cmyk = CmykRule::kTensorFlow;
  return decode_jpeg(bytes, kName, options);
}

Raster decode_gif_contents(const DecodeImage& op, const std::string& bytes) {
  if (op.channels != 0 && op.channels != 3)
    fail(kName, fmt::format("a GIF has 3 channels, not {}", op.channels));
  const bool first_only = op.format == ImageFormat::kAny && !op.expand_animations;
  Raster raster = decode_gif(bytes, kName, first_only ? 1 : 1 << 30, {}, GifCanvas::kLargestFrame);
  if (raster.frames > 1 && (op.format == ImageFormat::kJpeg || op.format == ImageFormat::kPng))
    fail(kName, fmt::format("a GIF of {} frames where one picture was expected", raster.frames));
  return raster;
}

Raster decode(const DecodeImage& op, const std::string& bytes) {
  const int channels =
      op.format == ImageFormat::kGif ? 3 : static_cast<int>(op.channels);  // DecodeGif gives RGB
  const ImageKind kind = sniff_image(bytes);
  if (op.format == ImageFormat::kBmp && kind != ImageKind::kBmp)
    fail(kName, "contents of another format for DecodeBmp");
  switch (kind) {
    case ImageKind::kJpeg:
      return decode_jpeg_contents(op, bytes, channels);
    case ImageKind::kPng: {
      PngOptions options;
      options.channels = channels;
      options.bit_depth = op.dtype == DType::kUInt8 ? 8 : 16;
      return decode_png(bytes, kName, options);
    }
    case ImageKind::kGif:
      return decode_gif_contents(op, bytes);
    case ImageKind::kBmp:
      if (op.format != ImageFormat::kAny && op.format != ImageFormat::kBmp)
        fail(kName, "a BMP, which only DecodeBmp and DecodeImage take");
      return decode_bmp_as_stored(bytes, kName, channels);
    case ImageKind::kUnknown:
      break;
  }
  fail(kName, fmt::format("{} bytes that are no JPEG, PNG, GIF or BMP", bytes.size()));
}

template <class Sample>
void store(const Raster& raster, Tensor& out) {
  constexpr auto kLargest = static_cast<float>(static_cast<Sample>(~Sample{0}));
  const float scale = 1.0F / kLargest;
  for (int64_t i = 0; i < out.num_elements(); ++i) {
    Sample sample = 0;
    std::memcpy(&sample, raster.samples.data() + static_cast<size_t>(i) * sizeof(Sample),
                sizeof(Sample));
    if (out.dtype() == DType::kFloat32) {
      out.data<float>()[i] = static_cast<float>(sample) * scale;
    } else if (out.dtype() == DType::kUInt16) {
      out.data<uint16_t>()[i] = static_cast<uint16_t>(sizeof(Sample) == 1 ? sample << 8 : sample);
    } else {
      out.data<uint8_t>()[i] = static_cast<uint8_t>(sample);
    }
  }
}

}  // namespace

void run(const DecodeImage& op, RunContext& context) {
  const Tensor& contents = context.input(0);
  if (contents.dtype() != DType::kString || contents.rank() != 0)
    fail(kName, fmt::format("the contents must be one string, got {}", contents.str()));
  if (op.dtype != DType::kUInt8 && op.dtype != DType::kUInt16 && op.dtype != DType::kFloat32)
    fail_dtype(kName, op.dtype);
  const std::string& bytes = *contents.data<std::string>();
  const Raster raster = decode(op, bytes);
  Shape shape{raster.height, raster.width, raster.channels};
  const bool animation =
      op.format == ImageFormat::kGif || (op.format == ImageFormat::kAny && op.expand_animations &&
                                         sniff_image(bytes) == ImageKind::kGif);
  if (animation) shape.insert(0, raster.frames);
  Tensor& out = context.output(0, op.dtype, shape);
  if (raster.bit_depth == 16) {
    store<uint16_t>(raster, out);
  } else {
    store<uint8_t>(raster, out);
  }
}

}  // namespace thaw::ref
