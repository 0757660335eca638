// The rows on XNNPACK: convolutions and depthwise convolutions, float32 and uint8.
//
// Each of thaw's threads runs an operator of its own over some of the output channels: the weights
// are there once, and XNNPACK starts no thread. Its packed form can't be stored, so the operators
// are made anew in every process, at the first run, and the plan keeps the weights as they were.
#include <fmt/core.h>

#include <algorithm>

#include "base/thread_pool.h"
#include "kernels/vendor/xnnpack_conv.h"
#include "thaw/error.h"

namespace thaw::vendor {
namespace {

constexpr int64_t kTile = 16;        // output channels that its products compute at a time
constexpr size_t kPastTheEnd = 64;   // bytes that it may read past an input
constexpr int64_t kGrain = 1 << 14;  // bytes

// to[i] = from[i] with its sign bit turned: between 0..255 and -128..127.
void turn_signs(const uint8_t* from, uint8_t* to, int64_t count, ThreadPool& pool) {
  pool.parallel_for(count, kGrain, [=](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) to[i] = static_cast<uint8_t>(from[i] ^ 0x80U);
  });
}

class ConvKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    std::string why = refuse_conv(desc);
    if (why.empty()) why = refuse_xnn_types(desc);
    return why.empty() ? xnnpack().refusal : why;
  }

  explicit ConvKernel(const OpDesc& desc)
      : xnn_(needed_xnnpack()),
        conv_(desc),
        x_(desc.inputs[0].shape),
        y_(desc.outputs[0].shape),
        has_bias_(desc.inputs.size() > 2),
        bytes_(desc.inputs[1].constant->num_bytes() / (conv_.quantised() ? 4 : 1)) {}

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    if (x.shape() != x_)
      throw InputError(fmt::format("{} where {} was planned", x.str(), x_.str()));
    Tensor& y = context.output(0, x.dtype(), y_);
    ThreadPool& pool = context.pool();
    if (threads_ != pool.threads()) make_parts(context);
    const void* from = x.raw();
    if (conv_.quantised()) {
      auto* turned = static_cast<uint8_t*>(context.scratch(x.num_bytes() + kPastTheEnd));
      turn_signs(x.data<uint8_t>(), turned, x.num_elements(), pool);
      from = turned;
    }
    pool.parallel_for(static_cast<int64_t>(parts_.size()), [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        const Part& part = parts_[static_cast<size_t>(i)];
        conv_.run(xnn_, part.op.get(), from, y.raw(), part.first);
      }
    });
    if (conv_.quantised()) turn_signs(y.data<uint8_t>(), y.data<uint8_t>(), y.num_elements(), pool);
  }

  size_t bytes() const override { return bytes_; }

 private:
  struct Part {
    XnnOperator op;
    int64_t first;
  };

  void make_parts(const RunContext& context) {
    const int64_t channels = conv_.shape().out_c;
    const int64_t tiles = (channels + kTile - 1) / kTile;
    const int64_t count = std::min<int64_t>(tiles, context.pool().threads());
    const float* bias = has_bias_ ? context.input(2).data<float>() : nullptr;
    parts_.clear();
    for (int64_t i = 0; i < count; ++i) {
      const int64_t first = tiles * i / count * kTile;
      const int64_t end = std::min(channels, tiles * (i + 1) / count * kTile);
      parts_.push_back({conv_.create(xnn_, context.input(1), bias, first, end - first), first});
    }
    threads_ = context.pool().threads();
  }

  const Xnnpack& xnn_;
  const XnnConv conv_;
  const Shape x_;
  const Shape y_;
  const bool has_bias_;
  const size_t bytes_;
  std::vector<Part> parts_;
  int threads_ = 0;
};

std::unique_ptr<OpKernel> create(const OpDesc& desc) { return std::make_unique<ConvKernel>(desc); }
Exactness exactness(const OpDesc& /*desc*/) { return kForeignSums; }

constexpr KernelRow kRows[] = {
    {"xnnpack.conv2d", OpKind::kConv2D, ConvKernel::can_run, create, exactness},
    {"xnnpack.depthwise", OpKind::kDepthwiseConv2D, ConvKernel::can_run, create, exactness},
};

}  // namespace
}  // namespace thaw::vendor

namespace thaw {

KernelTable xnnpack_kernels() { return {vendor::kRows, std::size(vendor::kRows)}; }

}  // namespace thaw
