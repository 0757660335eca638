#include "thaw/tensor.h"

#include <cstring>
#include <memory>
#include <new>

#include "base/memory.h"
#include "base/memory_budget.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Stands before a tensor's strings.
struct TextHeader {
  explicit TextHeader(size_t n) : share(sizeof(TextHeader) + n * sizeof(std::string)), count(n) {}
  MemoryShare share;
  MemoryShare contents;
  size_t count;
};
static_assert(sizeof(TextHeader) % alignof(std::string) == 0);

std::shared_ptr<std::string> allocate_strings(size_t n) {
  TextHeader header(n);
  void* block = ::operator new(sizeof(TextHeader) + n * sizeof(std::string));
  auto* strings = reinterpret_cast<std::string*>(static_cast<char*>(block) + sizeof(TextHeader));
  new (block) TextHeader(std::move(header));
  std::uninitialized_value_construct_n(strings, n);
  return {strings, [](std::string* first) {
            auto* of =
                reinterpret_cast<TextHeader*>(reinterpret_cast<char*>(first) - sizeof(TextHeader));
            std::destroy_n(first, of->count);
            of->~TextHeader();
            ::operator delete(of);
          }};
}

struct List : TensorList {
  explicit List(TensorList&& list) : TensorList(std::move(list)) {}
  MemoryShare contents;
};

}  // namespace

size_t tensor_bytes(DType dtype, const Shape& shape) {
  const size_t each = dtype == DType::kString ? sizeof(std::string) : dtype_size(dtype);
  return static_cast<size_t>(shape.num_elements()) * each;
}

Tensor Tensor::empty(DType dtype, const Shape& shape) {
  Tensor t;
  t.dtype_ = dtype;
  t.shape_ = shape;
  t.num_elements_ = shape.num_elements();
  if (dtype == DType::kString) {
    try {
      const auto strings = allocate_strings(static_cast<size_t>(t.num_elements_));
      t.data_ = strings.get();
      t.owner_ = strings;
    } catch (const std::bad_alloc&) {
      throw ResourceError("no memory for " + t.str());
    }
    return t;
  }
  if (dtype_size(dtype) == 0)
    throw InternalError(std::string("a tensor of ") + dtype_name(dtype) + " can't be allocated");
  t.owner_ = host_allocator().allocate(t.num_bytes());
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
  auto owner = std::make_shared<List>(std::move(list));
  return share(DType::kList, Shape{}, static_cast<TensorList*>(owner.get()), owner);
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

void charge_contents(Tensor& tensor) {
  MemoryShare* held = nullptr;
  size_t bytes = 0;
  if (tensor.dtype() == DType::kList) {
    held = &static_cast<List&>(tensor.as_list()).contents;
    bytes = tensor.as_list().elements.capacity() * sizeof(Tensor);
  } else if (tensor.dtype() == DType::kString) {
    const std::string* strings = tensor.data<std::string>();
    held = &(reinterpret_cast<TextHeader*>(tensor.raw()) - 1)->contents;
    for (int64_t i = 0; i < tensor.num_elements(); ++i)
      if (strings[i].capacity() > std::string().capacity()) bytes += strings[i].capacity();
  }
  if (!held) return;
  *held = MemoryShare();
  *held = MemoryShare(bytes);
}

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
