#include "kernels/cpu/nms/best_scores.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

namespace thaw::cpu {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
// More than a sigmoid's error: relative, and absolute where e^-x is no float any more, for which
// the result is 0.
constexpr double kMargin = 0x1p-20;
constexpr double kTiny = 1e-38;
constexpr int kMostGuesses = 3;

double logit(double p) { return std::log(p / (1 - p)); }

// The float next to x that is not above (below) it, and one more.
float down(double x) { return std::nextafter(static_cast<float>(x), -kInf); }
float up(double x) { return std::nextafter(static_cast<float>(x), kInf); }

int32_t bits_of(float x) {
  int32_t bits = 0;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

}  // namespace

float ScoreKey::score(uint64_t key) {
  const int32_t bits = score_bits(key);
  float score = 0;
  std::memcpy(&score, &bits, sizeof(score));
  return score;
}

// Twice the margin, so that score_bound(logit_below(s)) is below s.
float logit_below(float score) {
  const double p = score * (1 - 2 * kMargin) - 2 * kTiny;
  return p > 0 ? down(logit(p)) : -kInf;
}

float logit_above(float score) {
  const double p = score * (1 + kMargin) + kTiny;
  return p < 1 ? up(logit(p)) : kInf;
}

float score_bound(float logit) {
  return up((1 + kMargin) / (1 + std::exp(-static_cast<double>(logit))) + kTiny);
}

BestScores::BestScores(const NmsLoops& loops, const Input& input, void* scratch)
    : loops_(loops),
      in_(input),
      base_(input.sigmoid ? logit_below(input.threshold) : input.threshold),
      guess_(input.guess),
      keys_(static_cast<uint64_t*>(scratch)),
      found_(reinterpret_cast<uint32_t*>(keys_ + 2 * kMostKeys + kBlock)),
      values_(reinterpret_cast<float*>(found_ + kBlock + kNmsLanes)) {}

const uint64_t* BestScores::next(size_t* count) {
  count_ = 0;
  while (more_ && count_ == 0) collect();
  std::sort(keys_, keys_ + count_, std::greater<uint64_t>());
  if (count_ > 0) {
    before_ = keys_[count_ - 1];
    const float last = ScoreKey::score(before_);
    upto_ = in_.sigmoid ? logit_above(last) : last;
  }
  portion_ = std::min(4 * portion_, kMostKeys);
  *count = count_;
  return keys_;
}

void BestScores::collect() {
  more_ = false;
  floor_ = std::max(base_, guess_);
  const uint32_t columns = std::min<uint32_t>(in_.classes, kBlock);
  const uint32_t rows = kBlock / std::max<uint32_t>(columns, 1);
  for (uint32_t row = 0; row < in_.boxes; row += rows) {
    for (uint32_t column = 0; column < in_.classes; column += columns) {
      add_block(row, std::min(rows, in_.boxes - row), column,
                std::min(columns, in_.classes - column));
      if (count_ > 2 * portion_) keep_best();
    }
  }
  if (count_ > portion_) keep_best();
  if (floor_ > base_) drop_uncertain();
}

void BestScores::add_block(uint32_t row, uint32_t rows, uint32_t column, uint32_t columns) {
  const float* x = in_.x + size_t{row} * in_.stride + column;
  const size_t found = loops_.filter({x, rows, columns, in_.stride, floor_, upto_}, found_);
  if (found == 0) return;
  for (size_t i = 0; i < found; ++i) values_[i] = x[found_[i]];
  if (in_.sigmoid) in_.sigmoid(values_, values_, static_cast<int64_t>(found));
  for (size_t i = 0; i < found; ++i) {
    const uint32_t in_block = found_[i] / in_.stride;
    const uint32_t label = column + found_[i] - in_block * in_.stride;
    keys_[count_] = ScoreKey(bits_of(values_[i]), label, row + in_block, in_.boxes).value();
    count_ += static_cast<size_t>(values_[i] > in_.threshold) &
              static_cast<size_t>(keys_[count_] < before_);
  }
}

// The rest is for a later portion.
void BestScores::keep_best() {
  std::nth_element(keys_, keys_ + portion_ - 1, keys_ + count_, std::greater<uint64_t>());
  count_ = portion_;
  more_ = true;
  // Equals of the last one may still come first.
  const float last = ScoreKey::score(keys_[portion_ - 1]);
  floor_ = std::max(floor_, in_.sigmoid ? logit_below(last) : std::nextafter(last, -kInf));
}

// What is not above every score that may have been left under the floor must wait for it.
void BestScores::drop_uncertain() {
  const float bound = in_.sigmoid ? score_bound(floor_) : floor_;
  const auto* end = std::remove_if(keys_, keys_ + count_,
                                   [&](uint64_t key) { return !(ScoreKey::score(key) > bound); });
  count_ = static_cast<size_t>(end - keys_);
  more_ = true;
  lower_guess();
}

void BestScores::lower_guess() {
  ++guesses_;
  if (guesses_ > kMostGuesses)
    guess_ = -kInf;
  else
    guess_ = in_.sigmoid ? floor_ - static_cast<float>(1 << guesses_)
                         : floor_ / static_cast<float>(1 << 2 * guesses_);
}

}  // namespace thaw::cpu
