#include "kernels/cpu/dot/byte_panels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

namespace thaw::cpu {
namespace {

int saturated(int sum) { return std::clamp(sum, -32768, 32767); }

// The panel's sums of one column for one row of activations, as the instructions make them.
int panel_sum(const std::vector<char>& panel, const std::vector<uint8_t>& x, int64_t column) {
  BytePanel head;
  std::memcpy(&head, panel.data(), sizeof head);
  const auto* offsets = reinterpret_cast<const int32_t*>(panel.data() + kByteOffsetsAt);
  const auto* w = reinterpret_cast<const int8_t*>(panel.data() + head.weights_at) + 4 * column;
  const auto products = [&](int64_t i, int half) {
    const int64_t at = i * kByteGroupBytes + 2 * half;
    const size_t k = static_cast<size_t>(offsets[i] + 2 * half);
    return saturated(x[k] * w[at] + x[k + 1] * w[at + 1]);
  };
  int sum = 0;
  for (int half = 0; half < 2; ++half) {
    for (int64_t p = 0; p < head.pairs; ++p)
      sum += saturated(products(2 * p, half) + products(2 * p + 1, half));
    for (int64_t s = 0; s < head.singles; ++s) sum += products(2 * head.pairs + s, half);
  }
  return sum;
}

class BytePanels : public ::testing::Test {
 protected:
  static constexpr int64_t kGroups = 25;

  // Packs weights and holds the sums of hostile activations against the exact ones.
  void check() {
    panel_.assign(byte_panel_bytes(kGroups), 'x');
    pack_byte_panel(w_.data(), kGroups, panel_.data());
    for (int which = 0; which < 4; ++which) {
      for (int64_t c = 0; c < kBytePanelColumns; ++c) {
        for (size_t k = 0; k < x_.size(); ++k) {
          const bool positive = at(static_cast<int64_t>(k), c) > 0;
          const bool largest = which == 0 || (which == 1 && positive) || (which == 2 && !positive);
          x_[k] = largest ? 255 : static_cast<uint8_t>(which == 3 ? random_() : 0);
        }
        int exact = 0;
        for (size_t k = 0; k < x_.size(); ++k) exact += x_[k] * at(static_cast<int64_t>(k), c);
        EXPECT_EQ(panel_sum(panel_, x_, c), exact) << "column " << c << ", activations " << which;
      }
    }
  }

  int8_t& at(int64_t k, int64_t column) {
    return w_[static_cast<size_t>(k / 4 * kByteGroupBytes + 4 * column + k % 4)];
  }
  BytePanel head() const {
    BytePanel h;
    std::memcpy(&h, panel_.data(), sizeof h);
    return h;
  }

  std::vector<int8_t> w_ = std::vector<int8_t>(kGroups * kByteGroupBytes);
  std::vector<uint8_t> x_ = std::vector<uint8_t>(kGroups * 4);
  std::vector<char> panel_;
  std::minstd_rand random_{1};
};

TEST_F(BytePanels, SmallWeightsAreMatched) {
  for (int8_t& w : w_) w = static_cast<int8_t>(random_() % 65) - 32;
  check();
  EXPECT_EQ(head().pairs, 12);
  EXPECT_EQ(head().singles, 1);
}

TEST_F(BytePanels, LargestWeightsAreSplit) {
  std::fill(w_.begin(), w_.end(), int8_t{127});
  check();
  EXPECT_EQ(2 * head().pairs + head().singles, 2 * kGroups);
  std::fill(w_.begin(), w_.end(), int8_t{-127});
  check();
}

TEST_F(BytePanels, ZerosTakeNoTime) {
  check();
  EXPECT_EQ(head().pairs + head().singles, 0);
}

TEST_F(BytePanels, AnyWeights) {
  for (int i = 0; i < 20; ++i) {
    std::normal_distribution<float> values(0, 10.0F + 5.0F * static_cast<float>(i));
    for (int8_t& w : w_) w = static_cast<int8_t>(std::clamp(values(random_), -127.0F, 127.0F));
    check();
  }
}

}  // namespace
}  // namespace thaw::cpu
