#include "kernels/cpu/dot/split_int8_panels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace thaw::cpu {
namespace {

struct Packed {
  int64_t k;
  int64_t digits;
  std::vector<int8_t> panels;
  std::vector<float> scales;

  Packed(const std::vector<float>& w, int64_t length, int64_t n, int64_t digit_count)
      : k(length),
        digits(digit_count),
        panels(static_cast<size_t>((n + 15) / 16) * digit_panel_bytes(k, digits), 77),
        scales(pack_digit_panels(w.data(), k, n, digits, panels.data())) {}

  // Weight (i, j) as a whole number.
  int32_t whole(int64_t i, int64_t j) const {
    const int8_t* p = panels.data() + j / 16 * static_cast<int64_t>(digit_panel_bytes(k, digits)) +
                      i / kDigitStep * digits * kDigitBytes + digit_group(i % kDigitStep) * 64 +
                      j % 16 * 4 + i % 4;
    int32_t sum = 0;
    for (int64_t d = 0; d < digits; ++d) sum = 256 * sum + p[d * kDigitBytes];
    return sum;
  }
};

void check_weights(int64_t k, int64_t n, int64_t digits, std::mt19937& engine) {
  std::normal_distribution<float> values(0, 3);
  std::vector<float> w(static_cast<size_t>(k * n));
  for (float& v : w) v = values(engine);
  const Packed packed(w, k, n, digits);
  for (int64_t j = 0; j < n; ++j) {
    double largest = 0;
    for (int64_t i = 0; i < k; ++i)
      largest = std::max(largest, std::fabs(double{w[static_cast<size_t>(i * n + j)]}));
    EXPECT_FLOAT_EQ(packed.scales[static_cast<size_t>(j)],
                    static_cast<float>(largest) * digit_scale(digits));
    for (int64_t i = 0; i < k; ++i)
      EXPECT_NEAR(packed.whole(i, j) * largest / digit_range(digits),
                  w[static_cast<size_t>(i * n + j)], largest * 0.51 / digit_range(digits))
          << i << " of " << k << ", " << j << " of " << n << ", " << digits << " digits";
  }
}

TEST(DigitPanels, HoldWeightsToTheLastBitOfTheLargest) {
  std::mt19937 engine(3);
  for (const int64_t k : {1, 4, 63, 64, 65, 130, 384})
    for (const int64_t n : {1, 16, 17, 40})
      for (const int64_t digits : {2, 3}) check_weights(k, n, digits, engine);
}

TEST(DigitPanels, FillUpWithZeros) {
  constexpr int64_t kLength = 66;
  for (const int64_t digits : {2, 3}) {
    const Packed packed(std::vector<float>(kLength, -1.0F), kLength, 1, digits);
    const auto one = static_cast<int32_t>(digit_range(digits));
    for (int64_t i = 0; i < 2 * kDigitStep; ++i)
      for (int64_t j = 0; j < 16; ++j)
        EXPECT_EQ(packed.whole(i, j), i < kLength && j == 0 ? -one : 0);
  }
}

TEST(DigitPanels, ZerosAndWhatIsNoNumber) {
  const Packed packed({0, INFINITY, NAN, 1e-40F}, 1, 4, 3);
  for (int64_t j = 0; j < 4; ++j) EXPECT_EQ(packed.whole(0, j), 0);
  EXPECT_FALSE(std::isnan(packed.scales[0]));
  EXPECT_TRUE(std::isnan(packed.scales[1]));
  EXPECT_TRUE(std::isnan(packed.scales[2]));
  EXPECT_FALSE(std::isnan(packed.scales[3]));
}

}  // namespace
}  // namespace thaw::cpu
