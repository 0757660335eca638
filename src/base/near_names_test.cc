#include "base/near_names.h"

#include <gtest/gtest.h>

namespace thaw {
namespace {

TEST(NearNames, NamesTheNearestFirst) {
  EXPECT_EQ(near_names_text("trafic light", {"person", "traffic light", "bus"}),
            "; did you mean \"traffic light\"?");
  EXPECT_EQ(near_names_text("cat", {"bat", "Cats", "zebra"}),
            "; did you mean \"Cats\" or \"bat\"?");
  EXPECT_EQ(near_names_text("light", {"traffic light", "car"}),
            "; did you mean \"traffic light\"?");
}

TEST(NearNames, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(near_names_text("xylophone", {"cat", "dog"}), "");
  EXPECT_EQ(near_names_text("", {}), "");
}

}  // namespace
}  // namespace thaw
