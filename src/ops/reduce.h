// Many elements become few.
#pragma once

#include "ops/field.h"
#include "thaw/tensor.h"

namespace thaw {

enum class ReduceKind : uint8_t { kSum, kMean, kProd, kMax, kMin, kAll, kAny, kL2Loss };
THAW_ENUM_NAMES(ReduceKind, "Sum", "Mean", "Prod", "Max", "Min", "All", "Any", "L2Loss")

// (x, axes int vector or scalar) -> x reduced over the axes. L2Loss is sum(x^2)/2 over all axes.
struct Reduce {
  static constexpr const char* kName = "Reduce";
  ReduceKind kind = ReduceKind::kSum;
  bool keep_dims = false;
  template <class F>
  static void fields(F&& f) {
    f("kind", &Reduce::kind);
    f("keep_dims", &Reduce::keep_dims);
  }
};

// (x, axis scalar) -> index of the largest (smallest) element, the first among equals.
struct ArgReduce {
  static constexpr const char* kName = "ArgReduce";
  bool smallest = false;
  DType dtype = DType::kInt64;
  template <class F>
  static void fields(F&& f) {
    f("smallest", &ArgReduce::smallest);
    f("dtype", &ArgReduce::dtype);
  }
};

// (x, axis scalar) -> running sums.
struct Cumsum {
  static constexpr const char* kName = "Cumsum";
  bool exclusive = false;
  bool reverse = false;
  template <class F>
  static void fields(F&& f) {
    f("exclusive", &Cumsum::exclusive);
    f("reverse", &Cumsum::reverse);
  }
};

// (x [...,n], k scalar) -> the k largest of the last dimension in falling order, the lower index
// first among equals, and their indices.
struct TopK {
  static constexpr const char* kName = "TopK";
  bool sorted = true;
  DType index_dtype = DType::kInt32;
  template <class F>
  static void fields(F&& f) {
    f("sorted", &TopK::sorted);
    f("index_dtype", &TopK::index_dtype);
  }
};

// (x) -> int64 [count, rank]: coordinates of the elements that are true or not zero, row-major.
struct Where {
  static constexpr const char* kName = "Where";
  template <class F>
  static void fields(F&&) {}
};

}  // namespace thaw
