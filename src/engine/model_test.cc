#include "thaw/model.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "graph.pb.h"
#include "thaw/engine.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr const char* kText = R"(
node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
       attr { key: "shape" value { shape { dim { size: 3 } } } } }
node { name: "y" op: "Relu" input: "x" attr { key: "T" value { type: DT_FLOAT } } }
)";

void expect_relu(const Model& model) {
  ASSERT_EQ(model.inputs().size(), 1U);
  EXPECT_EQ(model.inputs()[0].name, "x");
  Engine engine(model);
  const auto out = engine.run({Tensor::of<float>(DType::kFloat32, {3}, {-1, 0, 2})});
  EXPECT_TRUE(identical(out[0], Tensor::of<float>(DType::kFloat32, {3}, {0, 0, 2})));
}

TEST(Model, OfBytesIsBinaryOrText) {
  expect_relu(Model::from_bytes(kText));
  tf::GraphDef graph;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(kText, &graph));
  const Model model = Model::from_bytes(graph.SerializeAsString(), {}, "mine");
  EXPECT_EQ(model.path(), "mine");
  expect_relu(model);
}

TEST(Model, OfBytesNamesWhatIsWrong) {
  try {
    Model::from_bytes("", {}, "mine");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), ::testing::StartsWith("mine: is empty"));
  }
  EXPECT_THROW(Model::from_bytes("\x0a\x7f no graph"), InputError);
}

}  // namespace
}  // namespace thaw
