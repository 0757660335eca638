#include "runtime/cuda/cuda_device.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/cuda/rows.h"
#include "runtime/cuda/cuda_graph.h"
#include "runtime/cuda/cuda_queue.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kOldestArchitecture = 53;
constexpr int kBFloat16Since = 80;

}  // namespace

CudaContext::CudaContext(int number) {
  const cuda::Driver& driver = cuda::driver();
  if (number >= driver.devices)
    throw ResourceError(fmt::format("device cuda:{}: the machine has {} GPU{}", number,
                                    driver.devices, driver.devices == 1 ? "" : "s"));
  cuda::check(driver.device_get(&device_, number), "finding the GPU");
  cuda::check(driver.context_retain(&handle_, device_), "making its context");
}

CudaContext::~CudaContext() { cuda::driver().context_release(device_); }

const cuda::Driver& CudaContext::use() const {
  const cuda::Driver& driver = cuda::driver();
  cuda::check(driver.context_set(handle_), "entering its context");
  return driver;
}

int CudaContext::attribute(cuda::Attribute attribute) const {
  int value = 0;
  cuda::check(cuda::driver().device_attribute(&value, attribute, device_), "asking about the GPU");
  return value;
}

// Host memory that the GPU copies from and to by itself.
class CudaDevice::Staging : public Allocator {
 public:
  explicit Staging(std::shared_ptr<CudaContext> context) : context_(std::move(context)) {}
  std::shared_ptr<void> allocate(size_t bytes) override {
    void* memory = nullptr;
    const size_t some = std::max<size_t>(bytes, 1);
    cuda::check(context_->use().allocate_host(&memory, some, cuda::kPortable),
                fmt::format("for {} bytes of pinned host memory", bytes).c_str());
    return {memory, [context = context_](void* p) { context->use().free_host(p); }};
  }

 private:
  const std::shared_ptr<CudaContext> context_;
};

CudaDevice::CudaDevice(int number)
    : context_(std::make_shared<CudaContext>(number)),
      staging_(std::make_unique<Staging>(context_)) {
  const cuda::Driver& driver = cuda::driver();
  char name[256] = "";
  cuda::check(driver.device_name(name, sizeof name - 1, context_->device()), "asking for its name");
  cuda::check(driver.device_memory(&memory_bytes_, context_->device()), "asking for its memory");
  architecture_ = 10 * context_->attribute(cuda::Attribute::kMajor) +
                  context_->attribute(cuda::Attribute::kMinor);
  const int multiprocessors = context_->attribute(cuda::Attribute::kMultiprocessors);
  model_ = fmt::format("{} (sm_{}, {} multiprocessors)", name, architecture_, multiprocessors);
  identity_ = fmt::format("{} sm_{} {}", name, architecture_, multiprocessors);
  if (architecture_ < kOldestArchitecture)
    throw ResourceError(fmt::format("device cuda: {} is too old, sm_{} or later is needed", model_,
                                    kOldestArchitecture));
}

CudaDevice::~CudaDevice() = default;

std::vector<Precision> CudaDevice::fast_precisions() const {
  if (architecture_ < kBFloat16Since) return {Precision::kFloat32, Precision::kFloat16};
  return {Precision::kFloat32, Precision::kFloat16, Precision::kBFloat16};
}

// One plan for pictures of all sizes would leave their resizing to the host.
Target CudaDevice::target() const {
  Target target;
  target.architecture = architecture_;
  target.takes_open_sizes = false;
  target.forms.resize_in_first_layer = true;
  return target;
}

Allocator& CudaDevice::staging() { return *staging_; }

KernelTable CudaDevice::kernels() const { return cuda::kernel_rows(); }

void CudaDevice::prepare_code(const std::vector<OpDesc>& layers) {
  cuda::compile_rows(layers, architecture_);
}

std::unique_ptr<Queue> CudaDevice::create_queue() { return std::make_unique<CudaQueue>(context_); }

std::unique_ptr<PreparedSegment> CudaDevice::prepare(const std::vector<Work>& work) {
  return std::make_unique<CudaGraph>(context_, *staging_, work);
}

// Of a large one at small batches, where starting work is what costs.
Device::Speed CudaDevice::speed() const { return {2, 10, 1e4, 5e5, 2e6}; }

std::shared_ptr<void> CudaDevice::allocate(size_t bytes) {
  cuda::Address address = 0;
  cuda::check(context_->use().allocate(&address, std::max<size_t>(bytes, 1)),
              fmt::format("for {} bytes", bytes).c_str());
  return {reinterpret_cast<void*>(address), [context = context_](void* p) {
            context->use().free(reinterpret_cast<cuda::Address>(p));
          }};
}

}  // namespace thaw
