// Concatenations without a step: the plan lays their pieces where they belong, and only when that
// is right.
#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/pass_test_util.h"
#include "thaw/request.h"

namespace thaw {
namespace {

// The graph as it is gives what plain interpretation gives; so many Concat steps are left.
void expect_concat_steps(int steps, const std::string& text, const Shape& input = {1, 2, 3}) {
  const Graph graph = parse_graph(text);
  const std::vector<Tensor> inputs{random_tensor(DType::kFloat32, input, 5)};
  const std::vector<Tensor> expected = interpret(graph, inputs);
  for (const char* device : {"cpu", "ref"}) {
    EngineOptions options;
    options.device = device;
    options.disabled_passes = pass_names();
    Request request(Engine(Model::from_graph(graph.clone()), options));
    for (int run = 0; run < 2; ++run) {
      const std::vector<Tensor> got = request.run(inputs);
      ASSERT_EQ(got.size(), expected.size());
      for (size_t i = 0; i < got.size(); ++i)
        EXPECT_TRUE(identical(got[i], expected[i])) << device << ", output " << i;
    }
    int left = 0;
    for (const LayerInfo& layer : request.layers()) left += layer.op.rfind("Concat", 0) == 0;
    EXPECT_EQ(left, steps) << device;
  }
}

TEST(Join, PiecesAreWrittenInPlace) {
  expect_concat_steps(0, R"(graph(%x: float32[1,2,3]) {
    %axis = Const() {value=int32[]{1}}
    %1 = Unary(%x) {kind=Neg}
    %2 = Unary(%1) {kind=Abs}
    %3 = Unary(%2) {kind=Square}
    %4 = Concat(%2, %3, %1, %axis)
    %5 = Unary(%4) {kind=Neg}
    return y=%4, z=%5
  })");
}

TEST(Join, ThroughOtherShapes) {
  expect_concat_steps(0, R"(graph(%x: float32[1,2,3]) {
    %axis = Const() {value=int32[]{-2}}
    %long = Const() {value=int32[3]{1,6,1}}
    %1 = Unary(%x) {kind=Neg}
    %2 = Reshape(%1, %long)
    %3 = Unary(%x) {kind=Square}
    %4 = ExpandDims(%3, %axis)
    %5 = Reshape(%4, %long)
    %6 = Concat(%5, %2, %axis)
    return y=%6, piece=%4
  })");
}

TEST(Join, PiecesHaveOtherReaders) {
  expect_concat_steps(0, R"(graph(%x: float32[1,2,3]) {
    %axis = Const() {value=int32[]{1}}
    %1 = Unary(%x) {kind=Neg}
    %2 = Unary(%x) {kind=Square}
    %3 = Concat(%1, %2, %axis)
    %4 = Binary(%1, %2)
    %5 = Unary(%4) {kind=Abs}
    return y=%3, sum=%5, piece=%2
  })");
}

TEST(Join, JoinedPiecesOfJoinedPieces) {
  expect_concat_steps(0, R"(graph(%x: float32[1,2,3]) {
    %axis = Const() {value=int32[]{1}}
    %flat = Const() {value=int32[2]{1,12}}
    %one = Const() {value=int32[]{1}}
    %1 = Unary(%x) {kind=Neg}
    %2 = Unary(%x) {kind=Square}
    %3 = Concat(%1, %2, %axis)
    %4 = Unary(%3) {kind=Abs}
    %5 = Reshape(%3, %flat)
    %6 = Reshape(%4, %flat)
    %7 = Concat(%6, %5, %one)
    return y=%7, inner=%3
  })");
}

// The second concatenation can't have what lies in the first.
TEST(Join, APieceOfTwoIsCopiedOnce) {
  expect_concat_steps(1, R"(graph(%x: float32[1,2,3]) {
    %axis = Const() {value=int32[]{1}}
    %1 = Unary(%x) {kind=Neg}
    %2 = Unary(%x) {kind=Square}
    %3 = Concat(%1, %2, %axis)
    %4 = Concat(%2, %1, %axis)
    return y=%3, z=%4
  })");
}

// An inner concatenation with a step of its own is a piece as any other.
TEST(Join, ACopiedPieceIsJoined) {
  expect_concat_steps(1, R"(graph(%x: float32[1,2,3]) {
    %axis = Const() {value=int32[]{1}}
    %1 = Unary(%x) {kind=Neg}
    %2 = Concat(%1, %1, %axis)
    %3 = Unary(%x) {kind=Abs}
    %4 = Concat(%3, %2, %axis)
    return y=%4
  })");
}

TEST(Join, TheSamePieceTwiceIsCopied) {
  expect_concat_steps(1, R"(graph(%x: float32[1,2,3]) {
    %axis = Const() {value=int32[]{1}}
    %flat = Const() {value=int32[3]{1,2,3}}
    %1 = Unary(%x) {kind=Neg}
    %2 = Reshape(%1, %flat)
    %3 = Concat(%1, %2, %axis)
    return y=%3
  })");
}

TEST(Join, ConstantsAndInputsAreCopied) {
  expect_concat_steps(2, R"(graph(%x: float32[1,2,3]) {
    %axis = Const() {value=int32[]{1}}
    %c = Const() {value=float32[1,1,3]{7,8,9}}
    %1 = Unary(%x) {kind=Neg}
    %2 = Concat(%1, %c, %axis)
    %3 = Concat(%x, %1, %axis)
    return y=%2, z=%3
  })");
}

TEST(Join, RowsOfABatchAreCopied) {
  const std::string text = R"(graph(%x: float32[2,2,3]) {
    %axis = Const() {value=int32[]{AXIS}}
    %1 = Unary(%x) {kind=Neg}
    %2 = Unary(%x) {kind=Square}
    %3 = Concat(%1, %2, %axis)
    return y=%3
  })";
  for (const int axis : {0, 1, 2}) {
    std::string with_axis = text;
    with_axis.replace(with_axis.find("AXIS"), 4, std::to_string(axis));
    expect_concat_steps(axis == 0 ? 0 : 1, with_axis, {2, 2, 3});
  }
}

}  // namespace
}  // namespace thaw
