// Plans on a device with memory of its own: the null device, whose memory the host can't touch and
// whose queue is late.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "engine/build_plan.h"
#include "engine/choose_kernel.h"
#include "engine/min_cut.h"
#include "engine/place_nodes.h"
#include "engine/plan_runner.h"
#include "engine/race.h"
#include "engine/schedule.h"
#include "engine/tune.h"
#include "graph/text.h"
#include "passes/pass_test_util.h"
#include "runtime/null_device.h"
#include "thaw/error.h"

namespace thaw {
namespace {

class NullDeviceTest : public ::testing::Test {
 protected:
  BuildContext context() {
    BuildContext context;
    context.device = &device_;
    context.host_kernels = cpu_kernels();
    return context;
  }

  // The graph's outputs are what plain interpretation gives, in each of several runs.
  std::unique_ptr<Plan> expect_right(const std::string& text, const std::vector<Tensor>& inputs) {
    const Graph graph = parse_graph(text);
    const std::vector<Tensor> expected = interpret(graph, inputs);
    std::unique_ptr<Plan> plan = build_plan(graph, context());
    PlanRunner runner(*plan, device_, pool_);
    for (int run = 0; run < 4; ++run) {
      if (run == 2) runner.executor().set_profiling(true);
      const std::vector<Tensor>& got = runner.executor().run(inputs);
      EXPECT_EQ(got.size(), expected.size());
      for (size_t i = 0; i < got.size(); ++i) expect_close(got[i], expected[i], 1e-6F);
    }
    return plan;
  }

  static int steps_of(const Plan& plan, StepKind kind) {
    return static_cast<int>(std::count_if(plan.steps.begin(), plan.steps.end(),
                                          [&](const Step& step) { return step.kind == kind; }));
  }

  NullDevice device_;
  ThreadPool pool_{2};
};

TEST_F(NullDeviceTest, RunsAWholeGraphInOneSegment) {
  const std::unique_ptr<Plan> plan =
      expect_right(R"(graph(%x: float32[1,8,8,3]) {
    %w = Const() {value=float32[1,1,3,2]{1,-2,3,-4,5,-6}}
    %1 = Conv2D(%x, %w)
    %2 = Unary(%1) {kind=Relu}
    %3 = Softmax(%2)
    return y=%3
  })",
                   {random_tensor(DType::kFloat32, {1, 8, 8, 3}, 1)});
  ASSERT_EQ(plan->segments.size(), 1U);
  EXPECT_EQ(plan->segments[0].space, Space::kDevice);
  EXPECT_EQ(steps_of(*plan, StepKind::kUpload), 1);
  EXPECT_EQ(steps_of(*plan, StepKind::kDownload), 1);
  EXPECT_EQ(plan->arena_bytes[0], 512U);  // y
  EXPECT_EQ(plan->steps.size(), 5U);
  EXPECT_TRUE(plan->is_static);
}

// What is copied up is written anew by the host as soon as nobody needs it, which is not when the
// step that copies it was issued.
TEST_F(NullDeviceTest, AMemoryInFlightIsNobodyElses) {
  expect_right(R"(graph(%x: float32[64,64], %i: int32[?]) {
    %zero = Const() {value=int32[]{0}}
    %shape = Const() {value=int32[2]{64,64}}
    %1 = Gather(%x, %i, %zero)
    %2 = Reshape(%1, %shape)
    %3 = Unary(%2) {kind=Neg}
    %4 = Gather(%3, %i, %zero)
    %5 = Reshape(%4, %shape)
    %6 = Binary(%5, %3) {kind=Mul}
    %7 = Gather(%6, %i, %zero)
    %8 = Reshape(%7, %shape)
    %9 = Binary(%8, %2)
    return y=%9, z=%6, w=%8
  })",
               {random_tensor(DType::kFloat32, {64, 64}, 1), [] {
                  Tensor t = Tensor::empty(DType::kInt32, {64});
                  for (int i = 0; i < 64; ++i) t.data<int32_t>()[i] = 63 - i;
                  return t;
                }()});
}

