// Pictures: resizing, cropping, decoding. NHWC.
#pragma once

#include <string>

#include "ops/field.h"
#include "thaw/tensor.h"

namespace thaw {

enum class ResizeMethod : uint8_t { kBilinear, kNearest };
THAW_ENUM_NAMES(ResizeMethod, "Bilinear", "Nearest")

// (x [n,h,w,c], size int32 [2]) -> [n,oh,ow,c]; float32 when bilinear, x's type when nearest.
// Both flags false is TF1's legacy sampling: source = target * in / out.
// TF: ResizeBilinear, ResizeNearestNeighbor.
struct Resize {
  static constexpr const char* kName = "Resize";
  ResizeMethod method = ResizeMethod::kBilinear;
  bool align_corners = false;
  bool half_pixel_centers = false;
  template <class F>
  static void fields(F&& f) {
    f("method", &Resize::method);
    f("align_corners", &Resize::align_corners);
    f("half_pixel_centers", &Resize::half_pixel_centers);
  }
};

// (x [n,h,w,c]) -> bilinear resize to {height, width}, then * scale + offset, as float32: a
// detector's preprocessing in one pass over the pixels. scale and offset round separately.
struct ResizeAffine {
  static constexpr const char* kName = "ResizeAffine";
  int64_t height = 0;
  int64_t width = 0;
  bool align_corners = false;
  bool half_pixel_centers = false;
  float scale = 1;
  float offset = 0;
  template <class F>
  static void fields(F&& f) {
    f("height", &ResizeAffine::height);
    f("width", &ResizeAffine::width);
    f("align_corners", &ResizeAffine::align_corners);
    f("half_pixel_centers", &ResizeAffine::half_pixel_centers);
    f("scale", &ResizeAffine::scale);
    f("offset", &ResizeAffine::offset);
  }
};

// (x [n,h,w,c], boxes [k,4], box index [k], crop size [2]) -> float32 [k,ch,cw,c]. TF:
// CropAndResize.
struct CropAndResize {
  static constexpr const char* kName = "CropAndResize";
  ResizeMethod method = ResizeMethod::kBilinear;
  float extrapolation_value = 0;
  template <class F>
  static void fields(F&& f) {
    f("method", &CropAndResize::method);
    f("extrapolation_value", &CropAndResize::extrapolation_value);
  }
};

enum class ImageFormat : uint8_t { kAny, kJpeg, kPng, kBmp, kGif };
THAW_ENUM_NAMES(ImageFormat, "Any", "Jpeg", "Png", "Bmp", "Gif")

// (contents string scalar) -> [h,w,c], or [frames,h,w,3] for a GIF. channels 0: as the file says.
// TF: DecodeImage, DecodeJpeg, DecodePng, DecodeBmp, DecodeGif.
struct DecodeImage {
  static constexpr const char* kName = "DecodeImage";
  ImageFormat format = ImageFormat::kAny;
  int64_t channels = 0;
  DType dtype = DType::kUInt8;
  bool expand_animations = true;
  bool fancy_upscaling = true;  // JPEG
  int64_t ratio = 1;            // JPEG: 1, 2, 4 or 8 times smaller
  bool accurate_dct = false;    // JPEG: dct_method INTEGER_ACCURATE
  template <class F>
  static void fields(F&& f) {
    f("format", &DecodeImage::format);
    f("channels", &DecodeImage::channels);
    f("dtype", &DecodeImage::dtype);
    f("expand_animations", &DecodeImage::expand_animations);
    f("fancy_upscaling", &DecodeImage::fancy_upscaling);
    f("ratio", &DecodeImage::ratio);
    f("accurate_dct", &DecodeImage::accurate_dct);
  }
};

}  // namespace thaw
