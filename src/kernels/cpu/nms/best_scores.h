// The scores of one image in falling order, a portion at a time: sorting them all would cost more
// than all the rest of the post-processing. Scores may be given as logits, of which only those that
// may be among the best are turned into scores.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/nms/nms_loops.h"

namespace thaw::cpu {

// Score, class and box in one number: larger comes first. Equal scores are in the order of their
// class, then of their box.
class ScoreKey {
 public:
  ScoreKey(int32_t score_bits, uint32_t label, uint32_t box, uint32_t boxes)
      : key_(uint64_t{static_cast<uint32_t>(score_bits)} << 32 |
             static_cast<uint32_t>(~(label * boxes + box))) {}
  static uint32_t place(uint64_t key) {
    return ~static_cast<uint32_t>(key);
  }  // label * boxes + box
  static int32_t score_bits(uint64_t key) { return static_cast<int32_t>(key >> 32); }
  static float score(uint64_t key);
  uint64_t value() const { return key_; }

 private:
  uint64_t key_;
};

// Between logits and the scores that a kernel's sigmoid gives for them, which is within a few ulp
// of the exact one and need not rise with every step of its argument.
float logit_below(float score);  // logits up to this one have smaller scores
float logit_above(float score);  // logits past this one have larger scores
float score_bound(float logit);  // logits up to this one have scores up to the bound

class BestScores {
 public:
  // Keys that one portion may have, and how much memory it takes to find them.
  static constexpr size_t kMostKeys = 16384;
  static constexpr size_t kBlock = 2048;
  static constexpr size_t kScratchBytes = (2 * kMostKeys + kBlock) * sizeof(uint64_t) +
                                          (kBlock + kNmsLanes) * (sizeof(uint32_t) + sizeof(float));

  struct Input {
    const float* x = nullptr;  // [boxes][stride], of which the first `classes` of a row count
    uint32_t boxes = 0;
    uint32_t classes = 0;
    uint32_t stride = 0;
    float threshold = 0;  // not negative; scores above it count, NaN does not
    // What makes scores of x; null when x are scores.
    void (*sigmoid)(const float* x, float* y, int64_t n) = nullptr;
    // An x that enough of the best are thought to be above. It changes the time, not the result.
    float guess = -__builtin_inff();
  };

  // boxes * stride fits 32 bits. `scratch` has kScratchBytes, aligned to 8.
  BestScores(const NmsLoops& loops, const Input& input, void* scratch);

  // The next keys, larger ones first; count 0 at the end. They stay valid until the next call.
  const uint64_t* next(size_t* count);

 private:
  void collect();
  void add_block(uint32_t row, uint32_t rows, uint32_t column, uint32_t columns);
  void keep_best();
  void drop_uncertain();
  void lower_guess();

  const NmsLoops& loops_;
  const Input in_;
  const float base_;                // x up to this one don't count
  float floor_ = 0;                 // x up to this one are left for later
  float upto_ = __builtin_inff();   // x past this one were given out
  uint64_t before_ = ~uint64_t{0};  // keys at or above this were given out
  size_t portion_ = 1024;           // keys to find
  float guess_;
  int guesses_ = 0;
  uint64_t* keys_;
  size_t count_ = 0;
  uint32_t* found_;
  float* values_;
  bool more_ = true;
};

}  // namespace thaw::cpu
