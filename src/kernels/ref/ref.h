// What the reference kernels share: their declarations, errors, type dispatch and index arithmetic.
//
// A reference kernel is the op's definition as code: plain loops, every type TensorFlow takes,
// TensorFlow's own edge cases. It needs no thread pool: RunContext's may be null.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/stop.h"
#include "kernels/kernel.h"

namespace thaw::ref {

// One overload for each op; ops.inc is the list. While and If have none: the runtime runs them.
#define OP(Name) void run(const Name& op, RunContext& context);
#include "ops/ops.inc"
#undef OP

// Whether an op has a row in the table.
template <class T>
constexpr bool kHasKernel = true;
template <>
inline constexpr bool kHasKernel<std::monostate> = false;
template <>
inline constexpr bool kHasKernel<While> = false;
template <>
inline constexpr bool kHasKernel<If> = false;

// Throws InputError "<op>: <what>".
[[noreturn]] void fail(const char* op, const std::string& what);
[[noreturn]] void fail_dtype(const char* op, DType dtype);

template <class T>
struct TypeTag {
  using type = T;
};

// Calls f(TypeTag<T>{}) with the C++ type of a number; other types are an error.
template <class F>
void for_float(const char* op, DType dtype, F&& f) {
  switch (dtype) {
    case DType::kFloat32:
      return f(TypeTag<float>{});
    case DType::kFloat64:
      return f(TypeTag<double>{});
    default:
      fail_dtype(op, dtype);
  }
}

template <class F>
void for_integer(const char* op, DType dtype, F&& f) {
  switch (dtype) {
    case DType::kInt8:
      return f(TypeTag<int8_t>{});
    case DType::kInt16:
      return f(TypeTag<int16_t>{});
    case DType::kInt32:
      return f(TypeTag<int32_t>{});
    case DType::kInt64:
      return f(TypeTag<int64_t>{});
    case DType::kUInt8:
      return f(TypeTag<uint8_t>{});
    case DType::kUInt16:
      return f(TypeTag<uint16_t>{});
    case DType::kUInt32:
      return f(TypeTag<uint32_t>{});
    case DType::kUInt64:
      return f(TypeTag<uint64_t>{});
    default:
      fail_dtype(op, dtype);
  }
}

template <class F>
void for_number(const char* op, DType dtype, F&& f) {
  if (dtype == DType::kFloat32 || dtype == DType::kFloat64) return for_float(op, dtype, f);
  for_integer(op, dtype, f);
}

// Calls f(TypeTag<T>{}) with a type that can carry the elements, for ops that only move them.
template <class F>
void for_carrier(const char* op, DType dtype, F&& f) {
  if (dtype == DType::kString) return f(TypeTag<std::string>{});
  switch (dtype_size(dtype)) {
    case 1:
      return f(TypeTag<uint8_t>{});
    case 2:
      return f(TypeTag<uint16_t>{});
    case 4:
      return f(TypeTag<uint32_t>{});
    case 8:
      return f(TypeTag<uint64_t>{});
    default:
      fail_dtype(op, dtype);
  }
}

// to = from, for elements of any type: strings are claimed from the memory budget before they are
// copied, since few bytes may become many.
template <class T>
void put(T& to, const T& from) {
  if constexpr (std::is_same_v<T, std::string>)
    if (from.size() > to.capacity()) claim_text(from.size());
  to = from;
}

template <class T>
T* put_n(const T* from, int64_t n, T* to) {
  for (int64_t i = 0; i < n; ++i) put(to[i], from[i]);
  return to + n;
}

// Product and sum of extents; an error when 64 bits can't hold them.
int64_t checked_product(const char* op, int64_t a, int64_t b);
int64_t checked_sum(const char* op, int64_t a, int64_t b);

// Elements between neighbours along each dimension of a dense row-major tensor.
std::array<int64_t, Shape::kMaxRank> strides_of(const Shape& shape);

// An axis counted from the end made one counted from the front; an error when outside the rank.
int normalize_axis(const char* op, int64_t axis, int rank);
// The only element of an integer tensor.
int64_t scalar_int(const char* op, const Tensor& t, const char* what);
// The elements of an integer vector (or scalar).
std::vector<int64_t> int_vector(const char* op, const Tensor& t, const char* what);
// The shape an integer vector (or scalar) spells; negative extents are an error.
Shape shape_from(const char* op, const Tensor& t);
// numpy's broadcasting; an error when the shapes don't go together.
Shape broadcast(const char* op, const Shape& a, const Shape& b);
// Strides into a tensor of `shape` for walking the larger `out`: 0 along what is broadcast.
std::array<int64_t, Shape::kMaxRank> broadcast_strides(const Shape& shape, const Shape& out);

// Input i's elements under another shape as output 0, sharing the buffer where that is allowed.
void pass_on(RunContext& context, size_t i, const Shape& shape);

// The product of extents first..last-1.
int64_t product(const Shape& shape, int first, int last);

}  // namespace thaw::ref
