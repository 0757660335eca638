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
  EXPECT_THAT(keys(find_inputs(nodes, find_outputs(nodes))), ElementsAre("x"));
}

TEST(FindOutputs, WhatOnlySummariesLookAt) {
  NodeList nodes;
  add_node(&nodes, "x", "Placeholder");
  add_node(&nodes, "y", "Identity", {"x"});
  add_node(&nodes, "mean", "Mean", {"y"});
  add_node(&nodes, "loss", "ScalarSummary", {"tag", "mean"});
  add_node(&nodes, "tag", "Const");
  add_node(&nodes, "merged", "MergeSummary", {"loss"});
  EXPECT_THAT(keys(find_outputs(nodes)), ElementsAre("y"));
  add_node(&nodes, "z", "Relu", {"x"});  // then the mean is a statistic
  EXPECT_THAT(keys(find_outputs(nodes)), ElementsAre("z"));
  add_node(&nodes, "w", "Tanh", {"z"});
  add_node(&nodes, "tensor", "TensorSummaryV2", {"tag", "w"});
  add_node(&nodes, "v", "Neg", {"z"});
  EXPECT_THAT(keys(find_outputs(nodes)), ElementsAre("w", "v"));
}

TEST(FindOutputs, WhatConditionsAndSaversLeave) {
  NodeList nodes;
  add_node(&nodes, "x", "Placeholder");
  add_node(&nodes, "positive", "Greater", {"x", "x"});
  add_node(&nodes, "cond/Switch", "Switch", {"positive", "positive"});
  add_node(&nodes, "cond/switch_t", "Identity", {"cond/Switch:1"});
  add_node(&nodes, "cond/switch_f", "Identity", {"cond/Switch"});
  add_node(&nodes, "cond/pred_id", "Identity", {"positive"});
  add_node(&nodes, "flag", "Identity", {"positive"});
  add_node(&nodes, "save/name", "PlaceholderWithDefault", {"save/default"});
  add_node(&nodes, "save/default", "Const");
  add_node(&nodes, "save/SaveV2", "SaveV2", {"save/name"});
  add_node(&nodes, "save/control_dependency", "Identity", {"save/name", "^save/SaveV2"});
  add_node(&nodes, "save/RestoreV2", "RestoreV2", {"save/name"});
  add_node(&nodes, "save/restored", "Identity", {"save/RestoreV2"});
  const std::vector<TensorSpec> outputs = find_outputs(nodes);
  EXPECT_THAT(keys(outputs), ElementsAre("flag"));
  EXPECT_THAT(keys(find_inputs(nodes, outputs)), ElementsAre("x"));
}

TEST(FindOutputs, PlaceholdersWithDefaultsAreOptional) {
  NodeList nodes;
  add_node(&nodes, "x", "Placeholder");
  add_node(&nodes, "features", "Relu", {"x"});
  add_node(&nodes, "bottleneck", "PlaceholderWithDefault", {"features"});
  add_node(&nodes, "y", "Softmax", {"bottleneck"});
  const std::vector<TensorSpec> inputs = find_inputs(nodes, find_outputs(nodes));
  ASSERT_THAT(keys(inputs), ElementsAre("x", "bottleneck"));
  EXPECT_FALSE(inputs[0].optional);
  EXPECT_TRUE(inputs[1].optional);
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
