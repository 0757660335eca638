// Box decoding, bit for bit as the reference: what can be vectorised without another exp is.
#include <algorithm>
#include <cmath>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/cpu/rows.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kBlock = 64;  // boxes whose steps are taken together

// Coordinate by coordinate, so that the loops over a block are vectors.
struct Block {
  float y[kBlock], x[kBlock], h[kBlock], w[kBlock];
};

Block load_anchors(const float* a, int64_t count, bool corners) {
  Block b;
  for (int64_t i = 0; i < count; ++i) {
    b.y[i] = a[4 * i];
    b.x[i] = a[4 * i + 1];
    b.h[i] = a[4 * i + 2];
    b.w[i] = a[4 * i + 3];
  }
  if (!corners) return b;
  for (int64_t i = 0; i < count; ++i) {
    b.h[i] -= b.y[i];
    b.w[i] -= b.x[i];
    b.y[i] += b.h[i] / 2;
    b.x[i] += b.w[i] / 2;
  }
  return b;
}

void decode(const BoxDecode& op, const float* encodings, const float* anchors, int64_t count,
            float* out) {
  const Block a = load_anchors(anchors, count, op.corners);
  Block b = load_anchors(encodings, count, false);
  for (int64_t i = 0; i < count; ++i) {
    b.y[i] = b.y[i] / op.scales[0] * a.h[i] + a.y[i];
    b.x[i] = b.x[i] / op.scales[1] * a.w[i] + a.x[i];
    b.h[i] = b.h[i] / op.scales[2];
    b.w[i] = b.w[i] / op.scales[3];
  }
  for (int64_t i = 0; i < count; ++i) b.h[i] = std::exp(b.h[i]) * a.h[i] / 2;
  for (int64_t i = 0; i < count; ++i) b.w[i] = std::exp(b.w[i]) * a.w[i] / 2;
  for (int64_t i = 0; i < count; ++i) {
    out[4 * i] = b.y[i] - b.h[i];
    out[4 * i + 1] = b.x[i] - b.w[i];
    out[4 * i + 2] = b.y[i] + b.h[i];
    out[4 * i + 3] = b.x[i] + b.w[i];
  }
}

class BoxDecodeKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    const Shape& encodings = desc.inputs[0].shape;
    const Shape& anchors = desc.inputs[1].shape;
    if (desc.inputs[0].dtype != DType::kFloat32) return "not float32";
    if (!encodings.is_static() || !anchors.is_static()) return "the number of boxes is not known";
    if (encodings.rank() < 1 || encodings.back() != 4 || anchors.rank() < 1 ||
        anchors.back() != 4 || anchors.num_elements() == 0 ||
        encodings.num_elements() % anchors.num_elements() != 0)
      return "boxes and anchors don't fit";
    return {};
  }

  BoxDecodeKernel(const OpDesc& desc, const KernelSet&) : op_(std::get<BoxDecode>(desc.op)) {}

  void run(RunContext& context) override {
    const Tensor& encodings = context.input(0);
    const Tensor& anchors = context.input(1);
    const int64_t boxes = encodings.num_elements() / 4;
    const int64_t period = anchors.num_elements() / 4;
    float* out = context.output(0, DType::kFloat32, encodings.shape()).data<float>();
    const float* e = encodings.data<float>();
    const float* a = anchors.data<float>();
    context.pool().parallel_for(boxes, 16 * kBlock, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end;) {
        const int64_t in_period = i % period;
        const int64_t count = std::min({kBlock, end - i, period - in_period});
        decode(op_, e + 4 * i, a + 4 * in_period, count, out + 4 * i);
        i += count;
      }
    });
  }

 private:
  const BoxDecode op_;
};

}  // namespace

const KernelClass kBoxDecode = kernel_class<BoxDecodeKernel>();

}  // namespace thaw::cpu
