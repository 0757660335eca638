#include "thaw/request.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <future>
#include <thread>

#include "base/memory.h"
#include "base/noise.h"
#include "graph/graph.h"
#include "tests/counting_new.h"
#include "thaw/batcher.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// image [?,?,?,3] -> scores [n, h, w, 4], by two layers.
Model network() {
  Graph g;
  const ValueId image =
      g.add_input("image", {DType::kFloat32, {kUnknownDim, kUnknownDim, kUnknownDim, 3}});
  Conv2D same;
  same.padding = Padding::kSame;
  ValueId x = g.add(same, {image, g.constant(random_floats({3, 3, 3, 8}, 1))}, "first");
  x = g.add(Unary{UnaryKind::kRelu6}, {x}, "relu");
  x = g.add(Conv2D{}, {x, g.constant(random_floats({1, 1, 8, 4}, 3))}, "second");
  g.add_output("scores", g.add(Unary{UnaryKind::kSigmoid}, {x}, "scores"));
  return Model::from_graph(std::move(g));
}

// y = x + x.
Model doubling() {
  Graph g;
  const ValueId x = g.add_input("x", {DType::kFloat32, {2}});
  g.add_output("y", g.add(Binary{BinaryKind::kAdd}, {x, x}, "sum"));
  return Model::from_graph(std::move(g));
}

// A loop over the scalar x that never ends unless it is not a number.
Model endless() {
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
  return Model::from_graph(std::move(g));
}

TEST(Request, ReadsAndWritesMemoryOfTheCallers) {
  Request request{Engine(doubling())};
  float x[2] = {1, 2};
  float y[2] = {0, 0};
  request.set_input("x", Tensor::view(DType::kFloat32, {2}, x));
  request.run();
  EXPECT_EQ(request.output("y").data<float>()[1], 4);
  x[1] = 7;  // the memory itself is the input: it is not set again
  request.set_output("y", Tensor::view(DType::kFloat32, {2}, y));
  request.run();
  EXPECT_EQ(y[0], 2);
  EXPECT_EQ(y[1], 14);
  EXPECT_EQ(request.output("y").raw(), y);
  request.set_output(0, Tensor());
  x[1] = 1;
  request.run();
  EXPECT_EQ(y[1], 14);
  EXPECT_EQ(request.outputs()[0].data<float>()[1], 2);
}

TEST(Request, HasMemoryOfItsOwn) {
  Request request{Engine(network())};
  const Tensor image = random_floats({1, 8, 8, 3}, 1);
  Tensor& own = request.input("image", {1, 8, 8, 3});
  std::copy_n(image.data<float>(), image.num_elements(), own.data<float>());
  const Tensor scores = request.run()[0].clone();
  EXPECT_TRUE(identical(scores, request.run({image})[0]));
  EXPECT_EQ(request.input(0, {1, 8, 8, 3}).raw(), own.raw());
  EXPECT_TRUE(identical(scores, request.run()[0]));
  EXPECT_THROW(request.input(0, {1, 8, 8, 4}), InputError);
}

TEST(Request, RefusesWhatDoesNotFit) {
  const Engine engine(doubling());
  Request request(engine);
  EXPECT_THROW(request.run(), InputError);  // nothing is fed
  EXPECT_THROW(request.outputs(), UsageError);
  EXPECT_THROW(request.set_input("x", Tensor::zeros(DType::kFloat32, {3})), InputError);
  EXPECT_THROW(request.set_input("X", Tensor::zeros(DType::kFloat32, {2})), UsageError);
  EXPECT_THROW(request.set_input(1, Tensor::zeros(DType::kFloat32, {2})), UsageError);
  EXPECT_THROW(request.set_output(0, Tensor::zeros(DType::kInt32, {2})), InputError);
  request.set_output(0, Tensor::zeros(DType::kFloat32, {3}));
  EXPECT_THROW(request.run({Tensor::zeros(DType::kFloat32, {2})}), InputError);
  request.set_output(0, Tensor());
  EXPECT_EQ(request.run({Tensor::zeros(DType::kFloat32, {2})}).size(), 1U);
  EXPECT_EQ(engine.input_index("x"), 0U);
  try {
    engine.output_index("z");
    ADD_FAILURE();
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find("no output 'z'"), std::string::npos) << e.what();
  }
}

