// Dense tensors in host memory: element type, shape and a shared buffer. Any number of threads may
// read a tensor and its copies at once; while one writes elements, which all copies see, no other
// may read or write them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace thaw {

// Element types. kString elements are std::string; a kList is a scalar that holds a TensorList.
enum class DType : uint8_t {
  kInvalid,
  kFloat32,
  kFloat64,
  kFloat16,
  kBFloat16,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kBool,
  kString,
  kList,
};

// Bytes of one element in memory; 0 for kInvalid, kString and kList.
size_t dtype_size(DType dtype);
// Names as numpy writes them ("float32", "uint8", "bool", "string", "list").
const char* dtype_name(DType dtype);
// The inverse of dtype_name; kInvalid when there is no such type.
DType dtype_from_name(const std::string& name);
bool is_floating(DType dtype);
bool is_integer(DType dtype);  // signed or unsigned, not bool

constexpr int64_t kUnknownDim = -1;

// The extents of a tensor, or what is known of them: the rank may be unknown, and so may single
// dimensions (kUnknownDim). Stored inline: copying never allocates. At most kMaxRank dimensions.
class Shape {
 public:
  static constexpr int kMaxRank = 8;

  Shape() = default;  // a scalar
  Shape(std::initializer_list<int64_t> dims);
  explicit Shape(const std::vector<int64_t>& dims);  // throws InputError above kMaxRank
  static Shape unknown();                            // not even the rank is known
  static Shape unknown_of_rank(int rank);

  bool has_rank() const { return rank_ >= 0; }
  bool is_static() const;  // rank and every dimension known
  int rank() const { return rank_; }
  size_t size() const { return rank_ < 0 ? 0 : static_cast<size_t>(rank_); }
  int64_t operator[](int i) const { return dims_[static_cast<size_t>(i)]; }
  int64_t& operator[](int i) { return dims_[static_cast<size_t>(i)]; }
  int64_t back() const { return dims_[static_cast<size_t>(rank_ - 1)]; }
  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + size(); }
  void push_back(int64_t dim);             // throws InputError above kMaxRank
  void insert(int position, int64_t dim);  // before position
  void erase(int position);
  std::vector<int64_t> dims() const { return {begin(), end()}; }

  // Product of the dimensions; throws InputError when it overflows, InternalError when not static.
  int64_t num_elements() const;
  // "[1,?,300,3]", "[]" for a scalar, "?" when the rank is unknown.
  std::string str() const;

  bool operator==(const Shape& other) const;
  bool operator!=(const Shape& other) const { return !(*this == other); }

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

struct TensorList;

// A dense row-major tensor. Copies share the buffer; clone() makes a new one. Owned buffers are
// aligned to 64 bytes.
class Tensor {
 public:
  Tensor() = default;
  // Uninitialised elements (empty strings for kString). Throws ResourceError when memory is short
  // and InputError when the size overflows.
  static Tensor empty(DType dtype, const Shape& shape);
  static Tensor zeros(DType dtype, const Shape& shape);
  // Borrows memory that must outlive the tensor and all its copies.
  static Tensor view(DType dtype, const Shape& shape, void* data);
  // Shares `owner`, which keeps `data` alive.
  static Tensor share(DType dtype, const Shape& shape, void* data, std::shared_ptr<void> owner);
  static Tensor list(TensorList list);
  template <class T>
  static Tensor of(DType dtype, const Shape& shape, const std::vector<T>& values);

  bool defined() const { return dtype_ != DType::kInvalid; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t dim(int i) const { return shape_[i]; }
  int64_t num_elements() const { return num_elements_; }
  size_t num_bytes() const { return static_cast<size_t>(num_elements_) * dtype_size(dtype_); }

  void* raw() { return data_; }
  const void* raw() const { return data_; }
  // The elements as T; T must be the element type's C++ type (uint16_t for the 16-bit floats).
  template <class T>
  T* data() {
    return static_cast<T*>(data_);
  }
  template <class T>
  const T* data() const {
    return static_cast<const T*>(data_);
  }
  const TensorList& as_list() const;
  TensorList& as_list();
  // The tensor keeps its memory alive (a view does not); nobody else shares it.
  bool owned() const { return owner_ != nullptr; }
  bool unique() const { return owner_ && owner_.use_count() == 1; }

  Tensor clone() const;
  // The same elements under another shape of as many elements.
  Tensor reshaped(const Shape& shape) const;
  // Element `i` of an integer or bool tensor, widened. Throws InternalError for other types.
  int64_t int_at(int64_t i) const;
  // All elements of an integer tensor, widened.
  std::vector<int64_t> ints() const;
  // "float32[1,300,300,3]"
  std::string str() const;

 private:
  DType dtype_ = DType::kInvalid;
  Shape shape_;
  int64_t num_elements_ = 0;
  void* data_ = nullptr;
  std::shared_ptr<void> owner_;
};

// The value of a kList tensor (TF's TensorList and TensorArray): elements of one type; an element
// that was never written is undefined.
struct TensorList {
  DType dtype = DType::kInvalid;
  Shape element_shape = Shape::unknown();
  std::vector<Tensor> elements;
};

// Bit for bit: type, shape and elements equal.
bool identical(const Tensor& a, const Tensor& b);

template <class T>
Tensor Tensor::of(DType dtype, const Shape& shape, const std::vector<T>& values) {
  Tensor t = empty(dtype, shape);
  for (size_t i = 0; i < values.size() && i < static_cast<size_t>(t.num_elements()); ++i)
    t.data<T>()[i] = values[i];
  return t;
}

}  // namespace thaw
