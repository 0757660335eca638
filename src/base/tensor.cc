#include "thaw/tensor.h"

#include <cstring>
#include <limits>

#include "base/memory.h"
#include "thaw/error.h"

namespace thaw {

Tensor Tensor::empty(DType dtype, const Shape& shape) {
  Tensor t;
  t.dtype_ = dtype;
  t.shape_ = shape;
  t.num_elements_ = shape.num_elements();
  const auto n = static_cast<size_t>(t.num_elements_);
  if (dtype == DType::kString) {
    std::shared_ptr<std::string[]> strings(new std::string[n]);
    t.data_ = strings.get();
    t.owner_ = std::shared_ptr<void>(strings, strings.get());
    return t;
  }
  if (dtype_size(dtype) == 0)
    throw InternalError(std::string("a tensor of ") + dtype_name(dtype) + " can't be allocated");
  if (n > std::numeric_limits<size_t>::max() / 16)
    throw InputError("tensor " + t.str() + " is too large");
  t.owner_ = host_allocator().allocate(n * dtype_size(dtype));
  t.data_ = t.owner_.get();
  return t;
}

Tensor Tensor::zeros(DType dtype, const Shape& shape) {
  Tensor t = empty(dtype, shape);
  if (dtype != DType::kString) std::memset(t.data_, 0, t.num_bytes());
  return t;
}

Tensor Tensor::view(DType dtype, const Shape& shape, void* data) {
  return share(dtype, shape, data, nullptr);
}

Tensor Tensor::share(DType dtype, const Shape& shape, void* data, std::shared_ptr<void> owner) {
  Tensor t;
  t.dtype_ = dtype;
  t.shape_ = shape;
  t.num_elements_ = shape.num_elements();
  t.data_ = data;
  t.owner_ = std::move(owner);
  return t;
}

Tensor Tensor::list(TensorList list) {
  auto owner = std::make_shared<TensorList>(std::move(list));
  return share(DType::kList, Shape{}, owner.get(), owner);
}

const TensorList& Tensor::as_list() const {
  if (dtype_ != DType::kList) throw InternalError("a list was expected, got " + str());
  return *static_cast<const TensorList*>(data_);
}

TensorList& Tensor::as_list() {
  return const_cast<TensorList&>(static_cast<const Tensor*>(this)->as_list());
}

Tensor Tensor::clone() const {
  if (!defined()) return {};
  if (dtype_ == DType::kList) return list(as_list());
  Tensor t = empty(dtype_, shape_);
  if (dtype_ == DType::kString) {
    for (int64_t i = 0; i < num_elements_; ++i) t.data<std::string>()[i] = data<std::string>()[i];
  } else if (num_elements_ > 0) {
    std::memcpy(t.data_, data_, num_bytes());
  }
  return t;
}

Tensor Tensor::reshaped(const Shape& shape) const {
  if (shape.num_elements() != num_elements_)
    throw InternalError("tensor " + str() + " can't take the shape " + shape.str());
  Tensor t = *this;
  t.shape_ = shape;
  return t;
}

int64_t Tensor::int_at(int64_t i) const {
  switch (dtype_) {
    case DType::kBool:
    case DType::kUInt8:
      return data<uint8_t>()[i];
    case DType::kInt8:
      return data<int8_t>()[i];
    case DType::kInt16:
      return data<int16_t>()[i];
    case DType::kUInt16:
      return data<uint16_t>()[i];
    case DType::kInt32:
      return data<int32_t>()[i];
    case DType::kUInt32:
      return data<uint32_t>()[i];
    case DType::kInt64:
      return data<int64_t>()[i];
    case DType::kUInt64:
      return static_cast<int64_t>(data<uint64_t>()[i]);
    default:
      throw InternalError("an integer tensor was expected, got " + str());
  }
}

std::vector<int64_t> Tensor::ints() const {
  std::vector<int64_t> v(static_cast<size_t>(num_elements_));
  for (size_t i = 0; i < v.size(); ++i) v[i] = int_at(static_cast<int64_t>(i));
  return v;
}

std::string Tensor::str() const { return dtype_name(dtype_) + shape_.str(); }

bool identical(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.dtype() == DType::kInvalid || a.raw() == b.raw()) return true;
  if (a.dtype() == DType::kList) return false;
  if (a.dtype() != DType::kString) return std::memcmp(a.raw(), b.raw(), a.num_bytes()) == 0;
  for (int64_t i = 0; i < a.num_elements(); ++i)
    if (a.data<std::string>()[i] != b.data<std::string>()[i]) return false;
  return true;
}

}  // namespace thaw
