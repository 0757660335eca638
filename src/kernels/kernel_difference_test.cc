#include "kernels/kernel_difference.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "kernels/evaluate.h"

namespace thaw {
namespace {

// Why uint8 results differ too much.
std::string level_difference(const Tensor& actual, const Tensor& expected, const Limits& limits) {
  if (limits.tolerance == 0) return identical(actual, expected) ? "" : "elements differ";
  const int64_t n = expected.num_elements();
  int64_t unequal = 0;
  for (int64_t i = 0; i < n; ++i) {
    const int a = actual.data<uint8_t>()[i];
    const int e = expected.data<uint8_t>()[i];
    if (std::abs(a - e) > limits.levels)
      return fmt::format("element {}: level {} instead of {}", i, a, e);
    if (a != e) ++unequal;
  }
  const int64_t allowed = n / limits.one_unequal + 1;
  return unequal > allowed ? fmt::format("{} of {} levels differ", unequal, n) : "";
}

// A 16-bit float's unit in the last place, relative.
float unit_of(DType dtype) {
  return dtype == DType::kFloat16 ? 1.0F / 1024 : dtype == DType::kBFloat16 ? 1.0F / 128 : 0.0F;
}

}  // namespace

std::string difference(const Tensor& actual_result, const Tensor& expected_result,
                       const Limits& limits) {
  if (actual_result.dtype() != expected_result.dtype() ||
      actual_result.shape() != expected_result.shape())
    return actual_result.str() + " where " + expected_result.str() + " was expected";
  const DType dtype = expected_result.dtype();
  if (dtype == DType::kUInt8) return level_difference(actual_result, expected_result, limits);
  if (dtype != DType::kFloat32 && unit_of(dtype) == 0)
    return identical(actual_result, expected_result) ? "" : "elements differ";
  const bool wide = dtype == DType::kFloat32;
  const Tensor actual = wide ? actual_result : evaluate(Cast{DType::kFloat32}, {actual_result})[0];
  const Tensor expected =
      wide ? expected_result : evaluate(Cast{DType::kFloat32}, {expected_result})[0];
  const float unit = limits.tolerance > 0 ? unit_of(dtype) : 0.0F;
  const auto* a = actual.data<float>();
  const auto* e = expected.data<float>();
  float largest = 0;
  for (int64_t i = 0; i < expected.num_elements(); ++i)
    if (std::isfinite(e[i])) largest = std::max(largest, std::fabs(e[i]));
  const float floor = limits.tolerance > 0 ? 1e-37F : 0;
  for (int64_t i = 0; i < expected.num_elements(); ++i) {
    const float limit = limits.tolerance * (limits.by_element ? std::fabs(e[i]) : largest) + floor +
                        unit * std::fabs(e[i]);
    const bool nan =
        std::isnan(a[i]) || (limits.nan_is_clamped && (a[i] == 0 || a[i] == 6 || std::isinf(a[i])));
    const bool same = std::isfinite(e[i]) ? std::fabs(a[i] - e[i]) <= limit
                                          : (std::isnan(e[i]) ? nan : a[i] == e[i]);
    if (!same) return fmt::format("element {}: {} where {} was expected", i, a[i], e[i]);
  }
  return {};
}

}  // namespace thaw
