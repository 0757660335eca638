// The values that a tensor took on examples, and the range that 8-bit levels should cover of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "thaw/options.h"

namespace thaw {

// How a range is chosen (thaw/calibrate.h names them).
struct RangeMethod {
  enum Kind { kError, kEntropy, kPercentile, kExtremes };
  Kind kind = kError;
  double percent = 100;  // of kPercentile

  // Throws UsageError for another name.
  static RangeMethod from_name(const std::string& name);
};

// Seen twice: first the extremes, then how often what lies between them came. Zero is always
// within the range; numbers that are not finite are left out.
class ValueCounts {
 public:
  explicit ValueCounts(size_t bins) : bins_(bins) {}

  void widen(float x) {
    if (!std::isfinite(x)) return;
    low_ = std::min(low_, x);
    high_ = std::max(high_, x);
  }
  void count(float x) {
    if (!std::isfinite(x) || !(high_ > low_)) return;
    if (counts_.empty()) counts_.resize(bins_);
    const auto bin = static_cast<size_t>((x - low_) * (static_cast<float>(bins_) / (high_ - low_)));
    ++counts_[std::min(bin, bins_ - 1)];
  }

  bool empty() const { return counts_.empty(); }
  // Of what was counted, which must be something.
  ValueRange choose(const RangeMethod& method) const;

 private:
  float width() const { return (high_ - low_) / static_cast<float>(bins_); }
  double centre(size_t bin) const;
  bool is_zero(size_t bin) const;  // what lies there is zero, a level of its own, as good as always
  double squared_error(float low, float high) const;
  double divergence(float low, float high) const;
  ValueRange percentile(double percent) const;

  size_t bins_;
  float low_ = 0;
  float high_ = 0;
  std::vector<double> counts_;  // between low and high
};

}  // namespace thaw
