#include "graph/infer.h"

#include <gtest/gtest.h>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr DType kF = DType::kFloat32;
constexpr DType kI = DType::kInt32;

ValueId ints(Graph& g, const std::vector<int64_t>& values) { return g.constant_ints(values); }
ValueId scalar(Graph& g, int32_t v) { return g.constant(Tensor::of<int32_t>(kI, {}, {v})); }
std::string type(const Graph& g, ValueId v) { return g.value(v).type.str(); }

// x[begin:end] with the usual masks of tf.shape(x)[i].
ValueId dim_of(Graph& g, ValueId x, int64_t i) {
  const ValueId shape = g.add(ShapeOf{}, {x});
  StridedSlice op;
  op.shrink_axis_mask = 1;
  return g.add(op, {shape, ints(g, {i}), ints(g, {i + 1}), ints(g, {1})});
}

TEST(Infer, ReshapeComputesTheOpenDimension) {
  Graph g;
  const ValueId x = g.add_input("x", {kF, {2, 3, 4}});
  EXPECT_EQ(type(g, g.add(Reshape{}, {x, ints(g, {-1, 6})})), "float32[4,6]");
  EXPECT_THROW(g.add(Reshape{}, {x, ints(g, {5, -1})}), InputError);
  EXPECT_THROW(g.add(Reshape{}, {x, ints(g, {-1, -1})}), InputError);
}

TEST(Infer, ReshapeOfNothingComputesTheOpenDimension) {
  Graph g;
  const ValueId x = g.add_input("x", {kF, {0, 6, 2}});
  EXPECT_EQ(type(g, g.add(Reshape{}, {x, ints(g, {0, -1})})), "float32[0,12]");
  EXPECT_EQ(type(g, g.add(Reshape{}, {x, ints(g, {4, 0, -1})})), "float32[4,0,3]");
  EXPECT_EQ(type(g, g.add(Reshape{}, {x, ints(g, {-1, 3})})), "float32[0,3]");
  EXPECT_EQ(type(g, g.add(Reshape{}, {x, ints(g, {-1})})), "float32[0]");
  EXPECT_THROW(g.add(Reshape{}, {x, ints(g, {5})}), InputError);
  const ValueId y = g.add_input("y", {kF, {2, 3}});
  EXPECT_THROW(g.add(Reshape{}, {y, ints(g, {0, -1})}), InputError);
}

TEST(Infer, ReshapeWaitsForWhatMayBeOpen) {
  Graph g;
  const ValueId x = g.add_input("x", {kF, {0, 6}});
  const ValueId n = g.add_input("n", {kI, {}});
  const auto shape = [&](int32_t first) { return g.add(Pack{}, {scalar(g, first), n}); };
  EXPECT_EQ(type(g, g.add(Reshape{}, {x, shape(0)})), "float32[0,?]");
  EXPECT_EQ(type(g, g.add(Reshape{}, {x, shape(2)})), "float32[2,0]");
  EXPECT_EQ(type(g, g.add(Reshape{}, {x, shape(-1)})), "float32[?,?]");
}

// A list of 2 that is written at `index`, stacked.
std::string stack_of_written(ListSet set, int32_t index) {
  Graph g;
  const ValueId list = g.add(ListReserve{kF, {3}}, {scalar(g, 2)});
  const ValueId x = g.add_input("x", {kF, {3}});
  const ValueId written = g.add(set, {list, scalar(g, index), x});
  return type(g, g.add(ListStack{kF, {3}}, {written}));
}

TEST(Infer, ListsThatGrowHaveNoKnownLength) {
  EXPECT_EQ(stack_of_written({}, 1), "float32[2,3]");
  EXPECT_EQ(stack_of_written({true}, 1), "float32[?,3]");
}

TEST(Infer, ReshapeByPackedDimensionsKeepsWhatIsKnown) {
  Graph g;
  const ValueId x = g.add_input("x", {kF, {kUnknownDim, 5, 5, 12}});
  const ValueId shape =
      g.add(Pack{}, {dim_of(g, x, 0), scalar(g, -1), dim_of(g, x, 1), scalar(g, 4)});
  EXPECT_EQ(type(g, g.add(Reshape{}, {x, shape})), "float32[?,?,5,4]");
}

TEST(Infer, FillByComputedShape) {
  Graph g;
  const ValueId x = g.add_input("x", {kF, {kUnknownDim, 5}});
  const ValueId doubled = g.add(Binary{BinaryKind::kMul}, {g.add(ShapeOf{}, {x}), ints(g, {2, 2})});
  EXPECT_EQ(type(g, g.add(Fill{}, {doubled, g.constant_scalar(0)})), "float32[?,10]");
}

