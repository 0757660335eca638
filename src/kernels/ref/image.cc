// Reference kernels of resizing and cropping. The order of operations on floats is TensorFlow's, so
// that results are its own bit for bit.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "kernels/ref/ref.h"

namespace thaw::ref {
namespace {

// How output positions map to input positions along one axis.
struct Sampling {
  bool align_corners;
  bool half_pixel_centers;

  float scale(int64_t in, int64_t out) const {
    return align_corners && out > 1 ? static_cast<float>(in - 1) / static_cast<float>(out - 1)
                                    : static_cast<float>(in) / static_cast<float>(out);
  }
};

// The two neighbours of a position and how far it lies from the lower one.
struct Tap {
  int64_t low;
  int64_t high;
  float weight;
};

std::vector<Tap> bilinear_taps(const Sampling& sampling, int64_t in, int64_t out) {
  const float scale = sampling.scale(in, out);
  std::vector<Tap> taps(static_cast<size_t>(out));
  for (size_t i = 0; i < taps.size(); ++i) {
    const auto target = static_cast<float>(i);
    const float at = sampling.half_pixel_centers ? (target + 0.5F) * scale - 0.5F : target * scale;
    const float floor = std::floor(at);
    taps[i] = {std::max<int64_t>(static_cast<int64_t>(floor), 0),
               std::min<int64_t>(static_cast<int64_t>(std::ceil(at)), in - 1), at - floor};
    taps[i].low = std::min(taps[i].low, in - 1);
  }
  return taps;
}

std::vector<int64_t> nearest_rows(const Sampling& sampling, int64_t in, int64_t out) {
  const float scale = sampling.scale(in, out);
  std::vector<int64_t> rows(static_cast<size_t>(out));
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto target = static_cast<float>(i);
    const float at = (sampling.half_pixel_centers ? target + 0.5F : target) * scale;
    const float whole = sampling.align_corners ? std::round(at) : std::floor(at);
    rows[i] = std::clamp<int64_t>(static_cast<int64_t>(whole), 0, in - 1);
  }
  return rows;
}

float interpolate(float top_left, float top_right, float bottom_left, float bottom_right, float x,
                  float y) {
  const float top = top_left + (top_right - top_left) * x;
  const float bottom = bottom_left + (bottom_right - bottom_left) * x;
  return top + (bottom - top) * y;
}

void check_image(const char* op, const Tensor& x, int64_t height, int64_t width) {
  if (x.rank() != 4 || x.dim(1) < 1 || x.dim(2) < 1)
    fail(op, fmt::format("a picture [n,h,w,c] with pixels was expected, got {}", x.str()));
  if (height < 1 || width < 1 || height > INT32_MAX || width > INT32_MAX)
    fail(op, fmt::format("the size {}x{}", height, width));
}

// out = after(bilinear resize of x).
template <class After>
void resize_bilinear(const char* op, const Sampling& sampling, const Tensor& x, Tensor& out,
                     After after) {
  const std::vector<Tap> rows = bilinear_taps(sampling, x.dim(1), out.dim(1));
  const std::vector<Tap> columns = bilinear_taps(sampling, x.dim(2), out.dim(2));
  const int64_t channels = x.dim(3);
  for_number(op, x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    float* to = out.data<float>();
    for (int64_t b = 0; b < x.dim(0); ++b)
      for (const Tap& r : rows) {
        const T* top = x.data<T>() + (b * x.dim(1) + r.low) * x.dim(2) * channels;
        const T* bottom = x.data<T>() + (b * x.dim(1) + r.high) * x.dim(2) * channels;
        for (const Tap& c : columns)
          for (int64_t k = 0; k < channels; ++k) {
            const int64_t left = c.low * channels + k;
            const int64_t right = c.high * channels + k;
            *to++ = after(interpolate(static_cast<float>(top[left]), static_cast<float>(top[right]),
                                      static_cast<float>(bottom[left]),
                                      static_cast<float>(bottom[right]), c.weight, r.weight));
          }
      }
  });
}

void resize_nearest(const char* op, const Sampling& sampling, const Tensor& x, Tensor& out) {
  const std::vector<int64_t> rows = nearest_rows(sampling, x.dim(1), out.dim(1));
  const std::vector<int64_t> columns = nearest_rows(sampling, x.dim(2), out.dim(2));
  const int64_t channels = x.dim(3);
  for_carrier(op, x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = out.data<T>();
    for (int64_t b = 0; b < x.dim(0); ++b)
      for (int64_t r : rows)
        for (int64_t c : columns) {
          const T* pixel = x.data<T>() + ((b * x.dim(1) + r) * x.dim(2) + c) * channels;
          to = put_n(pixel, channels, to);
        }
  });
}

// Where a crop's row or column i lies in the picture, in pixels.
float crop_position(float low, float high, int64_t extent, int64_t crop, int64_t i) {
  const auto last = static_cast<float>(extent - 1);
  if (crop <= 1) return static_cast<float>(0.5 * (low + high) * last);
  const float scale = (high - low) * last / static_cast<float>(crop - 1);
  return low * last + static_cast<float>(i) * scale;
}

