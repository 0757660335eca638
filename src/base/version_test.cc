#include "thaw/version.h"

#include <gtest/gtest.h>

#include <string>

namespace thaw {
namespace {

TEST(Version, OfTheLibraryIsTheHeaders) {
  const std::string numbers = std::to_string(THAW_VERSION_MAJOR) + "." +
                              std::to_string(THAW_VERSION_MINOR) + "." +
                              std::to_string(THAW_VERSION_PATCH);
  EXPECT_EQ(numbers, THAW_VERSION);
  EXPECT_STREQ(version(), THAW_VERSION);
}

}  // namespace
}  // namespace thaw
