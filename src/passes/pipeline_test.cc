#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <random>

#include "graph/text.h"
#include "passes/pass_test_util.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using ::testing::HasSubstr;

TEST(Pipeline, NamesUnknownPasses) {
  Graph g;
  PipelineOptions options;
  options.disabled = {"fuse_bais"};
  try {
    run_pipeline(g, test_context(), options);
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_THAT(e.what(), HasSubstr("'fuse_bais'"));
    EXPECT_THAT(e.what(), HasSubstr("fuse_bias"));
  }
}

TEST(Pipeline, LeavesOutWhatIsDisabledAndDumpsWhatChanged) {
  const auto dir = std::filesystem::temp_directory_path() / fmt::format("thaw_dump_{}", getpid());
  std::filesystem::create_directory(dir);
  Graph g = parse_graph(R"(graph(%x: float32[2]) {
    %1 = Identity(%x)
    %2 = Unary(%1)
    return y=%2
  })");
  PipelineOptions options;
  options.disabled = {"eliminate_common_subexpressions"};
  options.dump_dir = dir.string();
  options.verify = true;
  for (const PassTime& t : run_pipeline(g, test_context(), options))
    EXPECT_NE(t.name, "eliminate_common_subexpressions");
  size_t dumps = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    EXPECT_THAT(entry.path().string(), HasSubstr("remove_identities"));
    ++dumps;
  }
  std::filesystem::remove_all(dir);
  EXPECT_EQ(dumps, 1U);
}

