#include "runtime/null_device.h"

#include <cstring>

namespace thaw {
namespace {

class NullKernel : public OpKernel {
 public:
  void run(RunContext&) override {}
};

std::string can_run(const OpDesc& desc) {
  for (const TensorDesc& out : desc.outputs) {
    if (!out.shape.is_static()) return "the output's shape is not known before the run";
    if (dtype_size(out.dtype) == 0) return "the output is not numbers";
  }
  for (const TensorDesc& in : desc.inputs)
    if (dtype_size(in.dtype) == 0) return "an input is not numbers";
  return {};
}

std::unique_ptr<OpKernel> create(const OpDesc&) { return std::make_unique<NullKernel>(); }

constexpr KernelEntry kRows[] = {
    {"null.conv2d", OpKind::kConv2D, can_run, create},
    {"null.depthwise_conv2d", OpKind::kDepthwiseConv2D, can_run, create},
    {"null.matmul", OpKind::kMatMul, can_run, create},
    {"null.pool", OpKind::kPool, can_run, create},
    {"null.unary", OpKind::kUnary, can_run, create},
    {"null.binary", OpKind::kBinary, can_run, create},
};

class NullQueue : public Queue {
 public:
  explicit NullQueue(NullCounts& counts) : counts_(counts) {}
  void upload(void*, const void*, size_t) override { ++counts_.uploads; }
  void download(void* host, const void*, size_t bytes) override {
    ++counts_.downloads;
    std::memset(host, 0, bytes);
  }
  void launch(OpKernel& kernel, RunContext& context) override {
    ++counts_.launches;
    kernel.run(context);
  }
  void synchronize() override { ++counts_.synchronizations; }

 private:
  NullCounts& counts_;
};

}  // namespace

KernelTable NullDevice::kernels() const { return {kRows, std::size(kRows)}; }

std::unique_ptr<Queue> NullDevice::create_queue() { return std::make_unique<NullQueue>(counts_); }

std::shared_ptr<void> NullDevice::allocate(size_t bytes) {
  ++counts_.allocations;
  return host_allocator().allocate(bytes);
}

}  // namespace thaw
