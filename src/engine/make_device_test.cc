#include "engine/make_device.h"

#include <gtest/gtest.h>

#include "thaw/device.h"
#include "thaw/error.h"

namespace thaw {
namespace {

TEST(Devices, AreWhatTheirNamesMake) {
  const std::vector<DeviceInfo> all = devices();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(make_device("auto")->name(), all[0].name);
  for (const DeviceInfo& info : all) {
    EXPECT_EQ(make_device(info.name)->name(), info.name);
    EXPECT_FALSE(info.model.empty());
    EXPECT_FALSE(info.identity.empty());
    EXPECT_GT(info.memory, uint64_t{1} << 20);
    ASSERT_FALSE(info.fast.empty());
    EXPECT_EQ(info.fast[0], Precision::kFloat32);
  }
  EXPECT_THROW(device_info("tpu"), UsageError);
  EXPECT_THROW(device_info("cuda"), ResourceError);
  EXPECT_TRUE(device_info("ref").is_host);
  EXPECT_FALSE(device_info("null").is_host);
}

}  // namespace
}  // namespace thaw
