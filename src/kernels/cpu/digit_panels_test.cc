#include "kernels/cpu/digit_panels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace thaw::cpu {
namespace {

// Weight (i, j) of packed panels, as a whole number of kDigitCount digits.
int32_t whole_weight(const std::vector<int8_t>& panels, int64_t k, int64_t i, int64_t j) {
  constexpr int64_t kDigitBytes = kDigitStepBytes / kDigitCount;
  const int64_t at = j / 16 * static_cast<int64_t>(digit_panel_bytes(k)) +
                     i / kDigitStep * kDigitStepBytes + digit_group(i % kDigitStep) * 64 +
                     j % 16 * 4 + i % 4;
  const auto* p = panels.data() + at;
  return 65536 * p[0] + 256 * p[kDigitBytes] + p[2 * kDigitBytes];
}

std::vector<int8_t> pack(const std::vector<float>& w, int64_t k, int64_t n,
                         std::vector<float>& scales) {
  std::vector<int8_t> panels(static_cast<size_t>((n + 15) / 16) * digit_panel_bytes(k), 77);
  scales = pack_digit_panels(w.data(), k, n, panels.data());
  return panels;
}

TEST(DigitPanels, HoldWeightsToThe24thBitOfTheLargest) {
  std::mt19937 engine(3);
  std::normal_distribution<float> values(0, 3);
  for (const int64_t k : {1, 4, 63, 64, 65, 130, 384}) {
    for (const int64_t n : {1, 16, 17, 40}) {
      std::vector<float> w(static_cast<size_t>(k * n));
      for (float& v : w) v = values(engine);
      std::vector<float> scales;
      const std::vector<int8_t> panels = pack(w, k, n, scales);
      for (int64_t j = 0; j < n; ++j) {
        double largest = 0;
        for (int64_t i = 0; i < k; ++i)
          largest = std::max(largest, std::fabs(double{w[static_cast<size_t>(i * n + j)]}));
        EXPECT_FLOAT_EQ(scales[static_cast<size_t>(j)], static_cast<float>(largest) * kDigitScale);
        for (int64_t i = 0; i < k; ++i)
          EXPECT_NEAR(whole_weight(panels, k, i, j) * largest / kDigitRange,
                      w[static_cast<size_t>(i * n + j)], largest * 0.51 / kDigitRange)
              << i << " of " << k << ", " << j << " of " << n;
      }
    }
  }
}

TEST(DigitPanels, FillUpWithZeros) {
  constexpr int64_t kLength = 66;
  std::vector<float> scales;
  const std::vector<int8_t> panels = pack(std::vector<float>(kLength, -1.0F), kLength, 1, scales);
  for (int64_t i = 0; i < 2 * kDigitStep; ++i)
    for (int64_t j = 0; j < 16; ++j)
      EXPECT_EQ(whole_weight(panels, kLength, i, j),
                i < kLength && j == 0 ? -static_cast<int32_t>(kDigitRange) : 0);
}

TEST(DigitPanels, ZerosAndWhatIsNoNumber) {
  std::vector<float> scales;
  const std::vector<int8_t> panels = pack({0, INFINITY, NAN, 1e-40F}, 1, 4, scales);
  for (int64_t j = 0; j < 4; ++j) EXPECT_EQ(whole_weight(panels, 1, 0, j), 0);
  EXPECT_EQ(std::isnan(scales[0]), false);
  EXPECT_TRUE(std::isnan(scales[1]));
  EXPECT_TRUE(std::isnan(scales[2]));
  EXPECT_EQ(std::isnan(scales[3]), false);
}

}  // namespace
}  // namespace thaw::cpu