TEST_F(NullDeviceTest, LoopsStayOnTheHostBetweenSegments) {
  const std::unique_ptr<Plan> plan = expect_right(
      R"(graph(%n: int32[], %x: float32[32,32]) {
    %0: float32[32,32] = Unary(%x) {kind=Square}
    %00: float32[32,32] = MatMul(%0, %0)
    %1: int32[] = Const() {value=int32[]{0}}
    %2: int32[], %3: float32[32,32], %4: int32[] = While(%1, %00, %n) {cond={ graph(%i: int32[], %x: float32[32,32], %n: int32[]) {
      %1: bool[] = Binary(%i, %n) {kind=Less}
      return more=%1
    } }, body={ graph(%i: int32[], %x: float32[32,32], %n: int32[]) {
      %1: int32[] = Const() {value=int32[]{1}}
      %2: int32[] = Binary(%i, %1)
      %3: float32[32,32] = Unary(%x) {kind=Sigmoid}
      return i=%2, x=%3, n=%n
    } }} "loop"
    %5: float32[32,32] = MatMul(%3, %00)
    return x=%5
  })",
      {Tensor::of<int32_t>(DType::kInt32, {}, {3}), random_tensor(DType::kFloat32, {32, 32}, 2)});
  ASSERT_EQ(plan->segments.size(), 3U);
  EXPECT_EQ(plan->segments[1].space, Space::kHost);
  EXPECT_EQ(plan->segments[1].why, "loops and branches run on the host");
  EXPECT_EQ(plan->segments[1].after, 0U);
}

TEST_F(NullDeviceTest, AFailingKernelIsNamedAndNothingIsUnderWay) {
  const Graph graph = parse_graph(R"(graph(%x: float32[3], %i: int32[2]) {
    %zero = Const() {value=int32[]{0}}
    %1 = Gather(%x, %i, %zero) "pick"
    %2 = Unary(%1) {kind=Neg}
    return y=%2
  })");
  const std::unique_ptr<Plan> plan = build_plan(graph, context());
  ASSERT_EQ(plan->segments[0].space, Space::kDevice);
  PlanRunner runner(*plan, device_, pool_);
  const Tensor x = Tensor::of<float>(DType::kFloat32, {3}, {1, 2, 3});
  try {
    runner.executor().run({x, Tensor::of<int32_t>(DType::kInt32, {2}, {0, 7})});
    FAIL() << "index 7 of 3";
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find("node 'pick'"), std::string::npos) << e.what();
  }
  const Tensor good = Tensor::of<int32_t>(DType::kInt32, {2}, {0, 2});
  const std::vector<Tensor>& y = runner.executor().run({x, good});
  EXPECT_TRUE(identical(y[0], Tensor::of<float>(DType::kFloat32, {2}, {-1, -3})));
}

TEST_F(NullDeviceTest, ConstantsOfPlansThatShareThemAreThereOnce) {
  const Graph graph = parse_graph(R"(graph(%x: float32[1,2]) {
    %w = Const() {value=float32[2,3]{1,2,3,4,5,6}}
    %1 = MatMul(%x, %w)
    return y=%1
  })");
  BuildContext sharing = context();
  sharing.resident = std::make_shared<ResidentConstants>(device_);
  PreparedKernels kernels;
  sharing.record = &kernels;
  const std::unique_ptr<Plan> first = build_plan(graph, sharing);
  const int uploads = device_.counts().uploads;
  EXPECT_EQ(uploads, 1);
  sharing.record = nullptr;
  sharing.prepared = &kernels;
  const std::unique_ptr<Plan> second = build_plan(graph, sharing);
  EXPECT_EQ(device_.counts().uploads, uploads);
  PlanRunner one(*first, device_, pool_);
  PlanRunner two(*second, device_, pool_);
  const std::vector<Tensor> x{Tensor::of<float>(DType::kFloat32, {1, 2}, {1, 1})};
  const Tensor expected = Tensor::of<float>(DType::kFloat32, {1, 3}, {5, 7, 9});
  EXPECT_TRUE(identical(one.executor().run(x)[0], expected));
  EXPECT_TRUE(identical(two.executor().run(x)[0], expected));
  EXPECT_EQ(device_.counts().prepared, 2);
}

// An empty constant has no memory of its own: what follows it may lie at the same address.
TEST_F(NullDeviceTest, ConstantsAtOneAddressAreToldApart) {
  ResidentConstants resident(device_);
  float elements[2] = {3, 4};
  EXPECT_EQ(resident.get(Tensor::view(DType::kFloat32, {0}, elements)).num_elements(), 0);
  const Tensor there = resident.get(Tensor::view(DType::kFloat32, {2}, elements));
  ASSERT_NE(NullDevice::behind(there.raw()), nullptr);
  EXPECT_EQ(std::memcmp(NullDevice::behind(there.raw()), elements, sizeof elements), 0);
}