TEST(Infer, StridedSliceMasks) {
  Graph g;
  const ValueId x = g.add_input("x", {kF, {kUnknownDim, 10, 8}});
  const auto slice = [&](StridedSlice op, std::vector<int64_t> b, std::vector<int64_t> e,
                         std::vector<int64_t> s) {
    return type(g, g.add(op, {x, ints(g, b), ints(g, e), ints(g, s)}));
  };
  EXPECT_EQ(slice({}, {0, 1}, {0, 7}, {1, 2}), "float32[?,3,8]");
  EXPECT_EQ(slice({3, 3, 0, 0, 0}, {0, 0}, {0, 0}, {1, -1}), "float32[?,10,8]");
  EXPECT_EQ(slice({0, 0, 1, 0, 2}, {0, -1}, {0, 0}, {1, 1}), "float32[?,10]");
  EXPECT_EQ(slice({0, 0, 0, 1, 0}, {0}, {0}, {1}), "float32[1,?,10,8]");
  EXPECT_EQ(slice({1, 1, 0, 0, 2}, {0, 9}, {0, 0}, {1, 1}), "float32[?,8]");
  EXPECT_THROW(slice({1, 1, 0, 0, 2}, {0, 10}, {0, 0}, {1, 1}), InputError);
  EXPECT_THROW(slice({}, {0, 0, 0, 0}, {1, 1, 1, 1}, {1, 1, 1, 1}), InputError);
}

TEST(Infer, ConvolutionPadsAsTensorFlowDoes) {
  Graph g;
  const ValueId x = g.add_input("x", {kF, {1, 300, kUnknownDim, 3}});
  const ValueId w = g.constant(Tensor::zeros(kF, {3, 3, 3, 32}));
  Conv2D op;
  op.strides = {2, 2};
  EXPECT_EQ(type(g, g.add(op, {x, w})), "float32[1,149,?,32]");
  op.padding = Padding::kSame;
  EXPECT_EQ(type(g, g.add(op, {x, w})), "float32[1,150,?,32]");
  op.padding = Padding::kExplicit;
  op.pads = {0, 1, 0, 1};
  EXPECT_EQ(type(g, g.add(op, {x, w})), "float32[1,150,?,32]");
  EXPECT_THROW(g.add(op, {x, g.constant(Tensor::zeros(kF, {3, 3, 5, 32}))}), InputError);
}

TEST(Infer, UnknownRankFlows) {
  Graph g;
  const ValueId x = g.add_input("x", {kF, Shape::unknown()});
  EXPECT_EQ(type(g, g.add(Binary{}, {x, g.constant_scalar(1)})), "float32?");
  EXPECT_EQ(type(g, g.add(Pack{}, {x, x})), "float32?");
  EXPECT_EQ(type(g, g.add(Transpose{}, {x, ints(g, {1, 0})})), "float32[?,?]");
  EXPECT_EQ(type(g, g.add(Softmax{}, {x})), "float32?");
}

TEST(Infer, ErrorNamesNodeAndOp) {
  Graph g;
  const ValueId x = g.add_input("x", {kF, {2, 3}});
  const ValueId y = g.add_input("y", {kF, {4, 3}});
  try {
    g.add(Binary{}, {x, y}, "tower/add");
    FAIL();
  } catch (const InputError& e) {
    EXPECT_STREQ(e.what(), "node 'tower/add' (Binary): shapes [2,3] and [4,3] do not broadcast");
  }
  EXPECT_EQ(g.num_nodes(), 0U);
}

// while (i < 3) { i = i + 1; x = concat(x, x) }
TEST(Infer, LoopVariableThatGrowsIsNotStatic) {
  Graph cond;
  const ValueId ci = cond.add_input("i", {kI, {}});
  cond.add_input("x", {kF, {1, 4}});
  cond.add_output("c", cond.add(Binary{BinaryKind::kLess}, {ci, scalar(cond, 3)}));
  Graph body;
  const ValueId bi = body.add_input("i", {kI, {}});
  const ValueId bx = body.add_input("x", {kF, {1, 4}});
  body.add_output("i", body.add(Binary{}, {bi, scalar(body, 1)}));
  body.add_output("x", body.add(Concat{}, {bx, bx, scalar(body, 0)}));
  Graph g;
  const ValueId x = g.add_input("x", {kF, {1, 4}});
  While loop;
  loop.cond = g.add_subgraph(std::move(cond));
  loop.body = g.add_subgraph(std::move(body));
  const NodeId n = g.add_node(loop, {scalar(g, 0), x}, "loop");
  EXPECT_EQ(type(g, g.node(n).outputs[0]), "int32[]");
  EXPECT_EQ(type(g, g.node(n).outputs[1]), "float32[?,4]");
  EXPECT_EQ(type(g.subgraph(loop.cond), g.subgraph(loop.cond).inputs()[1]), "float32[?,4]");
}

TEST(Infer, BranchesJoin) {
  Graph yes;
  yes.add_output("o", yes.add_input("x", {kF, {2, 3}}));
  Graph no;
  const ValueId y = no.add_input("x", {kF, {2, 3}});
  no.add_output("o",
                no.add(Pad{}, {y, no.constant(Tensor::of<int32_t>(kI, {2, 2}, {0, 1, 0, 0}))}));
  Graph g;
  const ValueId x = g.add_input("x", {kF, {2, 3}});
  const ValueId p = g.add_input("p", {DType::kBool, {}});
  If op;
  op.then_branch = g.add_subgraph(std::move(yes));
  op.else_branch = g.add_subgraph(std::move(no));
  EXPECT_EQ(type(g, g.add(op, {p, x})), "float32[?,3]");
}

}  // namespace
}  // namespace thaw
