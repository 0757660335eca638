// Plans with right checksums that say what no thaw would write: refused or run, and nothing else.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/input_file.h"
#include "base/noise.h"
#include "engine/build_engine.h"
#include "engine/choose_kernel.h"
#include "engine/plan_file.h"
#include "engine/plan_runner.h"
#include "engine/source_id.h"
#include "graph/text.h"
#include "tests/mutated_plan.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kMaxBytes = size_t{16} << 20;  // of a plan that is run

// Seeds to try; THAW_MUTATIONS=100000 for a long run.
int mutations(int quick) {
  const char* text = std::getenv("THAW_MUTATIONS");
  return text == nullptr ? quick : std::atoi(text);
}

// Layers of the kinds whose kernels pack weights, and what goes with them.
Graph network() {
  Graph g;
  ValueId x = g.add_input("image", {DType::kFloat32, {1, 12, 12, 3}});
  Conv2D first;
  first.padding = Padding::kSame;
  first.strides = {2, 2};
  first.activation = Activation::kRelu6;
  x = g.add(first,
            {x, g.constant(random_floats({3, 3, 3, 16}, 1)), g.constant(random_floats({16}, 2))},
            "first");
  DepthwiseConv2D depthwise;
  depthwise.padding = Padding::kSame;
  const ValueId y = g.add(depthwise, {x, g.constant(random_floats({3, 3, 16, 1}, 3))}, "depthwise");
  x = g.add(Binary{BinaryKind::kAdd}, {x, y}, "residual");
  x = g.add(Conv2D(),
            {x, g.constant(random_floats({1, 1, 16, 24}, 4)), g.constant(random_floats({24}, 5))},
            "pointwise");
  Pool pool;
  pool.window = {2, 2};
  pool.strides = {2, 2};
  x = g.add(pool, {x}, "pool");
  x = g.add(Reshape(), {x, g.constant_ints({9, 24})}, "flat");
  const ValueId scores = g.add(MatMul(), {x, g.constant(random_floats({24, 8}, 6))}, "dense");
  g.add_output("scores", g.add(Softmax(), {scores}, "softmax"));
  g.add_output("names", g.constant(Tensor::of<std::string>(DType::kString, {2}, {"a", "b"})));
  return g;
}

constexpr const char* kLoop = R"(graph(%n: int32[], %x: float32[4,16]) {
  %1: int32[] = Const() {value=int32[]{0}}
  %2: int32[], %3: float32[4,16], %4: int32[] = While(%1, %x, %n) {cond={ graph(%i: int32[], %x: float32[4,16], %n: int32[]) {
    %1: bool[] = Binary(%i, %n) {kind=Less}
    return more=%1
  } }, body={ graph(%i: int32[], %x: float32[4,16], %n: int32[]) {
    %1: int32[] = Const() {value=int32[]{1}}
    %2: int32[] = Binary(%i, %1)
    %3: float32[4,16] = Unary(%x) {kind=Sigmoid}
    return i=%2, x=%3, n=%n
  } }} "loop"
  return last=%2, x=%3
})";

class PlanMutation : public ::testing::Test {
 protected:
  struct Stored {
    std::string bytes;
    std::vector<Tensor> results;
    std::vector<std::pair<std::string, OpKind>> rows;  // of its kernels, that pack
  };

  PlanMutation() : device_(make_cpu_device()), context_(kernels_for(*device_, EngineOptions())) {}

  // As `thaw optimize` writes it.
  Stored stored(const Graph& graph, const std::vector<Tensor>& inputs, Precision precision) {
    EngineOptions options;
    options.precision = precision;
    PlanFile file;
    file.graph = std::make_unique<Graph>(optimised_graph(graph, {}, options, host_target()));
    file.facts.sources = source_id();
    BuildContext recording = context_;
    recording.record = &file.kernels;
    const std::unique_ptr<Plan> plan = build_plan(*file.graph, recording);
    file.step_ms.assign(plan->steps.size(), 1);
    const std::string path =
        ::testing::TempDir() + "plan_mutation_test_" + std::to_string(::getpid());
    write_plan_file(path, file);
    Stored stored{InputFile(path).read_all(kMaxBytes), run(*plan, inputs), {}};
    std::remove(path.c_str());
    return stored;
  }

  std::vector<Tensor> run(const Plan& plan, const std::vector<Tensor>& inputs) {
    ThreadPool pool(1);
    PlanRunner runner(plan, *device_, pool);
    std::vector<Tensor> results;
    for (const Tensor& t : runner.executor().run(inputs)) results.push_back(t.clone());
    return results;
  }

  std::unique_ptr<Plan> built(PlanFile& file) {
    BuildContext context = context_;
    context.prepared = &file.kernels;
    return build_plan(*file.graph, context);
  }

