#include "passes/recognise_box_decode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "graph/text.h"
#include "graph/verify.h"
#include "passes/eliminate_common_subexpressions.h"
#include "passes/eliminate_dead_code.h"
#include "passes/fold_constants.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

// The box coder over two images of three boxes each; `anchors` makes %anchors [6,4].
std::string decode_graph(const std::string& inputs, const std::string& anchors,
                         const std::string& width_scale) {
  return "graph(%codes: float32[2,3,4]" + inputs + R"() {
  %perm = Const() {value=int32[2]{1,0}}
  %flat = Const() {value=int32[2]{-1,4}}
  %two = Const() {value=float32[]{2}}
  %ten = Const() {value=float32[]{10}}
  %five = Const() {value=float32[]{5}}
  %ws = Const() {value=float32[]{)" +
         width_scale + "}}\n" + anchors + R"(
  %at = Transpose(%anchors, %perm)
  %ay, %ax, %ay2, %ax2 = Unpack(%at) {count=4}
  %aw = Binary(%ax2, %ax) {kind=Sub}
  %ah = Binary(%ay2, %ay) {kind=Sub}
  %ah2 = Binary(%ah, %two) {kind=Div}
  %ayc = Binary(%ay, %ah2)
  %aw2 = Binary(%aw, %two) {kind=Div}
  %axc = Binary(%ax, %aw2)
  %rows = Reshape(%codes, %flat)
  %ct = Transpose(%rows, %perm)
  %ty, %tx, %th, %tw = Unpack(%ct) {count=4}
  %ey = Binary(%ty, %ten) {kind=Div}
  %ex = Binary(%tx, %ten) {kind=Div}
  %eh = Binary(%th, %five) {kind=Div}
  %ew = Binary(%tw, %ws) {kind=Div}
  %xw = Unary(%ew) {kind=Exp}
  %w = Binary(%xw, %aw) {kind=Mul}
  %xh = Unary(%eh) {kind=Exp}
  %h = Binary(%xh, %ah) {kind=Mul}
  %dy = Binary(%ey, %ah) {kind=Mul}
  %y = Binary(%dy, %ayc)
  %dx = Binary(%ex, %aw) {kind=Mul}
  %x = Binary(%dx, %axc)
  %h2 = Binary(%h, %two) {kind=Div}
  %w2 = Binary(%w, %two) {kind=Div}
  %y0 = Binary(%y, %h2) {kind=Sub}
  %x0 = Binary(%x, %w2) {kind=Sub}
  %y1 = Binary(%y, %h2)
  %x1 = Binary(%x, %w2)
  %b = Pack(%y0, %x0, %y1, %x1)
  %boxes = Transpose(%b, %perm)
  return boxes=%boxes
})";
}

// Recognises, and compares what both forms compute.
Graph recognised(const std::string& text) {
  const Graph before = parse_graph(text);
  Graph g = parse_graph(text);
  fold_constants(g, test_context());
  eliminate_common_subexpressions(g, test_context());
  recognise_box_decode(g, test_context());
  eliminate_dead_code(g, test_context());
  verify(g);
  std::vector<Tensor> inputs;
  for (ValueId v : g.inputs()) {
    Tensor t = Tensor::empty(DType::kFloat32, g.value(v).type.shape);
    for (int64_t i = 0; i < t.num_elements(); ++i)
      t.data<float>()[i] = i == 5 ? NAN : static_cast<float>((i * 37) % 23) / 7 - 1;
    inputs.push_back(t);
  }
  const Tensor want = interpret(before, inputs).at(0);
  const Tensor got = interpret(g, inputs).at(0);
  EXPECT_EQ(got.shape(), want.shape());
  for (int64_t i = 0; i < want.num_elements(); ++i) {
    const float a = got.data<float>()[i];
    const float b = want.data<float>()[i];
    EXPECT_TRUE(a == b || (a != a && b != b)) << i << ": " << a << ", " << b;
  }
  return g;
}

const BoxDecode* box_decode(const Graph& g, const Tensor** anchors) {
  for (NodeId id = 0; id < g.num_nodes(); ++id) {
    const Node& node = g.node(id);
    if (!node.alive || !node.as<BoxDecode>()) continue;
    *anchors = g.constant_value(node.inputs[1]);
    return node.as<BoxDecode>();
  }
  return nullptr;
}

TEST(RecogniseBoxDecode, ConstantAnchorsOnceForTheBatch) {
  const Graph g = recognised(decode_graph(
      "", R"(%one = Const() {value=float32[3,4]{0,0,1,2,0.5,0.25,1,0.75,0.1,0.2,0.4,0.9}}
    %multiples = Const() {value=int32[2]{2,1}}
    %anchors = Tile(%one, %multiples))",
      "5"));
  const Tensor* anchors = nullptr;
  const BoxDecode* op = box_decode(g, &anchors);
  ASSERT_NE(op, nullptr);
  EXPECT_FALSE(op->corners);
  ASSERT_NE(anchors, nullptr);
  EXPECT_EQ(anchors->shape(), (Shape{3, 4}));
}

TEST(RecogniseBoxDecode, AnchorsOfTheRunAndOtherScales) {
  const Graph g =
      recognised(decode_graph(", %given: float32[6,4]", "%anchors = Identity(%given)", "7"));
  const Tensor* anchors = nullptr;
  const BoxDecode* op = box_decode(g, &anchors);
  ASSERT_NE(op, nullptr);
  EXPECT_TRUE(op->corners);
  EXPECT_EQ(op->scales, (std::array<float, 4>{10, 10, 5, 7}));
}

// Height from the width's code: the same ops, other wires.
TEST(RecogniseBoxDecode, LeavesOtherWiring) {
  std::string text = decode_graph(", %given: float32[6,4]", "%anchors = Identity(%given)", "5");
  const std::string own = "%xh = Unary(%eh)";
  text.replace(text.find(own), own.size(), "%xh = Unary(%ew)");
  const Tensor* anchors = nullptr;
  EXPECT_EQ(box_decode(recognised(text), &anchors), nullptr);
}

}  // namespace
}  // namespace thaw
