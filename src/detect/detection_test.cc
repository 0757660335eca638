#include "detect/detection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// Two pictures of three slots each.
DetectorOutputs some_outputs() {
  DetectorOutputs out;
  out.num_detections = Tensor::of<float>(DType::kFloat32, {2}, {3, 2});
  out.scores = Tensor::of<float>(DType::kFloat32, {2, 3}, {0.9F, 0.6F, 0.2F, 0.8F, 0.7F, 0.65F});
  out.classes = Tensor::of<float>(DType::kFloat32, {2, 3}, {1, 3, 1, 2, 1, 1});
  std::vector<float> boxes(24);
  for (size_t i = 0; i < boxes.size(); ++i) boxes[i] = static_cast<float>(i) / 24;
  out.boxes = Tensor::of<float>(DType::kFloat32, {2, 3, 4}, boxes);
  return out;
}

LabelMap some_labels() { return LabelMap::parse("person\ncar\n", "labels.txt"); }

TEST(Detections, KeepTheModelsOrderAndTheirPicture) {
  const auto first = collect_detections(some_outputs(), 0, some_labels(), {});
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].label, "person");
  EXPECT_EQ(first[1].label, "3");
  const auto second = collect_detections(some_outputs(), 1, some_labels(), {});
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(second[0].class_id, 2);
  EXPECT_EQ(second[0].box[0], 0.5F);
}

TEST(Detections, FollowTheOptions) {
  DetectOptions options;
  options.score = 0.1F;
  EXPECT_EQ(collect_detections(some_outputs(), 0, some_labels(), options).size(), 3U);
  options.class_scores[1] = 0.95F;
  EXPECT_EQ(collect_detections(some_outputs(), 0, some_labels(), options).size(), 1U);
  options.classes = {1, 2};
  EXPECT_EQ(collect_detections(some_outputs(), 0, some_labels(), options).size(), 0U);
}

TEST(Detections, SurviveNumbersThatAreNone) {
  DetectorOutputs out = some_outputs();
  DetectOptions all;
  all.score = -1;
  for (float count : {kNan, -5.0F, kInf, 1e30F}) {
    out.num_detections = Tensor::of<float>(DType::kFloat32, {2}, {count, 0});
    EXPECT_EQ(collect_detections(out, 0, some_labels(), all).size(), count > 0 ? 3U : 0U);
  }
  out = some_outputs();
  out.scores.data<float>()[0] = kNan;
  out.boxes.data<float>()[7] = kInf;
  out.classes.data<float>()[2] = 1e20F;
  EXPECT_TRUE(collect_detections(out, 0, some_labels(), all).empty());
}

TEST(Detections, TakeIntegerNumbersAndClasses) {
  DetectorOutputs out = some_outputs();
  out.num_detections = Tensor::of<int32_t>(DType::kInt32, {2}, {1, 2});
  out.classes = Tensor::of<int64_t>(DType::kInt64, {2, 3}, {2, 1, 1, 1, 1, 1});
  const auto found = collect_detections(out, 0, some_labels(), {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].label, "car");
}

TEST(Detections, OfOnePictureNeedNoBatch) {
  DetectorOutputs out;
  out.boxes = Tensor::of<float>(DType::kFloat32, {2, 4}, {0, 0, 1, 1, 0, 0, 0.5F, 1});
  out.scores = Tensor::of<float>(DType::kFloat32, {1, 2}, {0.9F, 0.6F});
  out.classes = Tensor::of<int64_t>(DType::kInt64, {2}, {1, 2});
  EXPECT_EQ(collect_detections(out, 0, some_labels(), {}).size(), 2U);  // all rows
  out.num_detections = Tensor::of<int32_t>(DType::kInt32, {}, {1});
  const auto found = collect_detections(out, 0, some_labels(), {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].label, "person");
  out.boxes = Tensor::of<double>(DType::kFloat64, {1, 2, 4}, {0, 0, 1, 1, 0, 0, 0.5, 1});
  EXPECT_EQ(collect_detections(out, 0, some_labels(), {})[0].box[3], 1.0F);
  out.scores = out.scores.reshaped({2, 1});
  EXPECT_THROW(collect_detections(out, 0, some_labels(), {}), InputError);
}

TEST(Detections, NameTheOutputThatDoesNotFit) {
  DetectorOutputs out = some_outputs();
  out.boxes = out.boxes.reshaped({2, 4, 3});
  try {
    collect_detections(out, 0, some_labels(), {});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(
        error.what(),
        "the model's output detection_boxes is float32[2,4,3]; float32[batch,n,4] was expected");
  }
  out = some_outputs();
  out.classes = Tensor();
  EXPECT_THROW(collect_detections(out, 0, some_labels(), {}), InputError);
  EXPECT_THROW(collect_detections(some_outputs(), 2, some_labels(), {}), InputError);
}

}  // namespace
}  // namespace thaw