  // Whether it was run. Everything else must end in an error.
  bool survives(const std::string& bytes, const std::vector<Tensor>& inputs, bool runs) {
    try {
      PlanFile file = testing::parse_plan_copy(bytes);
      const std::unique_ptr<Plan> plan = built(file);
      if (!runs || plan->arena_bytes[0] > kMaxBytes) return false;
      if (plan->inputs.size() != inputs.size()) return false;
      for (size_t i = 0; i < inputs.size(); ++i) {
        const Slot& slot = plan->slots[plan->inputs[i]];
        if (slot.dtype != inputs[i].dtype() || slot.shape != inputs[i].shape()) return false;
      }
      run(*plan, inputs);
      return true;
    } catch (const Error&) {
    } catch (const std::bad_alloc&) {
    } catch (const std::length_error&) {
    }
    return false;
  }

  const std::unique_ptr<Device> device_;
  const BuildContext context_;
};

TEST_F(PlanMutation, NoFieldEndsTheProcess) {
  const std::vector<Tensor> inputs = {random_floats({1, 12, 12, 3}, 9)};
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
    const Stored plan = stored(network(), inputs, precision);
    testing::PlanMutator mutator(plan.bytes, 7);
    const int all = mutations(3000);
    int ran = 0;
    for (int i = 0; i < all; ++i) ran += survives(mutator.next(), inputs, true) ? 1 : 0;
    EXPECT_GT(ran, 0);
    EXPECT_LT(ran, all);
  }
}

TEST_F(PlanMutation, NoFieldOfALoopEndsTheProcess) {
  const Tensor rounds = Tensor::of<int32_t>(DType::kInt32, {}, {3});
  const Stored plan =
      stored(parse_graph(kLoop), {rounds, random_floats({4, 16}, 9)}, Precision::kFloat32);
  testing::PlanMutator mutator(plan.bytes, 7);
  for (int i = mutations(1000); i > 0; --i) survives(mutator.next(), {}, false);
}

// Whatever stands for a kernel's weights: none, too few, too many, another kernel's.
TEST_F(PlanMutation, WeightsThatAreNotTheKernelsAreRefused) {
  const std::vector<Tensor> inputs = {random_floats({1, 12, 12, 3}, 9)};
  for (const Precision precision :
       {Precision::kFloat32, Precision::kBFloat16, Precision::kFloat16}) {
    const Stored plan = stored(network(), inputs, precision);
    int packing = 0;
    for (NodeId id = 0; id < 64; ++id) {
      const auto refuses = [&](const auto& change) {
        PlanFile file = testing::parse_plan_copy(plan.bytes);
        const auto found = file.kernels.find({file.graph.get(), id});
        if (found == file.kernels.end() || found->second.packed.empty()) return;
        ++packing;
        const std::string name = file.graph->node(id).name;
        change(found->second.packed);
        EXPECT_THROW(built(file), InputError) << name;
      };
      refuses([](std::vector<Tensor>& packed) { packed.clear(); });
      refuses([](std::vector<Tensor>& packed) { packed.pop_back(); });
      refuses([](std::vector<Tensor>& packed) { packed.push_back(packed[0]); });
      refuses([](std::vector<Tensor>& packed) {
        packed[0] = Tensor::zeros(DType::kUInt8, {packed[0].dim(0) + 64});
      });
    }
    EXPECT_GE(packing, 12);
  }
}

// Another row's name: it can't run the op, asks for other weights, or gives a result.
TEST_F(PlanMutation, AnyRowsNameInAnyPlace) {
  const std::vector<Tensor> inputs = {random_floats({1, 12, 12, 3}, 9)};
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
    const Stored plan = stored(network(), inputs, precision);
    for (const KernelTable table :
         {cpu_kernels(), ref_kernels(), onednn_kernels(), xnnpack_kernels()}) {
      for (const KernelRow& row : table) {
        PlanFile file = testing::parse_plan_copy(plan.bytes);
        bool changed = false;
        for (auto& [node, kernel] : file.kernels) {
          if (kind_of(file.graph->node(node.second).op) != row.op) continue;
          kernel.name = row.name;
          changed = true;
        }
        if (!changed) continue;
        try {
          run(*built(file), inputs);
        } catch (const Error&) {
        }
      }
    }
  }
}

// A constant that is absent, read by what has no packed weights.
TEST_F(PlanMutation, AbsentConstantsAreRefused) {
  Graph g;
  const ValueId x = g.add_input("x", {DType::kFloat32, {8, 8}});
  g.add_output("sum",
               g.add(Binary{BinaryKind::kAdd}, {x, g.constant(random_floats({8, 8}, 1))}, "add"));
  g.add_output("constant", g.constant(random_floats({8, 8}, 2), "plain"));
  for (const char* name : {"add", "plain"}) {
    Graph graph = g.clone();
    PreparedKernels kernels;
    BuildContext context = context_;
    context.record = &kernels;
    build_plan(graph, context);
    context.record = nullptr;
    context.prepared = &kernels;
    EXPECT_NO_THROW(build_plan(graph, context));
    for (NodeId id = 0; id < graph.num_nodes(); ++id) {
      auto* constant = std::get_if<Const>(&graph.op(id));
      if (constant != nullptr && (graph.node(id).name == "plain") == (name == std::string("plain")))
        constant->value = Tensor::view(DType::kFloat32, {8, 8}, nullptr);
    }
    EXPECT_THROW(build_plan(graph, context), InputError) << name;
  }
}

}  // namespace
}  // namespace thaw
