#include "kernels/kernel.h"

#include <cstring>

#include "base/memory_budget.h"
#include "thaw/error.h"

namespace thaw {

Tensor OpDesc::pack(size_t bytes, const std::function<void(void*)>& fill) const {
  if (services != nullptr) return services->take(bytes, fill);
  Tensor packed = Tensor::empty(DType::kUInt8, {static_cast<int64_t>(bytes)});
  fill(packed.raw());
  return packed;
}

void RunContext::bind(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs) {
  inputs_.clear(), outputs_.clear(), owned_.clear();
  for (const Tensor& t : inputs) add_input(t);
  for (Tensor& t : outputs) add_output(t);
}

Tensor& RunContext::output(size_t i, DType dtype, const Shape& shape) {
  Tensor& t = *outputs_[i];
  if (!t.defined()) {
    t = workspace_->allocate(dtype, shape);
  } else if (t.dtype() != dtype || t.shape() != shape) {
    throw InternalError("a kernel made " + (dtype_name(dtype) + shape.str()) + " where " + t.str() +
                        " was planned");
  }
  return t;
}

void RunContext::set_output(size_t i, Tensor value) {
  Tensor& t = *outputs_[i];
  if (!t.defined()) {
    t = std::move(value);
    return;
  }
  output(i, value.dtype(), value.shape());
  if (value.num_elements() > 0 && t.raw() != value.raw())
    std::memcpy(t.raw(), value.raw(), value.num_bytes());
}

Tensor Workspace::allocate(DType dtype, const Shape& shape) {
  if (dtype_size(dtype) == 0 || &allocator_ == &host_allocator())
    return Tensor::empty(dtype, shape);
  const size_t bytes = tensor_bytes(dtype, shape);
  std::shared_ptr<void> memory = allocator_.allocate(bytes);
  return Tensor::share(dtype, shape, memory.get(), memory);
}

void* Workspace::scratch(size_t bytes) {
  if (scratch_bytes_ < bytes || !scratch_) {
    scratch_.reset();
    scratch_ = allocator_.allocate(bytes);
    scratch_bytes_ = bytes;
  }
  return scratch_.get();
}

}  // namespace thaw
