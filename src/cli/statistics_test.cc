#include "cli/statistics.h"

#include <gtest/gtest.h>

namespace thaw::cli {
namespace {

TEST(Statistics, LieBetweenNeighboursAsNumpysPercentileDoes) {
  // numpy.percentile([1, 2, 4, 8], [50, 90, 99]) = 3, 6.8, 7.88
  const Statistics s = statistics({8, 1, 4, 2});
  EXPECT_DOUBLE_EQ(s.p50, 3);
  EXPECT_DOUBLE_EQ(s.p90, 6.8);
  EXPECT_NEAR(s.p99, 7.88, 1e-12);
  EXPECT_DOUBLE_EQ(s.min, 1);
  EXPECT_DOUBLE_EQ(s.max, 8);
  EXPECT_DOUBLE_EQ(s.mean, 3.75);
}

TEST(Statistics, OfOneValueAreThatValueAndOfNoneZero) {
  const Statistics s = statistics({5});
  EXPECT_EQ(s.p50, 5);
  EXPECT_EQ(s.p99, 5);
  EXPECT_EQ(statistics({}).mean, 0);
}

}  // namespace
}  // namespace thaw::cli