// Tensors without elements have one and the same memory: none.
TEST(Request, RefusesMemoryOfAnotherShapeForNoElements) {
  Graph g;
  const ValueId x = g.add_input("x", {DType::kFloat32, {kUnknownDim, kUnknownDim}});
  g.add_output("y", g.add(Unary{UnaryKind::kNeg}, {x}, "y"));
  Request request{Engine(Model::from_graph(std::move(g)))};
  const Tensor none = Tensor::zeros(DType::kFloat32, {3, 0});
  const void* memory = request.run({none})[0].raw();
  for (const Shape& shape : {Shape{0, 5}, Shape{3, 0}}) {
    request.set_output(0, Tensor::view(DType::kFloat32, shape, const_cast<void*>(memory)));
    if (shape == none.shape())
      EXPECT_EQ(request.run({none})[0].shape(), shape);
    else
      EXPECT_THROW(request.run({none}), InputError);
  }
}

TEST(Request, IsStartedWaitedForAndCancelled) {
  Request request{Engine(endless())};
  const Tensor never = Tensor::zeros(DType::kFloat32, {});
  const Tensor ends = Tensor::of<float>(DType::kFloat32, {}, {NAN});
  request.cancel();  // nothing goes on
  request.set_input(0, never);
  for (int i = 0; i < 3; ++i) {
    request.start();
    EXPECT_FALSE(request.wait_for(std::chrono::milliseconds(2)));
    EXPECT_TRUE(request.is_running());
    EXPECT_THROW(request.run(), UsageError);
    EXPECT_THROW(request.set_input(0, ends), UsageError);
    EXPECT_THROW(request.outputs(), UsageError);
    request.cancel();
    EXPECT_THROW(request.wait(), Cancelled);
    EXPECT_NO_THROW(request.wait());
    EXPECT_THROW(request.outputs(), UsageError);
  }
  request.set_input(0, ends);
  request.start();
  request.wait();
  EXPECT_TRUE(std::isnan(request.outputs()[0].data<float>()[0]));
  std::thread other([&] {
    while (!request.is_running()) std::this_thread::yield();
    request.cancel();
  });
  EXPECT_THROW(request.run({never}), Cancelled);
  other.join();
  request.start();  // its end does not wait for the run's
}

TEST(Request, CallsBackAndMayBeStartedFromThere) {
  Request request{Engine(doubling())};
  std::atomic<int> calls{0};
  std::promise<void> done;
  request.set_input(0, Tensor::zeros(DType::kFloat32, {2}));
  request.set_callback([&](const std::exception_ptr& error) {
    EXPECT_FALSE(error);
    if (++calls < 5)
      request.start();
    else
      done.set_value();
  });
  request.start();
  done.get_future().wait();
  EXPECT_EQ(calls, 5);
}

