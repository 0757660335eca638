#include "base/stop.h"

#include <gtest/gtest.h>

#include <thread>

namespace thaw {
namespace {

TEST(Stop, OnlyWhereASignalIsInForce) {
  StopSignal signal;
  signal.stop();
  EXPECT_NO_THROW(check_stop());
  {
    const StopScope scope(&signal);
    EXPECT_THROW(check_stop(), Stopped);
    std::thread([] { EXPECT_NO_THROW(check_stop()); }).join();
    const StopScope none(nullptr);
    EXPECT_NO_THROW(check_stop());
  }
  EXPECT_NO_THROW(check_stop());
}

TEST(Stop, ScopesWithinOneAnother) {
  StopSignal outer;
  const StopSignal inner;
  const StopScope around(&outer);
  const StopScope within(&inner);
  EXPECT_NO_THROW(check_stop());
  outer.stop();
  EXPECT_THROW(check_stop(), Stopped);
  outer.clear();
  EXPECT_NO_THROW(check_stop());
}

TEST(Stop, AtItsDeadline) {
  StopSignal signal;
  const StopScope scope(&signal);
  EXPECT_NO_THROW(check_stop());
  signal.stop_after(1000);
  EXPECT_NO_THROW(check_stop());
  signal.stop_after(1e-9);
  EXPECT_THROW(check_stop(), Stopped);
  signal.stop_after(0);
  EXPECT_NO_THROW(check_stop());
}

}  // namespace
}  // namespace thaw
