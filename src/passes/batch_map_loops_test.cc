#include "passes/batch_map_loops.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "graph/verify.h"
#include "passes/eliminate_dead_code.h"
#include "passes/fold_constants.h"
#include "passes/lower_list_reads.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

// A map over three items as TF2 has it; `body` computes %y from the item %e.
std::string map_graph(const std::string& item, const std::string& body, const std::string& result) {
  return "graph(%x: float32[3," + item + R"(], %w: float32[2]) {
  %zero = Const() {value=int32[]{0}}
  %three = Const() {value=int32[]{3}}
  %in = ListFromTensor(%x)
  %out = ListReserve(%three) {dtype=float32, element_shape=[)" +
         result + R"(]}
  %n, %i, %l, %xs, %ws = While(%zero, %zero, %out, %in, %w) {
    cond={ graph(%n: int32[], %i: int32[], %l: list[], %xs: list[], %ws: float32[2]) {
      %three = Const() {value=int32[]{3}}
      %a = Binary(%n, %three) {kind=Less}
      %b = Binary(%i, %three) {kind=Less}
      %c = Binary(%b, %a) {kind=LogicalAnd}
      return c=%c } },
    body={ graph(%n: int32[], %i: int32[], %l: list[], %xs: list[], %ws: float32[2]) {
      %one = Const() {value=int32[]{1}}
      %n1 = Binary(%n, %one)
      %i1 = Binary(%one, %i)
      %e: float32[)" +
         item + R"(] = ListGet(%xs, %i) {dtype=float32, element_shape=[)" + item + "]}\n" + body +
         R"(
      %l1 = ListSet(%l, %i, %y)
      return n=%n1, i=%i1, l=%l1, xs=%xs, ws=%ws } }}
  %y: float32[3,)" +
         result + R"(] = ListStack(%l) {dtype=float32, element_shape=[)" + result + R"(]}
  return y=%y
})";
}

Tensor counted(const Shape& shape) {
  Tensor t = Tensor::empty(DType::kFloat32, shape);
  for (int64_t i = 0; i < t.num_elements(); ++i)
    t.data<float>()[i] = static_cast<float>((i * 7) % 11) - 4;
  return t;
}

size_t loops(const Graph& g) {
  size_t count = 0;
  for (NodeId id = 0; id < g.num_nodes(); ++id)
    count += g.node(id).alive && g.node(id).as<While>() != nullptr;
  return count;
}

// With 6 for what is open.
Shape closed(Shape shape) {
  for (int i = 0; i < shape.rank(); ++i) shape[i] = shape[i] < 0 ? 6 : shape[i];
  return shape;
}

// Whether the loop goes; what the graph computes must not change.
bool batched(const std::string& text) {
  const Graph before = parse_graph(text);
  Graph g = parse_graph(text);
  lower_list_reads(g, test_context());
  fold_constants(g, test_context());
  batch_map_loops(g, test_context());
  eliminate_dead_code(g, test_context());
  verify(g);
  std::vector<Tensor> inputs;
  for (ValueId v : g.inputs()) inputs.push_back(counted(closed(g.value(v).type.shape)));
  const Tensor want = interpret(before, inputs).at(0);
  EXPECT_TRUE(identical(interpret(g, inputs).at(0), want)) << to_text(g);
  return loops(g) == 0;
}

TEST(BatchMapLoops, ResizesThePicturesTogether) {
  EXPECT_TRUE(batched(map_graph("4,6,2", R"(
      %axis = Const() {value=int32[]{0}}
      %size = Const() {value=int32[2]{3,5}}
      %p = ExpandDims(%e, %axis)
      %r = Resize(%p, %size)
      %y = Squeeze(%r) {axes=[0]})",
                                "3,5,2")));
}

// Where the pictures' size only shows in the run.
TEST(BatchMapLoops, ResizesPicturesOfAllSizesTogether) {
  const char* const kBodies[] = {R"(
      %axis = Const() {value=int32[]{0}}
      %size = Const() {value=int32[2]{3,5}}
      %p = ExpandDims(%e, %axis)
      %r = Resize(%p, %size)
      %y = Squeeze(%r) {axes=[0]})",
                                 R"(
      %last = Const() {value=int32[]{-1}}
      %axis = Const() {value=int32[]{0}}
      %size = Const() {value=int32[2]{3,5}}
      %d = Binary(%e, %e)
      %wide = ExpandDims(%d, %last)
      %back = Squeeze(%wide) {axes=[-1]}
      %p = ExpandDims(%back, %axis)
      %u = Unary(%p) {kind=Relu}
      %r = Resize(%u, %size)
      %y = Squeeze(%r) {axes=[0]})"};
  for (const char* body : kBodies) EXPECT_TRUE(batched(map_graph("?,?,2", body, "3,5,2")));
  // Their own size is not told apart from item to item.
  EXPECT_FALSE(batched(map_graph("?,?,2", R"(
      %flat = Const() {value=int32[1]{-1}}
      %r = Reshape(%e, %flat)
      %count = Const() {value=int32[1]{1}}
      %begin = Const() {value=int32[1]{0}}
      %y = Slice(%r, %begin, %count))",
                                 "1")));
}

TEST(BatchMapLoops, MovesAxesAndKeepsInvariants) {
  EXPECT_TRUE(batched(map_graph("4,2", R"(
      %axis = Const() {value=int32[]{1}}
      %p = Binary(%e, %ws) {kind=Mul}
      %a, %b = Split(%axis, %p) {count=2}
      %q = Concat(%b, %a, %axis)
      %begin = Const() {value=int32[2]{1,0}}
      %size = Const() {value=int32[2]{2,-1}}
      %s = Slice(%q, %begin, %size)
      %perm = Const() {value=int32[2]{1,0}}
      %t = Transpose(%s, %perm)
      %pad = Const() {value=int32[2,2]{0,1,1,0}}
      %y = Pad(%t, %pad))",
                                "3,3")));
}

TEST(BatchMapLoops, SlicesStridesAndGathers) {
  EXPECT_TRUE(batched(map_graph("4,3", R"(
      %b = Const() {value=int32[2]{0,2}}
      %e2 = Const() {value=int32[2]{0,0}}
      %st = Const() {value=int32[2]{1,-1}}
      %s = StridedSlice(%e, %b, %e2, %st) {begin_mask=1, end_mask=3}
      %rows = Const() {value=int32[2]{3,1}}
      %axis = Const() {value=int32[]{0}}
      %y = Gather(%s, %rows, %axis))",
                                "2,3")));
}

TEST(BatchMapLoops, RepeatsWhatEveryItemShares) {
  EXPECT_TRUE(batched(map_graph("2", R"(
      %y = Binary(%ws, %ws))",
                                "2")));
}

// How many elements are not zero differs from item to item.
TEST(BatchMapLoops, LeavesWhatHasAnotherShapeForEachItem) {
  EXPECT_FALSE(batched(map_graph("4", R"(
      %at = Where(%e)
      %n1x = ShapeOf(%at)
      %b = Const() {value=int32[1]{0}}
      %c = Const() {value=int32[1]{1}}
      %k = Slice(%n1x, %b, %c)
      %y = Cast(%k) {dtype=float32})",
                                 "1")));
}

}  // namespace
}  // namespace thaw