// Many layers whose kernels compute from scratch and from pieces that they prepared.
TEST_F(NullDeviceTest, ScratchAndPreparedPiecesAreTheirs) {
  Graph graph;
  ValueId x = graph.add_input("x", {DType::kFloat32, {1, 12, 12, 4}});
  for (int i = 0; i < 6; ++i) {
    const Shape filter{3, 3, 4, 4};
    const auto seed = static_cast<unsigned>(i);
    x = graph.add(Conv2D(), {x, graph.constant(random_tensor(DType::kFloat32, filter, seed))},
                  "conv");
    x = graph.add(Unary{UnaryKind::kTanh}, {x}, "tanh");
    if (i < 5)
      x = graph.add(
          Pad{},
          {x, graph.constant(Tensor::of<int32_t>(DType::kInt32, {4, 2}, {0, 0, 1, 1, 1, 1, 0, 0}))},
          "pad");
  }
  graph.add_output("y", x);
  const std::vector<Tensor> inputs{random_tensor(DType::kFloat32, {1, 12, 12, 4}, 9)};
  const std::vector<Tensor> expected = interpret(graph, inputs);
  PreparedKernels kernels;
  BuildContext recording = context();
  recording.record = &kernels;
  recording.resident = std::make_shared<ResidentConstants>(device_);
  const std::unique_ptr<Plan> plan = build_plan(graph, recording);
  const int uploads = device_.counts().uploads;
  recording.record = nullptr;
  recording.prepared = &kernels;
  const std::unique_ptr<Plan> again = build_plan(graph, recording);
  EXPECT_EQ(device_.counts().uploads, uploads);  // pieces are there once
  for (const Plan* made : {plan.get(), again.get()}) {
    PlanRunner runner(*made, device_, pool_);
    for (int run = 0; run < 3; ++run)
      expect_close(runner.executor().run(inputs)[0], expected[0], 1e-5F);
  }
}

TEST_F(NullDeviceTest, TakesAndGivesItsOwnMemory) {
  const Graph graph = parse_graph(R"(graph(%x: float32[4]) {
    %1 = Unary(%x) {kind=Neg}
    return y=%1
  })");
  BuildContext on_device_only = context();
  on_device_only.inputs_in = on_device_only.outputs_in = Space::kDevice;
  const std::unique_ptr<Plan> plan = build_plan(graph, on_device_only);
  EXPECT_EQ(plan->steps.size(), 1U);
  const std::unique_ptr<Queue> queue = device_.create_queue();
  const Tensor x = Tensor::of<float>(DType::kFloat32, {4}, {1, 2, 3, 4});
  PlanRunner runner(*plan, device_, pool_);
  const Tensor y = runner.executor().run({on_device(device_, *queue, x)})[0];
  Tensor back = Tensor::zeros(DType::kFloat32, {4});
  queue->download(back.raw(), y.raw(), y.num_bytes());
  queue->synchronize();
  EXPECT_TRUE(identical(back, Tensor::of<float>(DType::kFloat32, {4}, {-1, -2, -3, -4})));
}

// On the host and on a device.
TEST(Outputs, LieWhereTheyAreWantedWithoutACopy) {
  const Graph graph = parse_graph(R"(graph(%x: float32[16]) {
    %shape = Const() {value=int32[2]{4,4}}
    %1 = Unary(%x) {kind=Neg}
    %2 = Unary(%1) {kind=Square}
    %3 = Unary(%1) {kind=Abs}
    %4 = Reshape(%3, %shape)
    return free=%2, shared=%3, other=%4
  })");
  const std::vector<Tensor> x{random_tensor(DType::kFloat32, {16}, 1)};
  const std::vector<Tensor> expected = interpret(graph, x);
  ThreadPool pool(1);
  NullDevice null;
  const std::unique_ptr<Device> cpu = make_cpu_device();
  for (Device* device : {static_cast<Device*>(&null), cpu.get()}) {
    BuildContext context;
    context.device = device;
    context.host_kernels = cpu_kernels();
    const std::unique_ptr<Plan> plan = build_plan(graph, context);
    PlanRunner runner(*plan, *device, pool);
    const Tensor wide = Tensor::zeros(DType::kFloat32, {32});
    const auto at = [&](size_t byte) {
      auto* memory = static_cast<char*>(const_cast<void*>(wide.raw()));
      return Tensor::view(DType::kFloat32, {16}, memory + byte);
    };
    const std::vector<Tensor> aligned{at(0), at(64), Tensor()};
    const std::vector<Tensor>& got = runner.executor().run(x, aligned);
    EXPECT_EQ(got[0].raw(), wide.raw());
    EXPECT_EQ(got[1].raw() == aligned[1].raw(), plan->can_move_output[1]);
    for (size_t i = 0; i < 3; ++i) expect_close(got[i], expected[i], 1e-6F);
    EXPECT_NE(runner.executor().run(x, {at(4), {}, {}})[0].raw(), at(4).raw());
    EXPECT_NE(runner.executor().run(x)[0].raw(), wide.raw());
    expect_close(runner.executor().run(x)[0], expected[0], 1e-6F);
    EXPECT_TRUE(plan->can_move_output[0]);
    if (device == cpu.get()) {
      EXPECT_FALSE(plan->can_move_output[1]);  // the third is the same memory
    }
  }
}

