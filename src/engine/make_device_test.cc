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
  EXPECT_THROW(device_info("cuda:"), UsageError);
  EXPECT_THROW(device_info("cuda:x"), UsageError);
  EXPECT_THROW(device_info("cuda:9999"), ResourceError);
  EXPECT_TRUE(device_info("ref").is_host);
  EXPECT_FALSE(device_info("null").is_host);
}

// What is kept for a device depends on the processor beside it too.
TEST(Devices, CodeIsForTheDeviceAndTheProcessorBesideIt) {
  const auto host = make_device("cpu");
  const auto null = make_device("null");
  EXPECT_EQ(code_identity(*host), host->identity());
  EXPECT_NE(code_identity(*null).find(null->identity()), std::string::npos);
  EXPECT_NE(code_identity(*null).find(host->identity()), std::string::npos);
}

}  // namespace
}  // namespace thaw
