#include "kernels/cpu/dot/split_int8_panels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace thaw::cpu {
namespace {

constexpr int64_t kColumns = 16;
constexpr float kLeast = 1e-30F;  // a largest number that can still be divided by

}  // namespace

std::vector<float> pack_split_panels(const float* w, int64_t k, int64_t n, int64_t slices,
                                     void* panels) {
  const size_t panel_bytes = split_panel_bytes(k, slices);
  std::memset(panels, 0, static_cast<size_t>((n + kColumns - 1) / kColumns) * panel_bytes);
  std::vector<float> scales(static_cast<size_t>(n));
  for (int64_t j = 0; j < n; ++j) {
    float largest = kLeast;
    bool finite = true;
    for (int64_t i = 0; i < k; ++i) {
      largest = std::max(largest, std::fabs(w[i * n + j]));
      finite = finite && std::isfinite(w[i * n + j]);
    }
    scales[static_cast<size_t>(j)] = finite ? largest * split_scale(slices) : std::nanf("");
    if (!finite) continue;
    auto* panel = static_cast<int8_t*>(panels) + static_cast<size_t>(j / kColumns) * panel_bytes +
                  j % kColumns * 4;
    for (int64_t i = 0; i < k; ++i) {
      int8_t* to = panel + i / kSplitStep * slices * kSliceBytes +
                   split_group(i % kSplitStep) * kColumns * 4 + i % 4;
      auto rest = static_cast<int32_t>(std::lrint(w[i * n + j] * split_range(slices) / largest));
      for (int64_t d = slices - 1; d >= 0; --d) {
        const auto slice = static_cast<int8_t>(rest & 0xFF);
        to[d * kSliceBytes] = slice;
        rest = (rest - slice) / 256;
      }
    }
  }
  return scales;
}

}  // namespace thaw::cpu