// Between two runs, and while the callback is at work.
TEST(Request, EndsThoughItsCallbackStartsItAgain) {
  for (const auto callback_takes : {std::chrono::milliseconds(0), std::chrono::milliseconds(2)}) {
    auto request = std::make_unique<Request>(Engine(doubling()));
    std::atomic<bool> goes_on{true};
    std::promise<void> ran;
    std::atomic<int> calls{0};
    request->set_input(0, Tensor::zeros(DType::kFloat32, {2}));
    request->set_callback([&, again = request.get()](const std::exception_ptr&) {
      if (++calls == 3) ran.set_value();
      std::this_thread::sleep_for(callback_takes);
      if (goes_on) again->start();
    });
    request->start();
    ran.get_future().wait();
    std::future<void> end = std::async(std::launch::async, [&] { request.reset(); });
    EXPECT_EQ(end.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    goes_on = false;
    end.wait();
  }
}

TEST(Request, ResultsGoWithThePlanThatMakesWay) {
  EngineOptions options;
  options.max_cached_engines = 1;
  Request request(Engine(network(), options));
  request.run({random_floats({1, 8, 8, 3}, 1)});
  request.prepare({{1, 12, 8, 3}});
  EXPECT_THROW(request.outputs(), UsageError);
  EXPECT_THROW(request.output("scores"), UsageError);
  EXPECT_EQ(request.run({random_floats({1, 12, 8, 3}, 1)})[0].shape(), (Shape{1, 12, 8, 4}));
  EXPECT_EQ(request.outputs()[0].shape(), (Shape{1, 12, 8, 4}));
}

TEST(Request, AllocatesNothingOncePlanned) {
  EngineOptions options;
  options.threads = 2;
  Request request(Engine(network(), options));
  Tensor scores = Tensor::empty(DType::kFloat32, {1, 16, 16, 4});
  request.set_output(0, scores);
  const std::vector<Tensor> a{random_floats({1, 16, 16, 3}, 5)};
  const auto run = [&] {
    request.run(a);
    request.start();
    request.wait();
  };
  run();
  run();
  const size_t news = count_of_news();
  const size_t host = host_allocations();
  for (int i = 0; i < 10; ++i) run();
  EXPECT_EQ(count_of_news() - news, 0U);
  EXPECT_EQ(host_allocations() - host, 0U);
}

void expect_that_many_give_what_one_gives(const std::string& device) {
  EngineOptions options;
  options.device = device;
  options.threads = 2;
  options.max_cached_engines = 2;
  const Engine engine(network(), options);
  std::vector<Tensor> images, expected;
  for (int64_t i = 0; i < 4; ++i) images.push_back(random_floats({1, 8 + 4 * (i % 2), 16, 3}, 9));
  for (const Tensor& image : images) expected.push_back(engine.run({image})[0]);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      Request request(engine);
      for (size_t i = 0; i < 40; ++i) {
        const size_t k = (i + t) % images.size();
        if (i % 3 == 0) {
          EXPECT_TRUE(identical(engine.run({images[k]})[0], expected[k]));
        } else if (i % 3 == 1) {
          EXPECT_TRUE(identical(request.run({images[k]})[0], expected[k]));
        } else {
          request.set_input(0, images[k]);
          request.start();
          request.wait();
          EXPECT_TRUE(identical(request.outputs()[0], expected[k]));
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(engine.plans().size(), 2U);
}

TEST(Request, ManyOfOneEngineGiveWhatOneGives) {
  for (const char* device : {"cpu", "ref", "null"}) expect_that_many_give_what_one_gives(device);
}

// Plans go while others run them; whoever holds one is done with it first.
TEST(Request, APlanThatMakesWayIsRunToItsEnd) {
  EngineOptions options;
  options.threads = 1;
  options.max_cached_engines = 1;
  const Engine engine(network(), options);
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const Tensor image = random_floats({1, 6 + t, 9, 3}, 3);
      Request request(engine);
      request.prepare({image.shape()});
      const Tensor expected = request.run({image})[0].clone();
      for (int i = 0; i < 25; ++i) {
        if (i % 8 == t) request.prepare({image.shape()});
        const Tensor& got = request.run({image})[0];
        for (int64_t k = 0; k < got.num_elements(); ++k)
          ASSERT_NEAR(got.data<float>()[k], expected.data<float>()[k], 1e-6);
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Request, OutlivesTheEngineAndOtherRequests) {
  auto engine = std::make_unique<Engine>(network());
  auto first = std::make_unique<Request>(*engine);
  const Tensor image = random_floats({1, 8, 8, 3}, 5);
  const Tensor expected = first->run({image})[0].clone();
  Request second(*engine);
  engine.reset();
  first.reset();
  EXPECT_TRUE(identical(second.run({image})[0], expected));
  EXPECT_EQ(second.plan().origin, "built in memory");
  const Engine copy = second.engine();
  EXPECT_EQ(copy.plans().size(), 1U);
  EXPECT_EQ(second.stages().prepare > 0, true);
  second.run({image});
  EXPECT_EQ(second.stages().prepare, 0);
}

// x [?, 2] -> x + the batch's size.
Model batch_size() {
  Graph g;
  const ValueId x = g.add_input("x", {DType::kFloat32, {kUnknownDim, 2}});
  const ValueId shape = g.add(ShapeOf{}, {x}, "shape");
  const ValueId first =
      g.add(StridedSlice{},
            {shape, g.constant_ints({0}), g.constant_ints({1}), g.constant_ints({1})}, "batch");
  const ValueId size = g.add(Cast{DType::kFloat32}, {first}, "size");
  g.add_output("y", g.add(Binary{BinaryKind::kAdd}, {x, size}, "y"));
  return Model::from_graph(std::move(g));
}

Tensor row(float value) { return Tensor::of<float>(DType::kFloat32, {1, 2}, {value, -value}); }

TEST(Batcher, RunsTogetherWhatWaits) {
  BatcherOptions options;
  options.max_batch = 4;
  options.max_wait = std::chrono::microseconds::max();
  std::vector<std::future<std::vector<Tensor>>> results;
  {
    Batcher batcher(Engine(batch_size()), options);
    for (int i = 0; i < 7; ++i) results.push_back(batcher.submit({row(static_cast<float>(i))}));
  }
  const float sizes[] = {4, 4, 4, 4, 2, 2, 1};  // in full, and at the end as batches have plans
  for (int i = 0; i < 7; ++i) {
    const Tensor y = results[static_cast<size_t>(i)].get()[0];
    ASSERT_EQ(y.shape(), (Shape{1, 2}));
    EXPECT_EQ(y.data<float>()[0], static_cast<float>(i) + sizes[i]) << i;
    EXPECT_EQ(y.data<float>()[1], static_cast<float>(-i) + sizes[i]) << i;
  }
}

TEST(Batcher, AFullBatchDoesNotWaitBehindAnotherShape) {
  BatcherOptions options;
  options.max_batch = 2;
  options.max_wait = std::chrono::seconds(60);
  Batcher batcher(Engine(network()), options);
  auto alone = batcher.submit({random_floats({1, 8, 8, 3}, 1)});
  auto first = batcher.submit({random_floats({1, 12, 8, 3}, 1)});
  auto second = batcher.submit({random_floats({1, 12, 8, 3}, 2)});
  for (auto* full : {&first, &second})
    EXPECT_EQ(full->wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(alone.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
}

// While full batches of another shape come without end.
TEST(Batcher, NoShapeWaitsLongerThanItMust) {
  BatcherOptions options;
  options.max_batch = 2;
  options.max_wait = std::chrono::milliseconds(20);
  Batcher batcher(Engine(network()), options);
  const Tensor image = random_floats({1, 12, 8, 3}, 1);
  std::atomic<bool> goes_on{true};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&] {
      while (goes_on) batcher.run({image});
    });
  auto alone = batcher.submit({random_floats({1, 8, 8, 3}, 1)});
  EXPECT_EQ(alone.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  goes_on = false;
  for (std::thread& thread : threads) thread.join();
}

TEST(Batcher, GivesManyThreadsWhatOneGetsAlone) {
  const Engine engine(network());
  BatcherOptions options;
  options.max_batch = 4;
  options.requests = 2;
  Batcher batcher(engine, options);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      const Tensor image = random_floats({1, 8, 8 + t % 2, 3}, t);
      const Tensor expected = engine.run({image})[0];
      for (int i = 0; i < 15; ++i) {
        const Tensor got = batcher.run({image})[0];
        ASSERT_EQ(got.shape(), expected.shape());
        for (int64_t k = 0; k < got.num_elements(); ++k)
          ASSERT_NEAR(got.data<float>()[k], expected.data<float>()[k], 1e-6);
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Batcher, TellsEachCallerOfAnError) {
  BatcherOptions options;
  options.max_batch = 2;
  Batcher batcher(Engine(batch_size()), options);
  EXPECT_THROW(batcher.submit({Tensor::zeros(DType::kFloat32, {2, 2})}), InputError);
  EXPECT_THROW(batcher.submit({Tensor::zeros(DType::kFloat32, {1, 3})}), InputError);
  EXPECT_EQ(batcher.run({row(1)})[0].data<float>()[0], 2);

  Graph g;  // one result for all
  const ValueId x = g.add_input("x", {DType::kFloat32, {kUnknownDim, 3}});
  Reduce sum;
  sum.kind = ReduceKind::kSum;
  g.add_output("y", g.add(sum, {x, g.constant_ints({0})}, "y"));
  options.max_wait = std::chrono::seconds(60);
  Batcher adding(Engine(Model::from_graph(std::move(g))), options);
  auto first = adding.submit({Tensor::zeros(DType::kFloat32, {1, 3})});
  auto second = adding.submit({Tensor::zeros(DType::kFloat32, {1, 3})});
  for (auto* result : {&first, &second}) {
    try {
      result->get();
      ADD_FAILURE();
    } catch (const InputError& e) {
      EXPECT_NE(std::string(e.what()).find("'y'"), std::string::npos) << e.what();
    }
  }
  const Engine fixed(doubling());
  EXPECT_THROW(Batcher(fixed, options), InputError);
  EXPECT_THROW(Batcher(fixed, BatcherOptions()), InputError);
  options.max_batch = 0;
  EXPECT_THROW(Batcher(Engine(batch_size()), options), UsageError);
}

}  // namespace
}  // namespace thaw
