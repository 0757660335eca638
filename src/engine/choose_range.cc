#include "engine/choose_range.h"

#include <fmt/format.h>

#include <limits>
#include <locale>
#include <sstream>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kClips = 80;             // ranges tried, the smallest a fifth of the whole
constexpr float kSmallestClip = 0.2F;  // of the extremes
constexpr size_t kLevels = 256;

}  // namespace

RangeMethod RangeMethod::from_name(const std::string& name) {
  if (name.empty() || name == "mse") return {kError, 100};
  if (name == "entropy") return {kEntropy, 100};
  if (name == "min-max") return {kExtremes, 100};
  constexpr const char* kPrefix = "percentile:";
  if (name.rfind(kPrefix, 0) == 0) {
    std::istringstream text(name.substr(std::char_traits<char>::length(kPrefix)));
    text.imbue(std::locale::classic());
    double percent = 0;
    if (text >> percent && text.peek() == EOF && percent > 50 && percent <= 100)
      return {kPercentile, percent};
  }
  throw UsageError(fmt::format(
      "calibration method {}: mse, entropy, min-max or percentile:P with P above 50 and "
      "up to 100, such as percentile:99.99, was expected",
      name));
}

double ValueCounts::centre(size_t bin) const {
  return low_ + (static_cast<double>(bin) + 0.5) * width();
}

bool ValueCounts::is_zero(size_t bin) const { return std::fabs(centre(bin)) <= width(); }

// Mean squared error, but for a factor, of 256 levels over [low, high].
double ValueCounts::squared_error(float low, float high) const {
  const double step = (high - low) / 255;
  double error = 0;
  for (size_t i = 0; i < bins_; ++i) {
    if (counts_[i] == 0) continue;
    const double x = centre(i);
    const double outside = std::max({0.0, x - high, low - x});
    // A value between two levels is off by step^2 / 12 on average.
    error += counts_[i] * (outside * outside + (is_zero(i) ? 0 : step * step / 12));
  }
  return error;
}

// Kullback-Leibler divergence of what 256 levels over [low, high] tell from what was there, where
// what lies outside is at the edges.
double ValueCounts::divergence(float low, float high) const {
  struct Level {
    double inside = 0;  // counted within the range
    double bins = 0;    // that hold some of it
  };
  const auto level_of = [&](double x) {
    const double at = (x - low) / (high - low) * kLevels;
    return static_cast<size_t>(std::clamp(at, 0.0, static_cast<double>(kLevels - 1)));
  };
  const auto is_outside = [&](double x) { return x < low || x > high; };
  std::vector<Level> levels(kLevels);
  std::vector<double> clipped(kLevels);
  double all = 0;
  double inside = 0;
  for (size_t i = 0; i < bins_; ++i) {
    if (counts_[i] == 0 || is_zero(i)) continue;
    const size_t level = level_of(centre(i));
    all += counts_[i];
    if (is_outside(centre(i))) {
      clipped[level] += counts_[i];
      continue;
    }
    levels[level].inside += counts_[i];
    levels[level].bins += 1;
    inside += counts_[i];
  }
  if (all == 0) return 0;
  constexpr double kNothing = 1e-12;  // told where something was
  double sum = 0;
  const auto add = [&](double p, double q) { sum += p * std::log(p / std::max(q, kNothing)); };
  for (size_t i = 0; i < bins_; ++i) {
    if (counts_[i] == 0 || is_zero(i) || is_outside(centre(i))) continue;
    const size_t at = level_of(centre(i));
    const Level& level = levels[at];
    add((counts_[i] + clipped[at] / level.bins) / all, level.inside / level.bins / inside);
  }
  for (size_t at = 0; at < kLevels; ++at)
    if (levels[at].bins == 0 && clipped[at] > 0) add(clipped[at] / all, 0);
  return sum;
}

// At most so much of what was counted lies beyond each end.
ValueRange ValueCounts::percentile(double percent) const {
  double all = 0;
  for (const double count : counts_) all += count;
  const double allowed = all * (100 - percent) / 100;
  size_t first = 0;
  size_t last = bins_;
  for (double beyond = counts_[0]; first + 1 < last && beyond <= allowed; beyond += counts_[first])
    ++first;
  for (double beyond = counts_[last - 1]; last > first + 1 && beyond <= allowed;
       beyond += counts_[last - 1])
    --last;
  const auto edge = [&](size_t bin) { return low_ + static_cast<float>(bin) * width(); };
  return {std::min(first == 0 ? low_ : edge(first), 0.0F),
          std::max(last == bins_ ? high_ : edge(last), 0.0F),
          {},
          {}};
}

ValueRange ValueCounts::choose(const RangeMethod& method) const {
  ValueRange best{low_, high_, {}, {}};
  if (method.kind == RangeMethod::kExtremes) return best;
  if (method.kind == RangeMethod::kPercentile) return percentile(method.percent);
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= kClips; ++i) {
    const float part = 1 - (1 - kSmallestClip) * static_cast<float>(i) / kClips;
    const float low = low_ * part;
    const float high = high_ * part;
    const double loss =
        method.kind == RangeMethod::kEntropy ? divergence(low, high) : squared_error(low, high);
    if (loss >= least) continue;
    least = loss;
    best.low = low;
    best.high = high;
  }
  return best;
}

}  // namespace thaw
