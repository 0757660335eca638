#include "passes/extents.h"

#include <gtest/gtest.h>

#include "graph/text.h"

namespace thaw {
namespace {

// The value that a graph returns under this name.
ValueId named(const Graph& g, const std::string& name) {
  for (const GraphOutput& o : g.outputs())
    if (o.name == name) return o.value;
  return kNone;
}

constexpr const char* kPadded = R"(graph(%boxes: float32[?,4], %scores: float32[?]) {
  %most = Const() {value=int32[]{9}}
  %iou = Const() {value=float32[]{0.5}}
  %zero = Const() {value=int32[]{0}}
  %all = Const() {value=int32[1]{-1}}
  %first = Const() {value=int32[1]{0}}
  %second = Const() {value=int32[1]{1}}
  %rows = ShapeOf(%boxes)
  %n = StridedSlice(%rows, %first, %second, %second) {shrink_axis_mask=1}
  %slots = Binary(%most, %n) {kind=Minimum}
  %chosen = NonMaxSuppression(%boxes, %scores, %slots, %iou, %iou)
  %k = Size(%chosen)
  %missing = Binary(%slots, %k) {kind=Sub}
  %shape = Reshape(%missing, %all)
  %none = Fill(%shape, %zero)
  %padded = Concat(%chosen, %none, %zero)
  %twice = Concat(%padded, %padded, %zero)
  %kept = Gather(%boxes, %twice, %zero)
  return chosen=%chosen, padded=%padded, kept=%kept, slots=%slots, boxes=%boxes
})";

TEST(Extents, PaddingCancelsWhatWasChosen) {
  const Graph g = parse_graph(kPadded);
  Extents extents(g);
  const Extent slots = extents.scalar(named(g, "slots"));
  EXPECT_FALSE(slots.is_constant());
  EXPECT_EQ(slots, extents.min(Extents::constant(9), extents.dim(named(g, "boxes"), 0)));
  EXPECT_EQ(extents.dim(named(g, "padded"), 0), slots);
  EXPECT_NE(extents.dim(named(g, "chosen"), 0), slots);
}

TEST(Extents, FollowRowsThroughGathers) {
  const Graph g = parse_graph(kPadded);
  Extents extents(g);
  const ValueId kept = named(g, "kept");
  EXPECT_EQ(extents.dim(kept, 0), extents.scalar(named(g, "slots")) * 2);
  EXPECT_EQ(extents.dim(kept, 1), Extents::constant(4));
}

// A count of -1 means all rows, so the slice's extent is not the count.
TEST(Extents, SlicesByACountOfTheRun) {
  const Graph g = parse_graph(R"(graph(%x: float32[8,2], %y: float32[8,2], %n: int32[]) {
    %begin = Const() {value=int32[2]{0,0}}
    %all = Const() {value=int32[]{-1}}
    %size = Pack(%n, %all)
    %a = Slice(%x, %begin, %size)
    %b = Slice(%y, %begin, %size)
    return a=%a, b=%b, n=%n
  })");
  Extents extents(g);
  EXPECT_EQ(extents.dim(named(g, "a"), 0), extents.dim(named(g, "b"), 0));
  EXPECT_NE(extents.dim(named(g, "a"), 0), extents.scalar(named(g, "n")));
}

}  // namespace
}  // namespace thaw
