#include <gtest/gtest.h>

#include "import/testing.h"
#include "tests/c_api/c_api_check.h"

namespace thaw {
namespace {

TEST(CApi, HoldsItsPromises) {
  const testing::TempFolder scratch;
  EXPECT_EQ(thaw_c_api_check(THAW_SOURCE_DIR, scratch.file("").c_str()), 0);
}

}  // namespace
}  // namespace thaw
