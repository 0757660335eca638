#include "import/frozen_model.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace thaw {
namespace {

std::string shared_file(const std::string& name) {
  const char* root = std::getenv("THAW_SHARED");
  return (root ? std::string(root) : THAW_SOURCE_DIR "/../shared") + "/" + name;
}

TEST(FrozenModel, FindsTheDetectorsOutputs) {
  const std::string path = shared_file("data/models/ssd_mobilenet_v1_coco.pb");
  if (!std::ifstream(path)) GTEST_SKIP() << path << " is not there";
  const FrozenModel m = read_frozen_model(path);
  ASSERT_EQ(m.inputs.size(), 1u);
  EXPECT_EQ(m.inputs[0].key, "image_tensor");
  EXPECT_EQ(m.inputs[0].dtype, tf::DT_UINT8);
  ASSERT_GE(m.outputs.size(), 4u);
  EXPECT_EQ(m.outputs[0].tensor, "num_detections:0");
  EXPECT_EQ(m.outputs[0].dtype, tf::DT_FLOAT);
}

}  // namespace
}  // namespace thaw
