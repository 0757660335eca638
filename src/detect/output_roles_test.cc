#include "detect/output_roles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "thaw/error.h"

namespace thaw {
namespace {

TensorInfo output(const std::string& name, const Shape& shape = {1, 5},
                  DType dtype = DType::kFloat32, const std::string& tensor = {}) {
  return {name, tensor.empty() ? name + ":0" : tensor, dtype, shape, ""};
}

// Boxes, scores, classes, number.
std::array<int, 4> places(const std::vector<TensorInfo>& outputs, const OutputRoles& roles = {}) {
  const OutputPlaces found = find_outputs(outputs, roles, "model.pb");
  return {found.boxes, found.scores, found.classes, found.num};
}

using Places = std::array<int, 4>;

TEST(OutputRoles, GoByNames) {
  const auto named = [](const std::string& before, const std::string& behind) {
    std::vector<TensorInfo> outputs;
    for (const char* name :
         {"num_detections", "raw_detection_boxes", "detection_boxes", "detection_multiclass_scores",
          "detection_classes", "detection_scores"})
      outputs.push_back(output(before + name + behind));
    return outputs;
  };
  for (const char* before : {"", "import/", "a/b/import_1/"})
    for (const char* behind : {"", "_1", "_27"})
      EXPECT_EQ(places(named(before, behind)), (Places{2, 5, 4, 0})) << before << behind;
}

TEST(OutputRoles, TheNearestNameCounts) {
  EXPECT_EQ(places({output("detection_boxes_1"), output("import/detection_boxes"),
                    output("detection_boxes"), output("detection_scores"),
                    output("detection_classes"), output("import/detection_classes")}),
            (Places{2, 3, 4, -1}));
}

TEST(OutputRoles, AKeyMayCallWhatTheTensorDoesNotAndTheOtherWayRound) {
  EXPECT_EQ(
      places({output("detection_boxes", {1, 5, 4}, DType::kFloat32, "StatefulPartitionedCall:1"),
              output("detection_classes", {1, 5}, DType::kFloat32, "StatefulPartitionedCall:2"),
              output("output_0", {1, 5}, DType::kFloat32, "import/detection_scores:0"),
              output("num_detections", {1}, DType::kFloat32, "StatefulPartitionedCall:5")}),
      (Places{0, 2, 1, 3}));
}

TEST(OutputRoles, GoByTypeAndShapeWhereOnlyOneFits) {
  EXPECT_EQ(places({output("Identity", {1, 5}, DType::kInt64), output("Identity_1", {1, 5, 4}),
                    output("Identity_2", {1, 5}), output("Identity_3", {1}, DType::kInt32)}),
            (Places{1, 2, 0, 3}));
  EXPECT_EQ(places({output("a", {5}), output("b", {5, 4}), output("c", {5}, DType::kInt32)}),
            (Places{1, 0, 2, -1}));
  // One that a name tells leaves the other.
  EXPECT_EQ(places({output("a", {1, 5}), output("x/detection_scores", {1, 5}),
                    output("c", {1, kUnknownDim, 4})}),
            (Places{2, 1, 0, -1}));
  // A vector beside named boxes may be anything.
  EXPECT_EQ(places({output("detection_boxes", {1, 5, 4}), output("detection_scores"),
                    output("detection_classes"), output("seconds", {1})}),
            (Places{0, 1, 2, -1}));
}

TEST(OutputRoles, GoByWhatIsGiven) {
  const std::vector<TensorInfo> outputs{output("detection_boxes", {1, 5, 4}), output("x/y", {1, 5}),
                                        output("z", {1, 5}), output("n", {1})};
  OutputRoles roles;
  roles.scores = "z:0";
  roles.classes = "x/y";
  EXPECT_EQ(places(outputs, roles), (Places{0, 2, 1, -1}));
  roles.num = "n";
  EXPECT_EQ(places(outputs, roles), (Places{0, 2, 1, 3}));
  roles.num = "m";
  EXPECT_THROW(places(outputs, roles), UsageError);
}

TEST(OutputRoles, SayWhatThereIsWhereNothingTells) {
  try {
    places({output("a", {1, 5}), output("b", {1, 5}), output("c", {1, 5, 4})});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("a float32[1,5], b float32[1,5], c float32"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("--outputs"));
  }
  EXPECT_THROW(places({output("a", {1, 1000})}), InputError);
  EXPECT_THROW(places({output("import/detection_boxes"), output("other/detection_boxes"),
                       output("detection_scores"), output("detection_classes")}),
               InputError);
}

}  // namespace
}  // namespace thaw
