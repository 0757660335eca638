#include "detect/picture_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "media/png.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// The types that hold 0 to 255.
bool holds_pixels(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kFloat64:
    case DType::kFloat16:
    case DType::kBFloat16:
      return true;
    default:
      return is_integer(dtype) && dtype != DType::kInt8;
  }
}

// As TensorFlow's rgb_to_grayscale weighs the channels, to the nearest.
uint8_t grey(const uint8_t* rgb) {
  const float sum = 0.2989F * static_cast<float>(rgb[0]) + 0.587F * static_cast<float>(rgb[1]) +
                    0.114F * static_cast<float>(rgb[2]);
  return static_cast<uint8_t>(sum + 0.5F);
}

template <class T, class F>
void convert(const std::vector<uint8_t>& pixels, void* out, const F& f) {
  T* to = static_cast<T*>(out);
  for (size_t i = 0; i < pixels.size(); ++i) to[i] = f(pixels[i]);
}

void write_pixels(const std::vector<uint8_t>& pixels, DType dtype, void* out) {
  const auto same = [](uint8_t level) { return level; };
  switch (dtype) {
    case DType::kFloat32:
      return convert<float>(pixels, out, same);
    case DType::kFloat64:
      return convert<double>(pixels, out, same);
    case DType::kFloat16:
      return convert<uint16_t>(pixels, out, float_to_half);
    case DType::kBFloat16:
      return convert<uint16_t>(pixels, out, float_to_bfloat16);
    default:
      break;
  }
  switch (dtype_size(dtype)) {
    case 1:
      return convert<uint8_t>(pixels, out, same);
    case 2:
      return convert<uint16_t>(pixels, out, same);
    case 4:
      return convert<uint32_t>(pixels, out, same);
    default:
      return convert<uint64_t>(pixels, out, same);
  }
}

std::vector<uint8_t> grey_pixels(const Picture& picture) {
  std::vector<uint8_t> pixels(picture.rgb.size() / 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = grey(&picture.rgb[3 * i]);
  return pixels;
}

int64_t in_proportion(int64_t side, int64_t from, int64_t to) {
  return std::max<int64_t>((side * to + from / 2) / from, 1);
}

}  // namespace

PictureInput::PictureInput(const std::vector<TensorInfo>& inputs, const std::string& path) {
  if (inputs.size() != 1)
    throw InputError(fmt::format("{}: one input was expected, found {}", path, inputs.size()));
  info_ = inputs[0];
  const Shape& shape = info_.shape;
  const bool is_encoded = info_.dtype == DType::kString;
  const auto known = [](int64_t extent) { return extent == kUnknownDim ? 0 : extent; };
  bool fits = !shape.has_rank() || (is_encoded ? shape.rank() <= 1 : shape.rank() == 3);
  if (shape.rank() == 4 || (is_encoded && shape.rank() == 1)) batch_ = known(shape[0]);
  if (shape.rank() == (is_encoded ? 0 : 3)) batch_ = 1;
  if (!is_encoded && (shape.rank() == 3 || shape.rank() == 4)) {
    height_ = known(shape[shape.rank() - 3]);
    width_ = known(shape[shape.rank() - 2]);
    if (known(shape[shape.rank() - 1]) > 0) channels_ = shape[shape.rank() - 1];
    fits = (channels_ == 1 || channels_ == 3) && height_ <= INT32_MAX && width_ <= INT32_MAX;
  }
  if (fits && (is_encoded || holds_pixels(info_.dtype))) return;
  throw InputError(fmt::format(
      "{}: input {}: pixels [batch,height,width,3] (or 1) or encoded pictures were expected, found "
      "{}{}",
      path, info_.name, dtype_name(info_.dtype), shape.str()));
}

Tensor PictureInput::encoded(const std::vector<const Picture*>& pictures) const {
  const auto count = static_cast<int64_t>(pictures.size());
  const int64_t rows = batch_ > 0 ? batch_ : count;
  Tensor tensor = Tensor::empty(DType::kString, info_.shape.rank() == 0 ? Shape{} : Shape{rows});
  for (int64_t i = 0; i < rows; ++i)
    tensor.data<std::string>()[i] =
        encode_png(*pictures[static_cast<size_t>(std::min(i, count - 1))]);
  return tensor;
}

Tensor PictureInput::tensor(const std::vector<const Picture*>& pictures) const {
  if (info_.dtype == DType::kString) return encoded(pictures);
  const Picture& first = *pictures[0];
  int64_t height = height_ > 0 ? height_ : first.height;
  int64_t width = width_ > 0 ? width_ : first.width;
  if (height_ > 0 && width_ == 0) width = in_proportion(first.width, first.height, height);
  if (width_ > 0 && height_ == 0) height = in_proportion(first.height, first.width, width);
  const auto count = static_cast<int64_t>(pictures.size());
  const int64_t rows = batch_ > 0 ? batch_ : count;
  const bool has_batch = info_.shape.rank() != 3;
  const Shape shape =
      has_batch ? Shape{rows, height, width, channels_} : Shape{height, width, channels_};
  const bool is_its_size = height == first.height && width == first.width;
  if (is_its_size && rows == 1 && info_.dtype == DType::kUInt8 && channels_ == 3)
    return Tensor::view(DType::kUInt8, shape,  // the engine only reads its inputs
                        const_cast<uint8_t*>(first.rgb.data()));
  Tensor tensor = Tensor::empty(info_.dtype, shape);
  const size_t row_bytes = tensor.num_bytes() / static_cast<size_t>(rows);
  for (int64_t i = 0; i < rows; ++i) {
    char* to = static_cast<char*>(tensor.raw()) + static_cast<size_t>(i) * row_bytes;
    if (i >= count) {
      std::memcpy(to, to - row_bytes, row_bytes);
      continue;
    }
    const Picture* picture = pictures[static_cast<size_t>(i)];
    Picture scaled;
    if (!is_its_size) {
      scaled = resized(*picture, static_cast<int>(width), static_cast<int>(height));
      picture = &scaled;
    }
    write_pixels(channels_ == 1 ? grey_pixels(*picture) : picture->rgb, info_.dtype, to);
  }
  return tensor;
}

}  // namespace thaw
