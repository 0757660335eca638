#include "cli/parse.h"

#include <gtest/gtest.h>

#include "thaw/error.h"

namespace thaw::cli {
namespace {

TEST(ParseShape, TakesDimensionsBetweenCrosses) {
  EXPECT_EQ(parse_shape("--shape", "1x360x640x3"), (Shape{1, 360, 640, 3}));
  EXPECT_EQ(parse_shape("--shape", "7"), Shape{7});
}

TEST(ParseShape, RefusesAnythingElse) {
  for (const char* text : {"", "x", "1x", "1xx2", "1x-2", "1x2.5", "1,2", "9999999999999999999",
                           "1x1x1x1x1x1x1x1x1", "99999999999"})
    EXPECT_THROW(parse_shape("--shape", text), UsageError) << text;
}

TEST(ParseBytes, KnowsUnits) {
  EXPECT_EQ(parse_bytes("--memory-limit", "4096"), 4096U);
  EXPECT_EQ(parse_bytes("--memory-limit", "3072MiB"), 3072U << 20);
  EXPECT_EQ(parse_bytes("--memory-limit", "1.5 GB"), 1500000000U);
  EXPECT_EQ(parse_bytes("--memory-limit", "2kib"), 2048U);
  for (const char* text : {"", "MiB", "-1", "0", "1 elephant", "nan", "inf", "1e300"})
    EXPECT_THROW(parse_bytes("--memory-limit", text), UsageError) << text;
}

TEST(ParseClassScore, SplitsAtTheLastEqualsSign) {
  EXPECT_EQ(parse_class_score("--class-score", "traffic light=0.25"),
            (std::pair<std::string, float>{"traffic light", 0.25F}));
  for (const char* text : {"", "car", "=0.3", "car=", "car=x"})
    EXPECT_THROW(parse_class_score("--class-score", text), UsageError) << text;
}

}  // namespace
}  // namespace thaw::cli
