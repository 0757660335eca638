#include "engine/plan_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/atomic_file.h"
#include "base/noise.h"
#include "engine/plan_runner.h"
#include "engine/source_id.h"
#include "tests/signed_plan.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

class PlanFileTest : public ::testing::Test {
 protected:
  PlanFileTest() : device_(make_cpu_device()) {
    path_ =
        (fs::temp_directory_path() /
         ("plan_file_test_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
          std::to_string(reinterpret_cast<uintptr_t>(this))))
            .string();
    file_.facts = {"1.2", source_id(),          "cpu",         "some processor",
                   42,    Precision::kBFloat16, {{1, 9, 9, 3}}};
    file_.step_ms = {1.5F, 2};
    file_.build_times = {{"fold", 0.25}};
    file_.graph = std::make_unique<Graph>();
    Graph& g = *file_.graph;
    ValueId x = g.add_input("image", {DType::kFloat32, {1, 9, 9, 3}});
    Conv2D same;
    same.padding = Padding::kSame;
    x = g.add(same,
              {x, g.constant(random_floats({3, 3, 3, 8}, 1), "filter"),
               g.constant(random_floats({8}, 2))},
              "conv");
    // Read by a convolution and by an op that needs the original.
    const ValueId shared = g.constant(random_floats({1, 1, 8, 8}, 3), "shared");
    x = g.add(Conv2D(), {x, shared}, "pointwise");
    g.add_output("out", x);
    g.add_output("kept", g.add(Unary{UnaryKind::kNeg}, {shared}, "minus"));
    BuildContext context;
    context.device = device_.get();
    context.host_kernels = cpu_kernels();
    context.record = &file_.kernels;
    plan_ = build_plan(g, context);
    for (auto& [node, kernel] : file_.kernels) kernel.threads = 3;
    write_plan_file(path_, file_);
    std::ifstream in(path_, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(in), {});
  }
  ~PlanFileTest() override { fs::remove(path_); }

  std::vector<Tensor> run(const Plan& plan) {
    ThreadPool pool(1);
    PlanRunner runner(plan, *device_, pool);
    std::vector<Tensor> results;
    for (const Tensor& t : runner.executor().run({random_floats({1, 9, 9, 3}, 5)}))
      results.push_back(t.clone());
    return results;
  }

  // What reading says of these bytes; empty when it takes them.
  std::string fault(const std::string& bytes) {
    try {
      testing::parse_plan_copy(bytes);
      return {};
    } catch (const InputError& e) {
      return e.what();
    }
  }

  const std::unique_ptr<Device> device_;
  std::string path_;
  PlanFile file_;
  std::unique_ptr<Plan> plan_;
  std::string bytes_;
};

TEST_F(PlanFileTest, GivesTheSameResults) {
  const std::vector<Tensor> expected = run(*plan_);
  PlanFile back = read_plan_file(path_);
  EXPECT_EQ(back.facts.version, "1.2");
  EXPECT_EQ(back.facts.identity, "some processor");
  EXPECT_EQ(back.facts.model, 42U);
  EXPECT_EQ(back.facts.precision, Precision::kBFloat16);
  EXPECT_EQ(back.facts.shapes, file_.facts.shapes);
  EXPECT_EQ(back.step_ms, file_.step_ms);
  EXPECT_EQ(back.build_times, file_.build_times);
  BuildContext context;
  context.device = device_.get();
  context.host_kernels = cpu_kernels();
  context.prepared = &back.kernels;
  const std::unique_ptr<Plan> plan = build_plan(*back.graph, context);
  for (const Step& step : plan->steps) EXPECT_EQ(step.threads, 3) << step.name;
  back.graph.reset();
  const std::vector<Tensor> results = run(*plan);
  ASSERT_EQ(results.size(), expected.size());
  for (size_t i = 0; i < results.size(); ++i) EXPECT_TRUE(identical(results[i], expected[i])) << i;
}

TEST_F(PlanFileTest, OutlivesItsFile) {
  const std::vector<Tensor> expected = run(*plan_);
  PlanFile back = read_plan_file(path_);
  fs::resize_file(path_, 0);
  BuildContext context;
  context.device = device_.get();
  context.host_kernels = cpu_kernels();
  context.prepared = &back.kernels;
  const std::unique_ptr<Plan> plan = build_plan(*back.graph, context);
  EXPECT_TRUE(identical(run(*plan)[0], expected[0]));
}

TEST_F(PlanFileTest, WeightsThatKernelsPackAreThereOnce) {
  const PlanFile back = read_plan_file(path_);
  const Graph& g = *back.graph;
  for (NodeId id = 0; id < g.num_nodes(); ++id) {
    const auto* constant = g.node(id).as<Const>();
    if (!constant) continue;
    // A filter that only convolutions read is gone, one that others read too is not.
    const bool is_held = constant->value.raw() == nullptr;
    EXPECT_EQ(is_held, g.node(id).name == "filter") << g.node(id).name;
  }
}

TEST_F(PlanFileTest, AnyCutIsFound) {
  for (size_t size = 0; size < bytes_.size(); size += size < 5000 ? 7 : 97)
    EXPECT_NE(fault(bytes_.substr(0, size)), "") << size;
  EXPECT_NE(fault(bytes_ + '\0'), "");
}

TEST_F(PlanFileTest, AnyFlippedBitIsFound) {
  ASSERT_EQ(fault(bytes_), "");
  std::string bytes = bytes_;
  for (size_t i = 0; i < bytes.size(); i += i < 300 ? 1 : 13) {
    const char flipped = static_cast<char>(1 << (i % 8));
    bytes[i] ^= flipped;
    EXPECT_NE(fault(bytes), "") << i;
    bytes[i] ^= flipped;
  }
}

TEST_F(PlanFileTest, AnotherThawsPlanIsRefused) {
  file_.facts.sources = "0123456789abcdef";
  write_plan_file(path_, file_);
  try {
    read_plan_file(path_);
    FAIL();
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find(path_ + ": was built by another thaw"), std::string::npos);
  }
}

TEST_F(PlanFileTest, PreparedKernelsMustSuitTheGraph) {
  PlanFile back = read_plan_file(path_);
  BuildContext context;
  context.device = device_.get();
  context.host_kernels = cpu_kernels();
  context.prepared = &back.kernels;
  for (auto& [node, kernel] : back.kernels)
    if (!kernel.packed.empty()) kernel.packed[0] = Tensor::zeros(DType::kUInt8, {64});
  EXPECT_THROW(build_plan(*back.graph, context), InputError);
  back.kernels.clear();
  EXPECT_THROW(build_plan(*back.graph, context), InputError);
}

}  // namespace
}  // namespace thaw
