#include "thaw/engine.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "base/memory.h"
#include "base/noise.h"
#include "base/stop.h"
#include "engine/build_plan.h"
#include "engine/engine_core.h"
#include "engine/inference.h"
#include "graph/graph.h"
#include "runtime/executor.h"
#include "runtime/null_device.h"
#include "tests/counting_new.h"
#include "thaw/error.h"
#include "thaw/request.h"
#include "thaw/timings.h"

namespace thaw {
namespace {

// Two convolutions, a branch, a reshape: image [?,?,?,3] -> scores [n, h*w, 4].
Model small_network() {
  Graph g;
  const ValueId image =
      g.add_input("image", {DType::kFloat32, {kUnknownDim, kUnknownDim, kUnknownDim, 3}});
  Conv2D same;
  same.padding = Padding::kSame;
  same.strides = {2, 2};
  ValueId x = g.add(same, {image, g.constant(random_floats({3, 3, 3, 8}, 1))}, "first");
  x = g.add(Unary{UnaryKind::kRelu6}, {x}, "relu");
  DepthwiseConv2D depthwise;
  depthwise.padding = Padding::kSame;
  const ValueId y = g.add(depthwise, {x, g.constant(random_floats({3, 3, 8, 1}, 2))}, "depthwise");
  x = g.add(Binary{BinaryKind::kAdd}, {x, y}, "residual");
  x = g.add(Conv2D{}, {x, g.constant(random_floats({1, 1, 8, 4}, 3))}, "pointwise");
  const ValueId shape = g.add(ShapeOf{}, {x}, "shape");
  StridedSlice first;
  first.shrink_axis_mask = 1;
  const ValueId batch = g.add(
      first, {shape, g.constant_ints({0}), g.constant_ints({1}), g.constant_ints({1})}, "batch");
  const ValueId minus_one = g.constant(Tensor::of<int32_t>(DType::kInt32, {}, {-1}));
  const ValueId four = g.constant(Tensor::of<int32_t>(DType::kInt32, {}, {4}));
  const ValueId target = g.add(Pack{}, {batch, minus_one, four}, "target");
  x = g.add(Reshape{}, {x, target}, "flat");
  g.add_output("scores", g.add(Unary{UnaryKind::kSigmoid}, {x}, "scores"));
  return Model::from_graph(std::move(g));
}

// (n) -> 0 + 1 + ... + n-1 and the list of its steps, by a loop.
Model counting_loop() {
  Graph cond;
  const ValueId ci = cond.add_input("i", {DType::kInt32, {}});
  const ValueId cn = cond.add_input("n", {DType::kInt32, {}});
  cond.add_input("sum", {DType::kInt32, {}});
  cond.add_input("steps", {DType::kList, {}});
  cond.add_output("more", cond.add(Binary{BinaryKind::kLess}, {ci, cn}));
  Graph body;
  const ValueId i = body.add_input("i", {DType::kInt32, {}});
  const ValueId n = body.add_input("n", {DType::kInt32, {}});
  const ValueId sum = body.add_input("sum", {DType::kInt32, {}});
  const ValueId steps = body.add_input("steps", {DType::kList, {}});
  const ValueId one = body.constant(Tensor::of<int32_t>(DType::kInt32, {}, {1}));
  const ValueId next_sum = body.add(Binary{BinaryKind::kAdd}, {sum, i});
  body.add_output("i", body.add(Binary{BinaryKind::kAdd}, {i, one}));
  body.add_output("n", n);
  body.add_output("sum", next_sum);
  body.add_output("steps", body.add(ListSet{}, {steps, i, next_sum}));
  Graph g;
  const ValueId input = g.add_input("n", {DType::kInt32, {}});
  const ValueId zero = g.constant(Tensor::of<int32_t>(DType::kInt32, {}, {0}));
  ListReserve reserve;
  reserve.dtype = DType::kInt32;
  reserve.element_shape = Shape{};
  const ValueId list = g.add(reserve, {input}, "list");
  While loop;
  loop.cond = g.add_subgraph(std::move(cond));
  loop.body = g.add_subgraph(std::move(body));
  const NodeId node = g.add_node(loop, {zero, input, zero, list}, "loop");
  const std::vector<ValueId> results = g.node(node).outputs;
  g.add_output("sum", results[2]);
  ListStack stack;
  stack.dtype = DType::kInt32;
  stack.element_shape = Shape{};
  g.add_output("steps", g.add(stack, {results[3]}, "stack"));
  return Model::from_graph(std::move(g));
}

void expect_close(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  for (int64_t i = 0; i < a.num_elements(); ++i)
    ASSERT_NEAR(a.data<float>()[i], b.data<float>()[i], 1e-5) << "element " << i;
}

TEST(Engine, ComputesTheOutputsThatAreAskedFor) {
  const Tensor n = Tensor::of<int32_t>(DType::kInt32, {}, {5});
  Request all{Engine(counting_loop())};
  EngineOptions options;
  options.outputs = {"steps"};
  const Engine some(counting_loop(), options);
  ASSERT_EQ(some.outputs().size(), 1U);
  EXPECT_EQ(some.outputs()[0].name, "steps");
  const std::vector<Tensor> got = some.run({n});
  const std::vector<Tensor> want = all.run({n});
  ASSERT_EQ(got.size(), 1U);
  ASSERT_EQ(got[0].shape(), want[1].shape());
  for (int64_t i = 0; i < 5; ++i) EXPECT_EQ(got[0].int_at(i), want[1].int_at(i));

  options.outputs = {"sum"};  // the list is not stacked
  Request sum(Engine(counting_loop(), options));
  EXPECT_EQ(sum.run({n})[0].int_at(0), 10);
  EXPECT_LT(sum.layers().size(), all.layers().size());
  options.outputs = {"sum", "product"};
  EXPECT_THROW(Engine(counting_loop(), options), UsageError);
}

TEST(Engine, CpuAgreesWithReferenceAtEveryShape) {
  EngineOptions ref;
  ref.device = "ref";
  ref.disabled_passes = pass_names();
  Engine plain(small_network(), ref);
  Request fast{Engine(small_network())};
  for (const Shape& shape :
       {Shape{1, 33, 17, 3}, Shape{2, 8, 8, 3}, Shape{1, 33, 17, 3}, Shape{3, 1, 1, 3}}) {
    const Tensor image = random_floats(shape, 7);
    expect_close(fast.run({image})[0], plain.run({image})[0]);
    EXPECT_TRUE(fast.plan().is_static);
  }
}

TEST(Engine, TunedGivesTheSameAndSaysWhatRan) {
  const std::string timings =
      (std::filesystem::temp_directory_path() /
       ("engine_test_timings" + std::to_string(::testing::UnitTest::GetInstance()->random_seed())))
          .string();
  EngineOptions options;
  options.threads = 2;
  Engine plain(small_network(), options);
  options.tune = true;
  options.timing_cache = timings;
  const Tensor image = random_floats({1, 33, 17, 3}, 7);
  for (int i = 0; i < 2; ++i) {  // raced, then from the file
    Request tuned(Engine(small_network(), options));
    expect_close(tuned.run({image})[0], plain.run({image})[0]);
    for (const LayerInfo& layer : tuned.layers()) {
      EXPECT_GE(layer.threads, 1) << layer.name;
      EXPECT_LE(layer.threads, 2) << layer.name;
    }
    EXPECT_EQ(tuned.engine().threads(), 2);
  }
  EXPECT_FALSE(read_timings(timings).empty());
  std::filesystem::remove(timings);
}

TEST(Engine, ShapesPastTheCacheRunOnTheGeneralPlan) {
  EngineOptions one_plan;
  one_plan.max_cached_engines = 1;
  Request small_cache(Engine(small_network(), one_plan));
  Engine engine(small_network());
  for (int64_t size : {5, 6, 7, 5}) {
    const Tensor image = random_floats({1, size, size, 3}, 11);
    expect_close(small_cache.run({image})[0], engine.run({image})[0]);
    EXPECT_EQ(small_cache.plan().is_static, size == 5);
  }
}

// y = x + (scale where it is fed, else 10).
Model optional_input() {
  Graph g;
  const ValueId x = g.add_input("x", {DType::kFloat32, {kUnknownDim}});
  const ValueId scale = g.add_input("scale", {DType::kFloat32, Shape::unknown()});
  const ValueId ten = g.constant(Tensor::of<float>(DType::kFloat32, {}, {10}));
  const ValueId chosen = g.add(Identity{}, {scale, ten}, "scale_or_default");
  g.set_type(chosen, {DType::kFloat32, Shape::unknown()});
  g.add_output("y", g.add(Binary{BinaryKind::kAdd}, {x, chosen}, "y"));
  return Model::from_graph(std::move(g));
}

TEST(Engine, APlanServesWhatIsFedAndNothingElse) {
  const Model model = optional_input();
  ASSERT_TRUE(model.inputs()[1].optional);
  ASSERT_FALSE(model.inputs()[0].optional);
  for (const int plans : {1, 2, 4}) {
    EngineOptions options;
    options.max_cached_engines = plans;
    const Engine engine(model, options);
    Request one(engine);
    Request other(engine);
    for (int64_t i = 0; i < 24; ++i) {
      const Tensor x = random_floats({1 + i % 5}, 7);
      // Not fed, a scalar, a vector: the ranks of one input.
      Tensor scale;
      if (i % 3 > 0) scale = random_floats(i % 3 == 1 ? Shape{} : x.shape(), 8);
      const Tensor y = (i % 2 == 0 ? one : other).run({x, scale})[0];
      ASSERT_EQ(y.shape(), x.shape());
      for (int64_t k = 0; k < x.num_elements(); ++k) {
        const float added = !scale.defined() ? 10 : scale.data<float>()[i % 3 == 1 ? 0 : k];
        EXPECT_EQ(y.data<float>()[k], x.data<float>()[k] + added) << plans << " plans, run " << i;
      }
    }
  }
}

TEST(Engine, AllocatesNothingOncePlanned) {
  EngineOptions options;
  options.threads = 2;
  Request request(Engine(small_network(), options));
  const std::vector<Tensor> inputs{random_floats({1, 32, 32, 3}, 5)};
  request.run(inputs);
  request.run(inputs);
  const size_t news_before = count_of_news();
  const size_t host_before = host_allocations();
  for (int i = 0; i < 10; ++i) request.run(inputs);
  EXPECT_EQ(count_of_news() - news_before, 0U);
  EXPECT_EQ(host_allocations() - host_before, 0U);
}

// Bytes that the C library's allocator has given out.
size_t bytes_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A matrix product whose weights are all there is: [n, 1000] -> [n, 1000], 4 MB.
Model heavy_network() {
  Graph g;
  const ValueId x = g.add_input("x", {DType::kFloat32, {kUnknownDim, 1000}});
  const ValueId weights = g.constant(random_floats({1000, 1000}, 1));
  g.add_output("y", g.add(MatMul{}, {x, weights}, "product"));
  return Model::from_graph(std::move(g));
}

TEST(Engine, RequestsShareWeights) {
  constexpr size_t kWeights = 4000000;
  const size_t at_first = bytes_in_use();
  const Tensor probe = Tensor::zeros(DType::kUInt8, {kWeights});
  if (bytes_in_use() - at_first < kWeights) GTEST_SKIP() << "this allocator counts no bytes";
  const Engine engine(heavy_network());
  size_t before = bytes_in_use();
  Request first(engine);
  first.prepare({{2, 1000}});
  EXPECT_GE(bytes_in_use() - before, kWeights);
  before = bytes_in_use();
  Request second(engine);
  second.prepare({{2, 1000}});
  EXPECT_LT(bytes_in_use() - before, kWeights / 4);
  EXPECT_EQ(second.memory().weights, first.memory().weights);
}

TEST(Engine, RequestsShareConstantsOnTheDevice) {
  EngineOptions options;
  options.device = "null";
  options.minimum_segment_size = 1;
  EngineCore core(heavy_network(), options);
  const auto& device = dynamic_cast<const NullDevice&>(core.device());
  Inference first(core);
  first.prepare({{2, 1000}});
  const int uploads = device.counts().uploads;
  EXPECT_GT(uploads, 0);
  Inference second(core);
  second.prepare({{2, 1000}});
  EXPECT_EQ(device.counts().uploads, uploads);
  const std::vector<Tensor> x{random_floats({2, 1000}, 2)};
  EXPECT_TRUE(identical(first.run(x)[0], second.run(x)[0]));
}

TEST(Engine, WhatIsIdleHoldsNoPlanThatMadeWay) {
  EngineOptions options;
  options.max_cached_engines = 1;
  EngineCore core(small_network(), options);
  std::vector<const Inference*> idle;
  {
    std::unique_ptr<Inference> first = core.borrow();
    std::unique_ptr<Inference> second = core.borrow();
    for (const auto* inference : {&first, &second}) {
      (*inference)->run({random_floats({1, 8, 8, 3}, 1)});
      EXPECT_GT((*inference)->memory().weights, 0U);
      idle.push_back(inference->get());
    }
    core.give_back(std::move(first));
    core.cache().for_certain({{1, 12, 8, 3}});
    core.give_back(std::move(second));
  }
  for (const Inference* inference : idle) EXPECT_EQ(inference->memory().weights, 0U);

  std::unique_ptr<Inference> third = core.borrow();
  third->run({random_floats({1, 12, 8, 3}, 1)});
  idle = {third.get()};
  core.give_back(std::move(third));
  EXPECT_GT(idle[0]->memory().weights, 0U);
  core.prepare({{1, 8, 8, 3}});
  EXPECT_EQ(idle[0]->memory().weights, 0U);
}

// One that goes on with another plan than the one that made way.
TEST(Engine, ARequestHoldsNoPlanThatMadeWayPastItsNextRun) {
  EngineOptions options;
  options.max_cached_engines = 2;
  EngineCore core(heavy_network(), options);
  Inference inference(core);
  const std::vector<Tensor> x{random_floats({3, 1000}, 2)};
  inference.run({random_floats({2, 1000}, 2)});
  inference.run(x);
  const std::weak_ptr<const CachedPlan> old = core.cache().plans()[1];
  core.cache().for_certain({{4, 1000}});
  inference.run(x);
  EXPECT_TRUE(old.expired());
}

TEST(Engine, SaysWhatItsDeviceIs) {
  EngineOptions options;
  for (const char* name : {"cpu", "ref", "null"}) {
    options.device = name;
    const DeviceInfo info = Engine(small_network(), options).device_info();
    EXPECT_EQ(info.name, name);
    EXPECT_EQ(info.identity, device_info(name).identity);
    EXPECT_EQ(info.is_host, device_info(name).is_host);
  }
}

TEST(Engine, PinnedRequestsGiveTheSameResults) {
  EngineOptions options;
  options.threads = 2;
  Engine engine(small_network(), options);
  options.pin = true;
  Engine pinned(small_network(), options);
  const Tensor image = random_floats({1, 32, 32, 3}, 5);
  EXPECT_TRUE(identical(pinned.run({image})[0], engine.run({image})[0]));
}

TEST(Engine, RunsLoopsAndLists) {
  for (const char* device : {"ref", "cpu"}) {
    EngineOptions options;
    options.device = device;
    Engine engine(counting_loop(), options);
    const std::vector<Tensor> out = engine.run({Tensor::of<int32_t>(DType::kInt32, {}, {5})});
    EXPECT_EQ(out[0].data<int32_t>()[0], 10);
    ASSERT_EQ(out[1].shape(), (Shape{5}));
    EXPECT_EQ(out[1].ints(), (std::vector<int64_t>{0, 1, 3, 6, 10}));
    EXPECT_EQ(engine.run({Tensor::of<int32_t>(DType::kInt32, {}, {0})})[0].data<int32_t>()[0], 0);
  }
}

TEST(Engine, RefusesInputsThatDoNotFit) {
  Engine engine(small_network());
  EXPECT_THROW(engine.run({}), InputError);
  EXPECT_THROW(engine.run({random_floats({1, 8, 8, 4}, 1)}), InputError);
  EXPECT_THROW(engine.run({Tensor::zeros(DType::kUInt8, {1, 8, 8, 3})}), InputError);
  EngineOptions nowhere;
  nowhere.device = "abacus";
  EXPECT_THROW(Engine(small_network(), nowhere), UsageError);
}

TEST(Engine, KeepsToTheMemoryLimit) {
  EngineOptions options;
  options.memory_limit = size_t{1} << 20;
  Engine engine(small_network(), options);
  engine.run({random_floats({1, 16, 16, 3}, 1)});
  EXPECT_THROW(engine.run({random_floats({1, 1024, 1024, 3}, 1)}), ResourceError);
}

// x, twice as long in each of 40 turns.
Model doubling_loop(DType dtype) {
  Graph body;
  const ValueId x = body.add_input("x", {dtype, {kUnknownDim}});
  const ValueId turn = body.add_input("turn", {DType::kInt32, {}});
  const ValueId one = body.constant(Tensor::of<int32_t>(DType::kInt32, {}, {1}));
  if (dtype == DType::kString)
    body.add_output("x", body.add(StringJoin{}, {x, x}, "double"));
  else
    body.add_output("x", body.add(Tile{}, {x, body.constant_ints({2})}, "double"));
  body.add_output("turn", body.add(Binary{BinaryKind::kAdd}, {turn, one}));
  Graph cond;
  cond.add_input("x", {dtype, {kUnknownDim}});
  const ValueId at = cond.add_input("turn", {DType::kInt32, {}});
  const ValueId end = cond.constant(Tensor::of<int32_t>(DType::kInt32, {}, {40}));
  cond.add_output("more", cond.add(Binary{BinaryKind::kLess}, {at, end}));
  Graph g;
  const ValueId start = g.add_input("x", {dtype, {kUnknownDim}});
  const ValueId zero = g.constant(Tensor::of<int32_t>(DType::kInt32, {}, {0}));
  While loop;
  loop.cond = g.add_subgraph(std::move(cond));
  loop.body = g.add_subgraph(std::move(body));
  const NodeId node = g.add_node(loop, {start, zero}, "loop");
  g.add_output("x", g.node(node).outputs[0]);
  return Model::from_graph(std::move(g));
}

TEST(Engine, KeepsToTheMemoryLimitWhileItRuns) {
  for (const DType dtype : {DType::kFloat32, DType::kString}) {
    EngineOptions options;
    options.memory_limit = size_t{1} << 20;
    Engine engine(doubling_loop(dtype), options);
    Tensor x = Tensor::empty(dtype, {1});
    if (dtype == DType::kString)
      *x.data<std::string>() = "text";
    else
      *x.data<float>() = 1;
    try {
      engine.run({x});
      ADD_FAILURE() << dtype_name(dtype);
    } catch (const ResourceError& e) {
      EXPECT_NE(std::string(e.what()).find("'double'"), std::string::npos) << e.what();
    }
  }
}

TEST(Engine, RefusesATensorThatNoMemoryHolds) {
  for (const int64_t size : {int64_t{1} << 62, int64_t{1} << 45}) {
    Graph g;
    const ValueId x = g.add_input("x", {DType::kFloat32, {1}});
    const ValueId many = g.constant(Tensor::of<int64_t>(DType::kInt64, {1}, {size}));
    try {
      g.add_output("y", g.add(Tile{}, {x, many}, "tiled"));
      Engine(Model::from_graph(std::move(g))).run({Tensor::zeros(DType::kFloat32, {1})});
      ADD_FAILURE() << size;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("'tiled"), std::string::npos) << e.what();
    }
  }
}

TEST(Engine, ALoopWithoutEndCanBeStopped) {
  Graph body;
  const ValueId before = body.add_input("x", {DType::kFloat32, {}});
  body.add_output("x", body.add(Binary{BinaryKind::kAdd}, {before, before}));
  Graph cond;
  const ValueId at = cond.add_input("x", {DType::kFloat32, {}});
  cond.add_output("more", cond.add(Binary{BinaryKind::kEqual}, {at, at}));
  Graph g;
  const ValueId x = g.add_input("x", {DType::kFloat32, {}});
  While loop;
  loop.cond = g.add_subgraph(std::move(cond));
  loop.body = g.add_subgraph(std::move(body));
  g.add_output("x", g.add(loop, {x}, "loop"));
  Engine engine(Model::from_graph(std::move(g)));
  StopSignal stop;
  stop.stop_after(0.02);
  const StopScope scope(&stop);
  EXPECT_THROW(engine.run({Tensor::zeros(DType::kFloat32, {})}), Stopped);
}

TEST(Engine, WhereNothingMayBeBuiltTheSlowPlanRuns) {
  EngineOptions options;
  options.allow_build = false;
  const Tensor image = random_floats({1, 32, 32, 3}, 5);
  const Engine engine(small_network(), options);
  const Tensor got = engine.run({image})[0];
  const Tensor want = Engine(small_network()).run({image})[0];
  ASSERT_EQ(got.shape(), want.shape());
  for (int64_t i = 0; i < got.num_elements(); ++i)
    EXPECT_NEAR(got.data<float>()[i], want.data<float>()[i], 1e-4);
  ASSERT_EQ(engine.plans().size(), 1U);
  EXPECT_EQ(engine.plans()[0].rung, PlanRung::kBuildNotAllowed);
  EXPECT_TRUE(engine.plans()[0].is_slow);
  options.strict = true;
  EXPECT_THROW(Engine(small_network(), options).run({image}), ResourceError);
}

TEST(Engine, StrictAllowsNoShapesPastTheCache) {
  EngineOptions options;
  options.strict = true;
  options.max_cached_engines = 1;
  Engine engine(small_network(), options);
  engine.run({random_floats({1, 16, 16, 3}, 1)});
  try {
    engine.run({random_floats({1, 18, 16, 3}, 1)});
    ADD_FAILURE();
  } catch (const ResourceError& e) {
    EXPECT_NE(std::string(e.what()).find("max_cached_engines is 1"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace thaw