// A random detector-like graph: layers in many forms, shape arithmetic, loops and branches.
class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed) : random_(seed) {}

  Graph make() {
    values_ = {g_.add_input("x", {DType::kFloat32, {2, 6, 6, 4}})};
    for (int i = 0; i < 25; ++i) values_.push_back(step());
    for (int i = 0; i < 3; ++i) g_.add_output(fmt::format("y{}", i), pick());
    return std::move(g_);
  }

 private:
  unsigned next(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  // Half the time the latest, so that chains grow long.
  ValueId pick() {
    return next(2) ? values_.back() : values_[next(static_cast<unsigned>(values_.size()))];
  }
  ValueId constant(const Shape& shape) {
    return g_.constant(random_tensor(DType::kFloat32, shape, next(1000)));
  }
  ValueId ints(const std::vector<int64_t>& v) { return g_.constant_ints(v); }
  ValueId scalar(float v) { return g_.constant_scalar(v); }
  ValueId binary(BinaryKind kind, ValueId a, ValueId b) {
    Binary op;
    op.kind = kind;
    return g_.add(op, {a, b});
  }
  ValueId unary(UnaryKind kind, ValueId x) { return g_.add(Unary{kind}, {x}); }

  // Every step keeps [2,6,6,4] and a magnitude that does not explode.
  ValueId step() {
    const ValueId x = pick();
    switch (next(14)) {
      case 0:
      case 1:
        return convolution(x);
      case 2:
        return depthwise(x);
      case 3:
        return batch_norm(x);
      case 4:
        return binary(BinaryKind::kAdd, x, constant({4}));
      case 5:
        return binary(BinaryKind::kSub, constant({1, 1, 4}), x);
      case 6:
        return binary(BinaryKind::kMul, x, constant({4}));
      case 7:
        return unary(next(2) ? UnaryKind::kRelu : UnaryKind::kRelu6, x);
      case 8:
        return binary(BinaryKind::kMinimum, binary(BinaryKind::kMaximum, x, scalar(0)), scalar(6));
      case 9:
        return binary(BinaryKind::kSub, unary(UnaryKind::kRelu, x),
                      unary(UnaryKind::kRelu, binary(BinaryKind::kSub, x, scalar(6))));
      case 10:
        return reshaped(x);
      case 11:
        return branch(x);
      case 12:
        return loop(x);
      default:
        return g_.add(Identity{}, {x});
    }
  }

  ValueId convolution(ValueId x) {
    Conv2D op;
    if (next(2)) {
      op.padding = Padding::kSame;
    } else {
      x = g_.add(
          Pad{},
          {x, g_.constant(Tensor::of<int32_t>(DType::kInt32, {4, 2}, {0, 0, 2, 0, 1, 1, 0, 0}))});
    }
    return unary(UnaryKind::kTanh, g_.add(op, {x, constant({3, 3, 4, 4})}));
  }
  ValueId depthwise(ValueId x) {
    DepthwiseConv2D op;
    op.padding = Padding::kSame;
    return g_.add(op, {unary(UnaryKind::kSigmoid, x), constant({3, 3, 4, 1})});
  }
  ValueId batch_norm(ValueId x) {
    BatchNorm op;
    op.epsilon = 1e-3F;
    return g_.add(op, {x, constant({4}), constant({4}), constant({4}),
                       unary(UnaryKind::kSquare, constant({4}))});
  }
  ValueId reshaped(ValueId x) {
    const ValueId flat = g_.add(Reshape{}, {x, ints({-1, 4})});
    return g_.add(Reshape{}, {flat, g_.add(ShapeOf{}, {x})});
  }
  static Graph nested(const std::function<ValueId(Graph&, ValueId, ValueId)>& f) {
    Graph n;
    const ValueId x = n.add_input("x", {DType::kFloat32, {2, 6, 6, 4}});
    const ValueId c = n.add_input("c", {DType::kFloat32, {}});
    n.add_output("x", f(n, x, c));
    return n;
  }
  ValueId branch(ValueId x) {
    If op;
    op.then_branch = g_.add_subgraph(nested([](Graph& n, ValueId a, ValueId c) {
      return n.add(Binary{}, {a, c});
    }));
    op.else_branch = g_.add_subgraph(
        nested([](Graph& n, ValueId a, ValueId) { return n.add(Unary{UnaryKind::kNeg}, {a}); }));
    const ValueId rank = g_.add(Rank{}, {x});
    const ValueId limit = g_.constant(Tensor::of<int32_t>(DType::kInt32, {}, {4}));
    return g_.add(op, {binary(next(2) ? BinaryKind::kEqual : BinaryKind::kLess, rank, limit), x,
                       scalar(0.5F)});
  }
  // while (sum(x) > 100) x = x / c
  ValueId loop(ValueId x) {
    While op;
    op.cond = g_.add_subgraph(nested([](Graph& n, ValueId a, ValueId) {
      const ValueId sum =
          n.add(Reduce{}, {n.add(Unary{UnaryKind::kAbs}, {a}), n.constant_ints({0, 1, 2, 3})});
      Binary greater;
      greater.kind = BinaryKind::kGreater;
      return n.add(greater, {sum, n.constant_scalar(1000)});
    }));
    Graph body = nested([](Graph& n, ValueId a, ValueId c) {
      Binary divide;
      divide.kind = BinaryKind::kDiv;
      return n.add(divide, {a, c});
    });
    body.add_output("c", body.inputs()[1]);
    op.body = g_.add_subgraph(std::move(body));
    return g_.node(g_.add_node(op, {x, scalar(4)})).outputs[0];
  }

  std::mt19937 random_;
  Graph g_;
  std::vector<ValueId> values_;
};

TEST(Pipeline, KeepsTheNumbersOfRandomGraphs) {
  const unsigned first = std::random_device{}();
  for (unsigned seed = first; seed != first + 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Graph g = RandomGraph(seed).make();
    const std::vector<Tensor> inputs{random_tensor(DType::kFloat32, {2, 6, 6, 4}, seed)};
    const std::vector<Tensor> expected = interpret(g, inputs);
    PipelineOptions options;
    options.verify = true;
    ASSERT_NO_THROW(run_pipeline(g, test_context(), options));
    const std::vector<Tensor> actual = interpret(g, inputs);
    for (size_t i = 0; i < expected.size(); ++i) expect_close(actual[i], expected[i], 1e-4F);
    if (::testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace thaw
