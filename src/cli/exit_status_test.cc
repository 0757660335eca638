#include "cli/exit_status.h"

#include <gtest/gtest.h>

namespace thaw::cli {
namespace {

TEST(ExitStatus, IsAsDocumented) {
  EXPECT_EQ(kGateMissed, 1);
  EXPECT_EQ(exit_status(ErrorKind::kUsage), 2);
  EXPECT_EQ(exit_status(ErrorKind::kInput), 3);
  EXPECT_EQ(exit_status(ErrorKind::kResource), 4);
  EXPECT_EQ(exit_status(ErrorKind::kInternal), 5);
}

}  // namespace
}  // namespace thaw::cli