class FarDevice : public NullDevice {
  Speed speed() const override { return {1, 10, 1e4, 1e6, 1e6}; }
};

TEST(Placement, ALoneCheapStepIsNotWorthItsCopies) {
  const Graph graph = parse_graph(R"(graph(%x: float32[?,4], %y: float32[4]) {
    %axis = Const() {value=int32[]{0}}
    %1 = Reduce(%x, %axis) {kind=Sum}
    %2 = Binary(%1, %y)
    %3 = Unary(%x) {kind=Neg}
    %4 = Binary(%3, %2)
    return z=%4
  })");
  FarDevice device;
  BuildContext context;
  context.device = &device;
  context.host_kernels = cpu_kernels();
  const Placement placement = place_nodes(graph, schedule(graph), context, false);
  for (NodeId id : placement.order) {
    if (graph.node(id).as<Const>()) continue;
    EXPECT_EQ(placement.spaces[id], Space::kHost) << id;
    EXPECT_NE(placement.why[id], "") << id;
  }
}

TEST_F(NullDeviceTest, EventsOrderQueues) {
  const std::unique_ptr<Queue> first = device_.create_queue();
  const std::unique_ptr<Queue> second = device_.create_queue();
  const std::unique_ptr<Event> written = first->create_event();
  const std::shared_ptr<void> memory = device_.allocate(4);
  for (int32_t i = 0; i < 50; ++i) {
    int32_t got = -1;
    first->upload(memory.get(), &i, sizeof i);
    first->record(*written);
    second->wait(*written);
    second->download(&got, memory.get(), sizeof got);
    second->synchronize();
    ASSERT_EQ(got, i);
  }
}

TEST_F(NullDeviceTest, LayersAreRacedInItsOwnQueue) {
  const Graph graph = parse_graph(R"(graph(%x: float32[1,16]) {
    %w = Const() {value=float32[16,4]{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64}}
    %1 = MatMul(%x, %w)
    return y=%1
  })");
  const Node& node = graph.node(graph.value(graph.outputs()[0].value).producer);
  const OpDesc desc = describe(graph, node);
  const std::vector<const KernelRow*> rows = rows_for(desc, context(), Space::kDevice);
  ASSERT_EQ(rows.size(), 1U);
  TuneOptions options;
  options.layer_ms = 1;
  options.least_share = 0;
  const RaceResult result = race(rows, desc, {device_, Space::kDevice, pool_}, options);
  ASSERT_EQ(result.timings.size(), 1U);
  EXPECT_EQ(result.timings[0].kernel, "null.MatMul");
  EXPECT_GT(result.timings[0].ms, 0);
}

// Two ways share an edge: what the first path took there must be given back.
TEST(MinCut, TakesBackWhatAPathTookWrongly) {
  MinCut cut;
  const size_t a = cut.add_vertex();
  const size_t b = cut.add_vertex();
  const size_t c = cut.add_vertex();
  const size_t d = cut.add_vertex();
  cut.add_edge(MinCut::kSource, a, 1);
  cut.add_edge(a, b, 1);
  cut.add_edge(b, MinCut::kSink, 1);
  cut.add_edge(MinCut::kSource, c, 1);
  cut.add_edge(c, b, 1);
  cut.add_edge(a, d, 1);
  cut.add_edge(d, MinCut::kSink, 2);
  const std::vector<bool> sides = cut.solve();
  for (const size_t v : {a, b, c, d}) EXPECT_FALSE(sides[v]) << v;  // both source edges are full
}

TEST(MinCut, FindsTheCheapestSide) {
  MinCut cut;
  const size_t a = cut.add_vertex();
  const size_t b = cut.add_vertex();
  cut.add_edge(MinCut::kSource, a, 10);
  cut.add_edge(a, b, 3);
  cut.add_edge(b, MinCut::kSink, 10);
  const std::vector<bool> sides = cut.solve();
  EXPECT_TRUE(sides[a]);
  EXPECT_FALSE(sides[b]);
}

}  // namespace
}  // namespace thaw
