// One plan serves pictures of all sizes where a resizer brings them to one.
#include <gtest/gtest.h>

#include <random>

#include "base/memory.h"
#include "base/noise.h"
#include "engine/build_engine.h"
#include "graph/graph.h"
#include "tests/counting_new.h"
#include "thaw/request.h"

namespace thaw {
namespace {

constexpr int64_t kOpen = kUnknownDim;
const Shape kAnySize{1, kOpen, kOpen, 3};

Tensor random_picture(const Shape& shape) {
  std::mt19937 random(static_cast<unsigned>(shape[1] * 1000 + shape[2]));
  Tensor t = Tensor::empty(DType::kUInt8, shape);
  for (int64_t i = 0; i < t.num_elements(); ++i)
    t.data<uint8_t>()[i] = static_cast<uint8_t>(random());
  return t;
}

// How pictures are normalised behind the resizer, or that their size is a part of the results.
enum class Kind { kScalars, kChannelMeans, kHalfTheSize };

// uint8 picture of this shape -> Cast, Resize, normalisation, two layers, scores.
Model network(const Shape& picture, Kind kind) {
  Graph g;
  const ValueId image = g.add_input("image", {DType::kUInt8, picture});
  ValueId x = g.add(Cast{DType::kFloat32}, {image}, "cast");
  ValueId size = g.constant_ints({24, 32});
  if (kind == Kind::kHalfTheSize) {
    const ValueId shape = g.add(ShapeOf{}, {image}, "shape");
    const ValueId sides =
        g.add(StridedSlice{},
              {shape, g.constant_ints({1}), g.constant_ints({3}), g.constant_ints({1})}, "sides");
    const ValueId two = g.constant(Tensor::of<int32_t>(DType::kInt32, {}, {2}));
    size = g.add(Binary{BinaryKind::kFloorDiv}, {sides, two}, "half");
  }
  x = g.add(Resize{}, {x, size}, "resize");
  if (kind == Kind::kScalars) {
    x = g.add(Binary{BinaryKind::kMul},
              {x, g.constant(Tensor::of<float>(DType::kFloat32, {}, {1 / 127.5F}))}, "scale");
    x = g.add(Binary{BinaryKind::kSub},
              {x, g.constant(Tensor::of<float>(DType::kFloat32, {}, {1}))}, "shift");
  } else {
    x = g.add(Binary{BinaryKind::kSub},
              {x, g.constant(Tensor::of<float>(DType::kFloat32, {3}, {123, 116, 103}))}, "means");
  }
  Conv2D conv;
  conv.padding = Padding::kSame;
  conv.strides = {2, 2};
  x = g.add(conv, {x, g.constant(random_floats({3, 3, 3, 8}, 1))}, "first");
  x = g.add(Unary{UnaryKind::kRelu6}, {x}, "relu");
  x = g.add(Conv2D{}, {x, g.constant(random_floats({1, 1, 8, 4}, 2))}, "second");
  g.add_output("scores", g.add(Unary{UnaryKind::kSigmoid}, {x}, "scores"));
  return Model::from_graph(std::move(g));
}

std::vector<Shape> twelve_sizes() {
  std::vector<Shape> sizes;
  for (int64_t i = 0; i < 12; ++i) sizes.push_back({1, 17 + 13 * i, 90 - 5 * i, 3});
  sizes[5] = {1, 24, 32, 3};  // the network's own
  sizes[6] = {1, 1, 1, 3};
  return sizes;
}

TEST(PictureSizes, OnePlanGivesWhatAPlanForEachGives) {
  for (const Kind kind : {Kind::kScalars, Kind::kChannelMeans})
    for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
      EngineOptions options;
      options.threads = 2;
      options.precision = precision;
      options.max_cached_engines = 1;
      Request request(Engine(network(kAnySize, kind), options));
      for (const Shape& size : twelve_sizes()) {
        const Tensor picture = random_picture(size);
        const Tensor scores = request.run({picture})[0];
        EXPECT_TRUE(request.plan().is_static);
        EXPECT_EQ(request.plan().shapes, (std::vector<Shape>{kAnySize}));
        Request exact(Engine(network(size, kind), options));
        EXPECT_TRUE(identical(scores, exact.run({picture})[0])) << size.str();
        EXPECT_EQ(exact.plan().shapes, (std::vector<Shape>{size}));
      }
    }
}

TEST(PictureSizes, NothingIsAllocatedForAnother) {
  for (const Kind kind : {Kind::kScalars, Kind::kChannelMeans}) {
    EngineOptions options;
    options.threads = 2;
    Request request(Engine(network(kAnySize, kind), options));
    std::vector<std::vector<Tensor>> inputs;
    for (const Shape& size : twelve_sizes()) inputs.push_back({random_picture(size)});
    request.run(inputs[0]);
    request.run(inputs[0]);
    const size_t news = count_of_news();
    const size_t host = host_allocations();
    const MemoryUse before = request.memory();
    for (const auto& input : inputs) request.run(input);
    EXPECT_EQ(count_of_news() - news, 0U);
    EXPECT_EQ(host_allocations() - host, 0U);
    const MemoryUse after = request.memory();
    EXPECT_EQ(after.arena + after.weights + after.scratch,
              before.arena + before.weights + before.scratch);
  }
}

TEST(PictureSizes, EachBatchHasItsPlan) {
  EngineOptions options;
  options.max_cached_engines = 2;
  Request request(Engine(network({kOpen, kOpen, kOpen, 3}, Kind::kScalars), options));
  const Engine single(network({kOpen, kOpen, kOpen, 3}, Kind::kScalars), options);
  for (const int64_t batch : {1, 2, 1, 3, 2, 4}) {
    const Shape size{batch, 20 + batch, 30, 3};
    const Tensor pictures = random_picture(size);
    const Tensor scores = request.run({pictures})[0];
    EXPECT_EQ(request.plan().is_static,
              batch <= 3);  // the plan for all sizes that is left is for 3 first
    const auto bytes = static_cast<int64_t>(pictures.num_bytes()) / batch;
    for (int64_t i = 0; i < batch; ++i) {
      const Tensor one = Tensor::view(DType::kUInt8, {1, size[1], size[2], 3},
                                      const_cast<uint8_t*>(pictures.data<uint8_t>()) + i * bytes);
      const Tensor want = single.run({one})[0];
      for (int64_t k = 0; k < want.num_elements(); ++k)
        ASSERT_EQ(scores.data<float>()[i * want.num_elements() + k], want.data<float>()[k]);
    }
  }
}

TEST(PictureSizes, ThatReachTheNetworkHavePlansOfTheirOwn) {
  EngineOptions options;
  options.max_cached_engines = 2;
  Request request(Engine(network(kAnySize, Kind::kHalfTheSize), options));
  const std::vector<Shape> sizes{{1, 20, 30, 3}, {1, 30, 20, 3}, {1, 40, 40, 3}, {1, 20, 30, 3}};
  for (size_t i = 0; i < sizes.size(); ++i) {
    const Tensor picture = random_picture(sizes[i]);
    Engine exact(network(sizes[i], Kind::kHalfTheSize));
    EXPECT_TRUE(identical(request.run({picture})[0], exact.run({picture})[0]));
    EXPECT_EQ(request.plan().is_static, i != 2);
    EXPECT_EQ(request.plan().is_slow, i == 2);
    EXPECT_EQ(request.plan().shapes[0], i == 2 ? kAnySize : sizes[i]);
  }
}

TEST(PictureSizes, RequestsHaveTheSamePlan) {
  const Engine engine(network(kAnySize, Kind::kScalars));
  Request first(engine);
  first.run({random_picture({1, 20, 30, 3})});
  Request second(engine);
  const Tensor picture = random_picture({1, 33, 44, 3});
  EXPECT_TRUE(identical(second.run({picture})[0], first.run({picture})[0]));
  EXPECT_EQ(engine.plans().size(), 1U);
}

TEST(PictureSizes, OnlyOneSideMayBeOpen) {
  const std::vector<Shape> shapes{{1, 20, 30, 3}};
  Graph g;
  g.add_input("image", {DType::kUInt8, {kOpen, 20, kOpen, 3}});
  EXPECT_EQ(with_open_sizes(g, shapes), (std::vector<Shape>{{1, 20, kOpen, 3}}));
  EXPECT_TRUE(serves({{1, 20, kOpen, 3}}, shapes));
  EXPECT_FALSE(serves({{2, 20, kOpen, 3}}, shapes));
  EXPECT_FALSE(serves(shapes, {{1, kOpen, kOpen, 3}}));
}

}  // namespace
}  // namespace thaw
