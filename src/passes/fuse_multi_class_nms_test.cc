#include "passes/fuse_multi_class_nms.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

constexpr const char* kPostProcessor =
    R"(graph(%e: float32[2,9,1,4], %x: float32[2,9,5], %anchors: float32[9,4]) {
  %window = Const() {value=float32[2,4]{0,0,1,1,0,0,1,1}}
  %begin = Const() {value=int32[3]{0,0,1}}
  %size = Const() {value=int32[3]{-1,-1,-1}}
  %1 = Unary(%x) {kind=Sigmoid}
  %2 = Slice(%1, %begin, %size)
  %3 = BoxDecode(%e, %anchors) {scales=[1,2,3,4]}
  %4, %5, %6, %7, %8 = MultiClassNms(%3, %2, %window, %1) {max_total=6}
  return OUTPUTS
})";

std::string with_outputs(std::string text, const std::string& outputs) {
  return text.replace(text.find("OUTPUTS"), 7, outputs);
}

TEST(FuseMultiClassNms, TakesInWhatOnlyItReads) {
  expect_pass(fuse_multi_class_nms,
              with_outputs(kPostProcessor, "boxes=%4, scores=%5, classes=%6, count=%7"),
              R"(graph(%e: float32[2,9,1,4], %x: float32[2,9,5], %anchors: float32[9,4]) {
    %window = Const() {value=float32[2,4]{0,0,1,1,0,0,1,1}}
    %4, %5, %6, %7 = MultiClassNms(%e, %x, %window, %anchors) {max_total=6, background=1, logits=true, decode=true, scales=[1,2,3,4]}
    return boxes=%4, scores=%5, classes=%6, count=%7
  })");
}

TEST(FuseMultiClassNms, LeavesScoresThatOthersRead) {
  expect_pass(fuse_multi_class_nms, with_outputs(kPostProcessor, "boxes=%4, field=%8, raw=%3"),
              R"(graph(%e: float32[2,9,1,4], %x: float32[2,9,5], %anchors: float32[9,4]) {
    %window = Const() {value=float32[2,4]{0,0,1,1,0,0,1,1}}
    %1 = Unary(%x) {kind=Sigmoid}
    %3 = BoxDecode(%e, %anchors) {scales=[1,2,3,4]}
    %4, %5, %6, %7, %8 = MultiClassNms(%3, %1, %window, %1) {max_total=6, background=1}
    return boxes=%4, field=%8, raw=%3
  })");
}

TEST(FuseMultiClassNms, DecodesBehindAReshape) {
  expect_pass(fuse_multi_class_nms,
              R"(graph(%e: float32[9,4], %s: float32[1,9,5], %c: int32[1], %anchors: float32[9,4]) {
    %window = Const() {value=float32[1,4]{0,0,1,1}}
    %shape = Const() {value=int32[4]{1,9,1,4}}
    %1 = BoxDecode(%e, %anchors) {corners=true}
    %2 = Reshape(%1, %shape)
    %4, %5, %6, %7, %8 = MultiClassNms(%2, %s, %window, %c, %s) {has_valid=true}
    return boxes=%4, field=%8
  })",
              R"(graph(%e: float32[9,4], %s: float32[1,9,5], %c: int32[1], %anchors: float32[9,4]) {
    %window = Const() {value=float32[1,4]{0,0,1,1}}
    %shape = Const() {value=int32[4]{1,9,1,4}}
    %2 = Reshape(%e, %shape)
    %4, %5, %6, %7, %8 = MultiClassNms(%2, %s, %window, %c, %anchors, %s) {has_valid=true, decode=true, corners=true}
    return boxes=%4, field=%8
  })");
}

TEST(FuseMultiClassNms, LeavesOtherSlices) {
  // The last column, fewer boxes, an unknown begin; another activation.
  for (const char* scores : {
           R"(%b = Const() {value=int32[3]{0,0,0}}
              %n = Const() {value=int32[3]{1,9,4}}
              %1 = Slice(%x, %b, %n))",
           R"(%b = Const() {value=int32[3]{0,0,1}}
              %n = Const() {value=int32[3]{1,8,4}}
              %y = Const() {value=float32[1,1,4]{0,0,0,0}}
              %a = Const() {value=int32[]{1}}
              %0 = Slice(%x, %b, %n)
              %1 = Concat(%0, %y, %a))",
           R"(%1 = Unary(%x) {kind=Tanh})"}) {
    expect_unchanged(
        fuse_multi_class_nms,
        std::string("graph(%e: float32[1,9,1,4], %x: float32[1,9,5]) {\n") + scores + R"(
    %window = Const() {value=float32[1,4]{0,0,1,1}}
    %4, %5, %6, %7 = MultiClassNms(%e, %1, %window)
    return boxes=%4
  })");
  }
}

TEST(FuseMultiClassNms, KeepsEveryBit) {
  Graph g = parse_graph(with_outputs(kPostProcessor, "boxes=%4, scores=%5, classes=%6, count=%7"));
  const std::vector<Tensor> inputs{random_tensor(DType::kFloat32, {2, 9, 1, 4}, 3),
                                   random_tensor(DType::kFloat32, {2, 9, 5}, 4),
                                   random_tensor(DType::kFloat32, {9, 4}, 5)};
  const std::vector<Tensor> expected = interpret(g, inputs);
  EXPECT_TRUE(fuse_multi_class_nms(g, test_context()));
  const std::vector<Tensor> got = interpret(g, inputs);
  for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(identical(got[i], expected[i])) << i;
}

}  // namespace
}  // namespace thaw
