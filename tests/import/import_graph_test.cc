#include "import/import_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import/tensor_proto.h"
#include "tests/import/test_model.h"

namespace thaw {
namespace {

using namespace test;
using testing::HasSubstr;

const std::string kX = "x | Placeholder |  | dtype {type: DT_FLOAT} shape {shape {dim {size: 2}}}";

TEST(ImportGraph, TakesOnlyWhatTheOutputsNeedInAnyOrder) {
  const Graph g = import_text(
      {{"sum | AddV2 | half one", "half | Mul | x two", kX, "one | Const |  | " + float_value(1),
        "two | Const |  | " + float_value(0.5F), "unused | NoSuchOp | x"},
       {"sum"}});
  EXPECT_EQ(g.num_live_nodes(), 4u);
  EXPECT_EQ(g.outputs()[0].name, "sum");
  EXPECT_EQ(g.producer(g.outputs()[0].value)->name, "sum");
  const Tensor y = interpret(g, {floats({2, 6})})[0];
  EXPECT_FLOAT_EQ(y.data<float>()[1], 4);
}

TEST(ImportGraph, IdentitiesLeaveNothingBehind) {
  const Graph g =
      import_text({{kX, "a | Identity | x", "b | IdentityN | a a", "y | Neg | b:1"}, {"y:0", "a"}});
  EXPECT_EQ(g.num_live_nodes(), 1u);
  EXPECT_EQ(g.outputs()[1].value, g.inputs()[0]);
}

TEST(ImportGraph, FeedsCutTheGraphWhereverTheyAre) {
  FrozenModel m = model({{"file | ReadFile | ", "x | DecodeRaw | file", "y | Neg | x"}, {"y"}});
  m.inputs.push_back({"x", "x:0", tf::DT_FLOAT, Shape{2}, {}});
  const Graph g = import_graph(std::move(m), nullptr);
  EXPECT_EQ(interpret(g, {floats({1, 2})})[0].data<float>()[1], -2);
}

TEST(ImportGraph, OldPlaceholdersWithoutDimensionsAreOfUnknownShape) {
  FrozenModel m = model(
      {{"x | Placeholder |  | dtype {type: DT_FLOAT} shape {shape {}}", "y | Neg | x"}, {"y"}});
  m.versions.set_producer(21);
  const Graph g = import_graph(std::move(m), nullptr);
  EXPECT_FALSE(g.value(g.inputs()[0]).type.shape.has_rank());
}

TEST(ImportGraph, LongChainsDoNotRecurse) {
  ModelText text{{kX}, {"n49999"}};
  for (int i = 0; i < 50000; ++i)
    text.nodes.push_back("n" + std::to_string(i) + " | Neg | " +
                         (i ? "n" + std::to_string(i - 1) : "x"));
  EXPECT_EQ(import_graph(model(text), nullptr).num_live_nodes(), 50000u);
}

TEST(ImportGraph, UnsupportedOpsAreNamedAllAtOnce) {
  const std::string what = import_error(
      ModelText{{kX, "a | Foo | x", "b | Foo | a", "c | Bar | b", "d | Neg | c"}, {"d"}});
  EXPECT_THAT(what, HasSubstr("test.pb: 2 op types are not supported"));
  EXPECT_THAT(what, HasSubstr("Bar (1 node, such as 'c')"));
  EXPECT_THAT(what, HasSubstr("Foo (2 nodes, such as 'a')"));
}

TEST(ImportGraph, MissingInputsNameTheNearestNode) {
  const std::string what =
      import_error(ModelText{{kX, "conv/weights | Neg | x", "y | Neg | conv/weigths:0"}, {"y"}});
  EXPECT_THAT(what, HasSubstr("node 'y' (Neg): there is no node 'conv/weigths'"));
  EXPECT_THAT(what, HasSubstr("nearest is 'conv/weights'"));
}

struct BadModel {
  const char* name;
  ModelText text;
  const char* message;
};

class BadModels : public testing::TestWithParam<BadModel> {};

TEST_P(BadModels, AreRefusedWithWords) {
  EXPECT_THAT(import_error(GetParam().text), HasSubstr(GetParam().message));
}

const std::string kImage =
    "x | Placeholder |  | dtype {type: DT_FLOAT} shape {shape {dim {size: 1} dim {size: 8} "
    "dim {size: 8} dim {size: 1}}}";
const std::string kFilter =
    "w | Const |  | dtype {type: DT_FLOAT} value {tensor {dtype: DT_FLOAT tensor_shape "
    "{dim {size: 3} dim {size: 3} dim {size: 1} dim {size: 1}} float_val: 1}}";

INSTANTIATE_TEST_SUITE_P(
    ImportGraph, BadModels,
    testing::Values(
        BadModel{"OutputOutOfRange",
                 {{kX, "a | Neg | x", "y | Neg | a:1"}, {"y"}},
                 "node 'a' (Neg): output 1 is used, which the node does not have"},
        BadModel{"UncomputedOutput",
                 {{kImage,
                   "v | Const |  | dtype {type: DT_FLOAT} value {tensor {dtype: DT_FLOAT "
                   "tensor_shape {dim {size: 1}} float_val: 1}}",
                   "n | FusedBatchNorm | x v v v v | is_training {b: false}", "y | Neg | n:3"},
                  {"y"}},
                 "node 'n' (FusedBatchNorm): output 3 is used, which thaw does not compute"},
        BadModel{
            "Duplicate", {{kX, "a | Neg | x", "a | Abs | x"}, {"a"}}, "two nodes are called 'a'"},
        BadModel{"NoName", {{kX, " | Neg | x"}, {"x"}}, "node 1 (Neg) has no name"},
        BadModel{"Cycle",
                 {{kX, "a | Add | x c", "b | Neg | a", "c | Neg | b"}, {"c"}},
                 "cycle through node '"},
        BadModel{"ControlCycle", {{kX, "a | Neg | x ^b", "b | Neg | a"}, {"b"}}, "cycle through"},
        BadModel{
            "BadInputNumber", {{kX, "a | Neg | x:one"}, {"a"}}, "like 'node:1', found 'x:one'"},
        BadModel{"DataAfterControl", {{kX, "a | Add | x ^x x"}, {"a"}}, "after control inputs"},
        BadModel{"InputCount",
                 {{kX, "a | Add | x"}, {"a"}},
                 "node 'a' (Add): expected 2 inputs, found 1"},
        BadModel{"MissingAttribute",
                 {{kX, "a | Cast | x"}, {"a"}},
                 "node 'a' (Cast): attribute 'DstT' (a type) is missing"},
        BadModel{"AttributeType",
                 {{kX, "a | Cast | x | DstT {i: 3}"}, {"a"}},
                 "attribute 'DstT': expected a type, found an integer"},
        BadModel{"UnsupportedType",
                 {{kX, "a | Cast | x | DstT {type: DT_COMPLEX64}"}, {"a"}},
                 "type DT_COMPLEX64 is not supported"},
        BadModel{
            "Strides",
            {{kImage, kFilter, "y | Conv2D | x w | strides {list {i: 1 i: 2}} padding {s: 'SAME'}"},
             {"y"}},
            "node 'y' (Conv2D): attribute 'strides'"},
        BadModel{"ChannelStride",
                 {{kImage, kFilter,
                   "y | Conv2D | x w | strides {list {i: 1 i: 1 i: 1 i: 2}} padding {s: 'SAME'}"},
                  {"y"}},
                 "found [1, 1, 1, 2]"},
        BadModel{"Padding",
                 {{kImage, kFilter,
                   "y | Conv2D | x w | strides {list {i: 1 i: 1 i: 1 i: 1}} padding {s: 'FULL'}"},
                  {"y"}},
                 "expected SAME, VALID or EXPLICIT, found 'FULL'"},
        BadModel{
            "ExplicitPadding",
            {{kImage, kFilter,
              "y | Conv2D | x w | strides {list {i: 1 i: 1 i: 1 i: 1}} padding {s: 'EXPLICIT'} "
              "explicit_paddings {list {i: 1 i: 1}}"},
             {"y"}},
            "expected 8 numbers from 0"},
        BadModel{"DataFormat",
                 {{kImage, kFilter,
                   "y | Conv2D | x w | strides {list {i: 1 i: 1 i: 1 i: 1}} padding {s: 'SAME'} "
                   "data_format {s: 'NCHW_VECT_C'}"},
                  {"y"}},
                 "expected NHWC or NCHW"},
        BadModel{"ConstTypes",
                 {{"c | Const |  | dtype {type: DT_INT32} value {tensor {dtype: DT_FLOAT "
                   "tensor_shape {} float_val: 1}}"},
                  {"c"}},
                 "attribute 'dtype' is DT_INT32, the value is DT_FLOAT"},
        BadModel{"ConstValue",
                 {{"c | Const |  | dtype {type: DT_INT32}"}, {"c"}},
                 "attribute 'value' (a tensor) is missing"},
        BadModel{"OutputMissing", {{kX, "a | Neg | x"}, {"b"}}, "output: there is no node 'b'"}),
    [](const auto& test) { return test.param.name; });

TEST(ImportGraph, PlaceholdersThatAreNoInputsAreNamed) {
  FrozenModel m = model({{kX, "y | Neg | x"}, {"y"}});
  m.inputs.clear();
  EXPECT_THAT(import_error(std::move(m)), HasSubstr("node 'x' (Placeholder) is needed"));
}

TEST(ImportGraph, ChannelsFirstGetsTransposes) {
  const std::string attrs =
      "strides {list {i: 1 i: 1 i: 2 i: 1}} ksize {list {i: 1 i: 1 i: 2 i: 1}} "
      "padding {s: 'VALID'} data_format {s: 'NCHW'}";
  const Graph g = import_text(
      {{"x | Placeholder |  | dtype {type: DT_FLOAT} shape {shape {dim {size: 1} dim {size: 1} dim "
        "{size: 4} dim {size: 1}}}",
        "y | MaxPool | x | " + attrs},
       {"y"}});
  const Tensor x = Tensor::of<float>(DType::kFloat32, {1, 1, 4, 1}, {1, 5, 3, 2});
  const Tensor y = interpret(g, {x})[0];
  EXPECT_EQ(y.shape(), (Shape{1, 1, 2, 1}));
  EXPECT_EQ(y.data<float>()[0], 5);
  EXPECT_EQ(y.data<float>()[1], 3);
}

TEST(ImportGraph, LeakyReluScalesWhatIsNotPositive) {
  const Graph g = import_text({{kX, "y | LeakyRelu | x | alpha {f: 3}"}, {"y"}});
  const Tensor y = interpret(g, {floats({-2, 4})})[0];
  EXPECT_EQ(y.data<float>()[0], -6);
  EXPECT_EQ(y.data<float>()[1], 4);
}

TEST(ImportGraph, QuantisedWeightsBecomeFloats) {
  const std::string codes =
      "dtype {type: DT_QUINT8} value {tensor {dtype: DT_QUINT8 tensor_shape {dim {size: 3}} "
      "int_val: 0 int_val: 128 int_val: 255}}";
  const Graph g = import_text(
      {{"c | Const |  | " + codes, "lo | Const |  | " + float_value(-1),
        "hi | Const |  | " + float_value(1), "y | Dequantize | c lo hi | mode {s: 'MIN_FIRST'}"},
       {"y"}});
  const Tensor y = interpret(g, {})[0];
  const float scale = 2.0F / 255;
  EXPECT_FLOAT_EQ(y.data<float>()[0], std::round(-1 / scale) * scale);
  EXPECT_FLOAT_EQ(y.data<float>()[2], 255 * scale + std::round(-1 / scale) * scale);
}

TEST(ImportGraph, AssertsStayWhereANodeWaitsForThem) {
  ImportReport report;
  const Graph g = import_text({{kX,
                                "ok | Const |  | dtype {type: DT_BOOL} value {tensor {dtype: "
                                "DT_BOOL tensor_shape {} bool_val: true}}",
                                "check | Assert | ok x", "gate | NoOp | ^check",
                                "y | Neg | x ^gate", "other | Assert | ok x"},
                               {"y"}},
                              &report);
  EXPECT_EQ(report.asserts, 1u);
  EXPECT_EQ(report.dropped_asserts, 1u);
  EXPECT_EQ(report.ops.at("Neg"), 1u);
  EXPECT_EQ(g.num_live_nodes(), 3u);
}

}  // namespace
}  // namespace thaw
