#include "import/find_outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import/op_outputs.h"
#include "import/tensor_name.h"
#include "import/testing.h"

namespace thaw {
namespace {

using testing::add_node;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

std::vector<std::string> keys(const std::vector<TensorSpec>& specs) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : specs) names.push_back(spec.key);
  return names;
}

TEST(FindOutputs, NamesOfDetectorsComeFirst) {
  NodeList nodes;
  for (const char* name : {"detection_classes", "detection_boxes", "num_detections",
                           "detection_scores", "unrelated", "raw_detection_boxes"})
    add_node(&nodes, name, "Identity", {"x"});
  EXPECT_THAT(keys(find_outputs(nodes)),
              ElementsAre("num_detections", "detection_boxes", "detection_scores",
                          "detection_classes", "raw_detection_boxes"));
}

TEST(FindOutputs, OtherwiseWhatNobodyConsumes) {
  NodeList nodes;
  add_node(&nodes, "x", "Placeholder");
  add_node(&nodes, "unused", "Placeholder");
  add_node(&nodes, "a", "Relu", {"x"});
  add_node(&nodes, "check", "Assert", {"a"});
  add_node(&nodes, "group", "NoOp", {"^check"});
  add_node(&nodes, "logits", "Softmax", {"a"});
  EXPECT_THAT(keys(find_outputs(nodes)), ElementsAre("logits"));
  EXPECT_THAT(keys(find_inputs(nodes)), ElementsAre("x"));
}

TEST(FindOutputs, WrongNamesGetTheNearest) {
  NodeList nodes;
  for (const char* name : {"detection_boxes", "detection_scores"})
    add_node(&nodes, name, "Identity");
  EXPECT_THAT(error_of([&] { named_outputs(nodes, {"detection_box:0"}, "m.pb"); }),
              AllOf(HasSubstr("m.pb"), HasSubstr("nearest: detection_boxes")));
  EXPECT_THAT(error_of([&] { named_outputs(nodes, {"^detection_boxes"}, "m.pb"); }),
              HasSubstr("no node"));
}

TEST(FindOutputs, OutputsThatANodeDoesNotHave) {
  NodeList nodes;
  add_node(&nodes, "top", "TopKV2");
  const std::vector<TensorSpec> outputs = named_outputs(nodes, {"top", "top:1"}, "m.pb");
  EXPECT_EQ(outputs[0].dtype, tf::DT_FLOAT);
  EXPECT_EQ(outputs[1].dtype, tf::DT_INT32);
  EXPECT_EQ(outputs[1].key, "top:1");
  EXPECT_THAT(error_of([&] { named_outputs(nodes, {"top:2"}, "m.pb"); }),
              HasSubstr("has 2 outputs"));
}

TEST(FindOutputs, NearestNamesAreNear) {
  EXPECT_THAT(nearest_names("image_tenser", {"image_tensor", "xyz", "image"}, 3),
              ElementsAre("image_tensor"));
}

TEST(TensorName, SplitsWhatTensorFlowWrites) {
  EXPECT_EQ(split_tensor_name("a/b:2").index, 2);
  EXPECT_EQ(split_tensor_name("a/b:2").node, "a/b");
  EXPECT_TRUE(split_tensor_name("^a").is_control);
  EXPECT_EQ(split_tensor_name("a:").node, "a:");
  EXPECT_EQ(split_tensor_name("a:99999999999").node, "a:99999999999");
  EXPECT_EQ(split_tensor_name("").node, "");
}

TEST(OpOutputs, FlatIndicesCountListsBefore) {
  tf::NodeDef node;
  node.set_name("p");
  node.set_op("ParseExampleV2");
  (*node.mutable_attr())["num_sparse"].set_i(2);
  for (const char* attr : {"sparse_types", "Tdense"})
    for (int i = 0; i < 2; ++i) (*node.mutable_attr())[attr].mutable_list()->add_type(tf::DT_FLOAT);
  const OpOutputs ops;
  EXPECT_EQ(ops.flat_index(node, "dense_values", 1, "here"), 7);
  EXPECT_EQ(ops.arg_and_element(node, 7, "here"), "dense_values:1");
  EXPECT_THAT(error_of([&] { ops.flat_index(node, "dense_values", 2, "here"); }),
              HasSubstr("has no output dense_values:2"));
  (*node.mutable_attr())["num_sparse"].set_i(-3);
  EXPECT_NE(error_of([&] { ops.flat_index(node, "dense_values", 0, "here"); }), "");
}

}  // namespace
}  // namespace thaw