bool inside(float at, int64_t extent) { return at >= 0 && at <= static_cast<float>(extent - 1); }

template <class T>
void crop_pixel(const CropAndResize& op, const T* picture, const Shape& shape, float y, float x,
                float* to) {
  const int64_t channels = shape[3];
  const auto pixel = [&](float py, float px) {
    return picture + (static_cast<int64_t>(py) * shape[2] + static_cast<int64_t>(px)) * channels;
  };
  if (op.method == ResizeMethod::kNearest) {
    const T* p = pixel(std::round(y), std::round(x));
    for (int64_t k = 0; k < channels; ++k) to[k] = static_cast<float>(p[k]);
    return;
  }
  const float top = std::floor(y);
  const float left = std::floor(x);
  const T* tl = pixel(top, left);
  const T* tr = pixel(top, std::ceil(x));
  const T* bl = pixel(std::ceil(y), left);
  const T* br = pixel(std::ceil(y), std::ceil(x));
  for (int64_t k = 0; k < channels; ++k)
    to[k] = interpolate(static_cast<float>(tl[k]), static_cast<float>(tr[k]),
                        static_cast<float>(bl[k]), static_cast<float>(br[k]), x - left, y - top);
}

template <class T>
void crop_box(const CropAndResize& op, const T* picture, const Shape& shape, const float* box,
              int64_t height, int64_t width, float* to) {
  for (int64_t i = 0; i < height; ++i) {
    const float y = crop_position(box[0], box[2], shape[1], height, i);
    for (int64_t j = 0; j < width; ++j, to += shape[3]) {
      const float x = crop_position(box[1], box[3], shape[2], width, j);
      if (inside(y, shape[1]) && inside(x, shape[2])) {
        crop_pixel(op, picture, shape, y, x, to);
      } else {
        std::fill_n(to, shape[3], op.extrapolation_value);
      }
    }
  }
}

}  // namespace

void run(const Resize& op, RunContext& context) {
  const char* name =
      op.method == ResizeMethod::kBilinear ? "ResizeBilinear" : "ResizeNearestNeighbor";
  const Tensor& x = context.input(0);
  const std::vector<int64_t> size = int_vector(name, context.input(1), "the size");
  if (size.size() != 2) fail(name, fmt::format("a size of {} numbers", size.size()));
  check_image(name, x, size[0], size[1]);
  if (op.align_corners && op.half_pixel_centers)
    fail(name, "align_corners and half_pixel_centers exclude each other");
  const Sampling sampling{op.align_corners, op.half_pixel_centers};
  const Shape shape{x.dim(0), size[0], size[1], x.dim(3)};
  if (op.method == ResizeMethod::kNearest)
    return resize_nearest(name, sampling, x, context.output(0, x.dtype(), shape));
  // A picture of the right size stays as it is, infinities too.
  if (x.shape() == shape && x.dtype() == DType::kFloat32) return pass_on(context, 0, shape);
  resize_bilinear(name, sampling, x, context.output(0, DType::kFloat32, shape),
                  [](float v) { return v; });
}

void run(const ResizeAffine& op, RunContext& context) {
  const Tensor& x = context.input(0);
  check_image("ResizeAffine", x, op.height, op.width);
  Tensor& out = context.output(0, DType::kFloat32, {x.dim(0), op.height, op.width, x.dim(3)});
  resize_bilinear("ResizeAffine", {op.align_corners, op.half_pixel_centers}, x, out,
                  [&op](float v) { return v * op.scale + op.offset; });
}

void run(const CropAndResize& op, RunContext& context) {
  const char* name = "CropAndResize";
  const Tensor& x = context.input(0);
  const Tensor& boxes = context.input(1);
  const Tensor& indices = context.input(2);
  const std::vector<int64_t> size = int_vector(name, context.input(3), "the crop size");
  if (size.size() != 2) fail(name, fmt::format("a crop size of {} numbers", size.size()));
  check_image(name, x, size[0], size[1]);
  if (boxes.dtype() != DType::kFloat32 || boxes.rank() != 2 || boxes.dim(1) != 4 ||
      indices.rank() != 1 || indices.dim(0) != boxes.dim(0) || !is_integer(indices.dtype()))
    fail(name, fmt::format("boxes {} and indices {}", boxes.str(), indices.str()));
  const auto* corner = boxes.data<float>();
  if (!std::all_of(corner, corner + boxes.num_elements(), [](float c) { return std::isfinite(c); }))
    fail(name, "a box that is not finite");
  for (int64_t i : indices.ints())
    if (i < 0 || i >= x.dim(0))
      fail(name, fmt::format("box index {} is outside the batch of {}", i, x.dim(0)));
  for_number(name, x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t pixels = x.dim(1) * x.dim(2) * x.dim(3);
    Tensor& out = context.output(0, DType::kFloat32, {boxes.dim(0), size[0], size[1], x.dim(3)});
    for (int64_t b = 0; b < boxes.dim(0); ++b)
      crop_box(op, x.data<T>() + indices.int_at(b) * pixels, x.shape(), boxes.data<float>() + 4 * b,
               size[0], size[1], out.data<float>() + b * size[0] * size[1] * x.dim(3));
  });
}

}  // namespace thaw::ref
