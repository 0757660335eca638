// The row of CropAndResize, bilinear: a crop's rows are rows of a resize with taps of their own.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/thread_pool.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

// Positions of a crop along one axis, in TensorFlow's order of operations.
struct CropAxis {
  float start = 0;
  float step = 0;
  float last;

  CropAxis(float low, float high, int64_t extent, int64_t crop)
      : last(static_cast<float>(extent - 1)) {
    if (crop > 1) {
      start = low * last;
      step = (high - low) * last / static_cast<float>(crop - 1);
    } else {
      start = static_cast<float>(0.5 * (low + high) * last);
    }
  }
  float at(int64_t i) const { return start + static_cast<float>(i) * step; }
  bool inside(float position) const { return position >= 0 && position <= last; }
};

class CropKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    if (std::get<CropAndResize>(desc.op).method != ResizeMethod::kBilinear) return "not bilinear";
    const DType dtype = desc.inputs[0].dtype;
    if (dtype != DType::kFloat32 && dtype != DType::kUInt8)
      return fmt::format("{}, not float32 or uint8", dtype_name(dtype));
    return {};
  }
  CropKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<CropAndResize>(desc.op)), vector_(set.vector) {
    if (is_constant(desc, 3) && is_size(*desc.inputs[3].constant))
      width_ = desc.inputs[3].constant->int_at(1);
  }

  void run(RunContext& context) override {
    if (!is_plain(context)) return ref::run(op_, context);
    if (context.input(0).dtype() == DType::kUInt8) {
      crop<uint8_t>(vector_.resize_bytes, context);
    } else {
      crop<float>(vector_.resize_floats, context);
    }
  }

  size_t scratch_bytes(int threads) const override { return taps_bytes(width_, threads); }

 private:
  static bool is_size(const Tensor& size) {
    if (!is_integer(size.dtype()) || size.num_elements() != 2) return false;
    for (int64_t i = 0; i < 2; ++i)
      if (size.int_at(i) < 1 || size.int_at(i) > INT32_MAX) return false;
    return true;
  }
  static size_t taps_bytes(int64_t width, int threads) {
    return static_cast<size_t>(threads) * static_cast<size_t>(width) * sizeof(ResizeTap);
  }

  // What isn't is left to the reference and its error messages.
  static bool is_plain(const RunContext& context) {
    const Tensor& x = context.input(0);
    const Tensor& boxes = context.input(1);
    const Tensor& indices = context.input(2);
    const Tensor& size = context.input(3);
    if (x.rank() != 4 || x.num_elements() == 0 || x.dim(2) > INT32_MAX / x.dim(3) ||
        boxes.dtype() != DType::kFloat32 || boxes.rank() != 2 || boxes.dim(1) != 4 ||
        indices.dtype() != DType::kInt32 || indices.rank() != 1 || indices.dim(0) != boxes.dim(0) ||
        !is_size(size))
      return false;
    const auto* corner = boxes.data<float>();
    if (!std::all_of(corner, corner + boxes.num_elements(),
                     [](float c) { return std::isfinite(c); }))
      return false;
    const auto* index = indices.data<int32_t>();
    return std::all_of(index, index + indices.num_elements(),
                       [&](int32_t i) { return i >= 0 && i < x.dim(0); });
  }

  template <class T>
  void crop(void (*row_fn)(const ResizeRow<T>&), RunContext& context) {
    const Tensor& x = context.input(0);
    const Tensor& boxes = context.input(1);
    const auto* index = context.input(2).data<int32_t>();
    const int64_t height = context.input(3).int_at(0);
    const int64_t width = context.input(3).int_at(1);
    const int64_t row = width * x.dim(3);
    Tensor& out = context.output(0, DType::kFloat32, {boxes.dim(0), height, width, x.dim(3)});
    auto* scratch =
        static_cast<ResizeTap*>(context.scratch(taps_bytes(width, context.pool().threads())));
    context.pool().parallel_for(boxes.dim(0), [&](int64_t begin, int64_t end, int thread) {
      for (int64_t b = begin; b < end; ++b) {
        const T* image = x.data<T>() + index[b] * x.dim(1) * x.dim(2) * x.dim(3);
        crop_box(row_fn, image, x, boxes.data<float>() + 4 * b, height, width,
                 scratch + thread * width, out.data<float>() + b * height * row);
      }
    });
  }

  template <class T>
  void crop_box(void (*row_fn)(const ResizeRow<T>&), const T* image, const Tensor& x,
                const float* box, int64_t height, int64_t width, ResizeTap* taps,
                float* out) const {
    const CropAxis rows(box[0], box[2], x.dim(1), height);
    const CropAxis columns(box[1], box[3], x.dim(2), width);
    const int64_t channels = x.dim(3);
    // Columns inside the picture lie together, for positions only rise or only fall.
    int64_t first = 0;
    while (first < width && !columns.inside(columns.at(first))) ++first;
    int64_t last = first;
    for (; last < width && columns.inside(columns.at(last)); ++last) {
      const float at = columns.at(last);
      const float left = std::floor(at);
      taps[last] = {static_cast<int32_t>(static_cast<int64_t>(left) * channels),
                    static_cast<int32_t>(static_cast<int64_t>(std::ceil(at)) * channels),
                    at - left};
    }
    const int64_t pitch = x.dim(2) * channels;
    for (int64_t i = 0; i < height; ++i, out += width * channels) {
      const float at = rows.at(i);
      if (!rows.inside(at) || first == last) {
        std::fill_n(out, width * channels, op_.extrapolation_value);
        continue;
      }
      const float top = std::floor(at);
      std::fill_n(out, first * channels, op_.extrapolation_value);
      row_fn({image + static_cast<int64_t>(top) * pitch,
              image + static_cast<int64_t>(std::ceil(at)) * pitch,
              taps + first,
              last - first,
              channels,
              channels == 4 ? last - first : 0,
              {},
              at - top,
              1,
              0,
              out + first * channels});
      std::fill_n(out + last * channels, (width - last) * channels, op_.extrapolation_value);
    }
  }

  const CropAndResize op_;
  const VectorKernels& vector_;
  int64_t width_ = 0;  // of the crops; 0: known only in a run
};

}  // namespace

const KernelClass kCrop = kernel_class<CropKernel>();

}  // namespace thaw::cpu
