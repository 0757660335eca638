#include "kernels/cpu/dot/split_int8_panels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace thaw::cpu {
namespace {

struct Packed {
  int64_t k;
  int64_t slices;
  std::vector<int8_t> panels;
  std::vector<float> scales;

  Packed(const std::vector<float>& w, int64_t length, int64_t n, int64_t slice_count)
      : k(length),
        slices(slice_count),
        panels(static_cast<size_t>((n + 15) / 16) * split_panel_bytes(k, slices), 77),
        scales(pack_split_panels(w.data(), k, n, slices, panels.data())) {}

  // Weight (i, j) as a whole number.
  int32_t whole(int64_t i, int64_t j) const {
    const int8_t* p = panels.data() + j / 16 * static_cast<int64_t>(split_panel_bytes(k, slices)) +
                      i / kSplitStep * slices * kSliceBytes + split_group(i % kSplitStep) * 64 +
                      j % 16 * 4 + i % 4;
    int32_t sum = 0;
    for (int64_t d = 0; d < slices; ++d) sum = 256 * sum + p[d * kSliceBytes];
    return sum;
  }
};

void check_weights(int64_t k, int64_t n, int64_t slices, std::mt19937& engine) {
  std::normal_distribution<float> values(0, 3);
  std::vector<float> w(static_cast<size_t>(k * n));
  for (float& v : w) v = values(engine);
  const Packed packed(w, k, n, slices);
  for (int64_t j = 0; j < n; ++j) {
    double largest = 0;
    for (int64_t i = 0; i < k; ++i)
      largest = std::max(largest, std::fabs(double{w[static_cast<size_t>(i * n + j)]}));
    EXPECT_FLOAT_EQ(packed.scales[static_cast<size_t>(j)],
                    static_cast<float>(largest) * split_scale(slices));
    for (int64_t i = 0; i < k; ++i)
      EXPECT_NEAR(packed.whole(i, j) * largest / split_range(slices),
                  w[static_cast<size_t>(i * n + j)], largest * 0.51 / split_range(slices))
          << i << " of " << k << ", " << j << " of " << n << ", " << slices << " slices";
  }
}

TEST(SplitInt8Panels, HoldWeightsToTheLastBitOfTheLargest) {
  std::mt19937 engine(3);
  for (const int64_t k : {1, 4, 63, 64, 65, 130, 384})
    for (const int64_t n : {1, 16, 17, 40})
      for (const int64_t slices : {2, 3}) check_weights(k, n, slices, engine);
}

TEST(SplitInt8Panels, FillUpWithZeros) {
  constexpr int64_t kLength = 66;
  for (const int64_t slices : {2, 3}) {
    const Packed packed(std::vector<float>(kLength, -1.0F), kLength, 1, slices);
    const auto one = static_cast<int32_t>(split_range(slices));
    for (int64_t i = 0; i < 2 * kSplitStep; ++i)
      for (int64_t j = 0; j < 16; ++j)
        EXPECT_EQ(packed.whole(i, j), i < kLength && j == 0 ? -one : 0);
  }
}

TEST(SplitInt8Panels, ZerosAndWhatIsNoNumber) {
  const Packed packed({0, INFINITY, NAN, 1e-40F}, 1, 4, 3);
  for (int64_t j = 0; j < 4; ++j) EXPECT_EQ(packed.whole(0, j), 0);
  EXPECT_FALSE(std::isnan(packed.scales[0]));
  EXPECT_TRUE(std::isnan(packed.scales[1]));
  EXPECT_TRUE(std::isnan(packed.scales[2]));
  EXPECT_FALSE(std::isnan(packed.scales[3]));
}

}  // namespace
}  // namespace thaw::cpu
