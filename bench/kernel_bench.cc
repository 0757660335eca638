// The CPU's inner loops on the layers of SSD-MobileNet-v1 (depth 0.75, 300x300), one by one and as
// a whole: GFLOP/s of each instruction set, and the peak of the product's inner loop to hold it
// against.
//   thaw_bench --benchmark_filter=network
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/noise.h"
#include "kernels/cpu/conv/conv.h"
#include "kernels/cpu/depthwise/depthwise.h"
#include "thaw/tensor.h"

namespace thaw::cpu {
namespace {

struct Layer {
  const char* name;
  bool depthwise;
  int64_t in;  // height and width
  int64_t in_c;
  int64_t out;
  int64_t out_c;
  int64_t kernel;
  int64_t stride;
  int repeat;
  double macs() const {
    const double per_output =
        static_cast<double>(kernel * kernel) * (depthwise ? 1.0 : static_cast<double>(in_c));
    return static_cast<double>(out * out * out_c) * per_output;
  }
};

constexpr Layer kLayers[] = {
    {"conv0", false, 300, 3, 150, 24, 3, 2, 1},   {"dw1", true, 150, 24, 150, 24, 3, 1, 1},
    {"pw1", false, 150, 24, 150, 48, 1, 1, 1},    {"dw2", true, 150, 48, 75, 48, 3, 2, 1},
    {"pw2", false, 75, 48, 75, 96, 1, 1, 1},      {"dw3", true, 75, 96, 75, 96, 3, 1, 1},
    {"pw3", false, 75, 96, 75, 96, 1, 1, 1},      {"dw4", true, 75, 96, 38, 96, 3, 2, 1},
    {"pw4", false, 38, 96, 38, 192, 1, 1, 1},     {"dw5", true, 38, 192, 38, 192, 3, 1, 1},
    {"pw5", false, 38, 192, 38, 192, 1, 1, 1},    {"dw6", true, 38, 192, 19, 192, 3, 2, 1},
    {"pw6", false, 19, 192, 19, 384, 1, 1, 1},    {"dw7-11", true, 19, 384, 19, 384, 3, 1, 5},
    {"pw7-11", false, 19, 384, 19, 384, 1, 1, 5}, {"dw12", true, 19, 384, 10, 384, 3, 2, 1},
    {"pw12", false, 10, 384, 10, 768, 1, 1, 1},   {"dw13", true, 10, 768, 10, 768, 3, 1, 1},
    {"pw13", false, 10, 768, 10, 768, 1, 1, 1},   {"extra1a", false, 10, 768, 10, 192, 1, 1, 1},
    {"extra1b", false, 10, 192, 5, 384, 3, 2, 1}, {"extra2a", false, 5, 384, 5, 96, 1, 1, 1},
    {"extra2b", false, 5, 96, 3, 192, 3, 2, 1},   {"extra3a", false, 3, 192, 3, 96, 1, 1, 1},
    {"extra3b", false, 3, 96, 2, 192, 3, 2, 1},   {"extra4a", false, 2, 192, 2, 48, 1, 1, 1},
    {"extra4b", false, 2, 48, 1, 96, 3, 2, 1},    {"box0", false, 19, 384, 19, 12, 1, 1, 1},
    {"class0", false, 19, 384, 19, 273, 1, 1, 1}, {"box1", false, 10, 768, 10, 24, 1, 1, 1},
    {"class1", false, 10, 768, 10, 546, 1, 1, 1}, {"box2", false, 5, 384, 5, 24, 1, 1, 1},
    {"class2", false, 5, 384, 5, 546, 1, 1, 1},   {"class3", false, 3, 192, 3, 546, 1, 1, 1},
    {"class4", false, 2, 192, 2, 546, 1, 1, 1},   {"class5", false, 1, 96, 1, 546, 1, 1, 1},
};

// A layer with its weights and buffers.
class Runner {
 public:
  // Tensors are made unless given.
  Runner(const KernelSet& set, const Layer& layer, ThreadPool& pool, Tensor x = {}, Tensor y = {})
      : layer_(layer), pool_(pool), x_(std::move(x)), y_(std::move(y)) {
    shape_.in_h = shape_.in_w = layer.in;
    shape_.in_c = layer.in_c;
    shape_.out_h = shape_.out_w = layer.out;
    shape_.out_c = layer.out_c;
    shape_.kernel_h = shape_.kernel_w = layer.kernel;
    shape_.stride_h = shape_.stride_w = layer.stride;
    const int64_t pad = (layer.out - 1) * layer.stride + layer.kernel - layer.in;
    shape_.pad_top = shape_.pad_left = std::max<int64_t>(pad, 0) / 2;
    if (!x_.defined()) x_ = random_floats({layer.in * layer.in * layer.in_c}, 1);
    if (!y_.defined()) y_ = random_floats({layer.out * layer.out * layer.out_c}, 2);
    bias_ = random_floats({layer.out_c}, 3);
    const int64_t k = layer.kernel * layer.kernel * (layer.depthwise ? 1 : layer.in_c);
    weights_ = random_floats({k * layer.out_c}, 4);
    size_t scratch = 0;
    if (layer.depthwise) {
      LayerTypes types;
      types.activation = Activation::kRelu6;
      const Tensor filter = Tensor::view(
          DType::kFloat32, {layer.kernel, layer.kernel, layer.out_c, 1}, weights_.raw());
      const Op op = DepthwiseConv2D();
      const OpDesc desc{
          op,
          {{}, {filter.dtype(), filter.shape(), &filter}, {bias_.dtype(), bias_.shape(), &bias_}},
          {}};
      depthwise_ = DepthwiseLayer(desc, set, types, 1, 2);
      scratch = depthwise_.scratch_bytes(shape_);
    } else {
      packed_ = random_floats(
          {static_cast<int64_t>(PackedMatrix::bytes(set.gemm, k, layer.out_c) / sizeof(float))}, 5);
      filter_ = PackedMatrix(set.gemm, k, layer.out_c, packed_.raw());
      filter_.pack(weights_.data<float>(), layer.out_c, 1, bias_.data<float>());
      scratch = conv2d_scratch_bytes(set.gemm, shape_, 1);
    }
    scratch_ = random_floats(
        {static_cast<int64_t>(scratch) * pool.threads() / static_cast<int64_t>(sizeof(float))}, 6);
  }

  void run() {
    const Clamp relu6{0, 6};
    if (layer_.depthwise) {
      depthwise_.run(shape_, x_.raw(), y_.raw(), pool_, scratch_.raw());
    } else {
      conv2d(shape_, &filter_, 1, x_.data<float>(), {y_.data<float>(), relu6}, pool_,
             scratch_.raw());
    }
  }

 private:
  const Layer& layer_;
  ThreadPool& pool_;
  WindowShape shape_;
  Tensor x_, y_, bias_, weights_, packed_, scratch_;
  PackedMatrix filter_;
  DepthwiseLayer depthwise_;
};

void count_flops(benchmark::State& state, double macs) {
  state.counters["GFLOP/s"] = benchmark::Counter(
      2e-9 * macs * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void run_layer(benchmark::State& state, const KernelSet& set, const Layer& layer, int threads) {
  ThreadPool pool(threads);
  Runner runner(set, layer, pool);
  for (auto _ : state) runner.run();
  count_flops(state, layer.macs());
}

// Each layer's result is the next one's input, as in a planned arena.
void run_network(benchmark::State& state, const KernelSet& set, int threads) {
  ThreadPool pool(threads);
  constexpr int64_t kLargest = 150 * 150 * 48;
  const Tensor buffers[] = {random_floats({kLargest}, 7), random_floats({kLargest}, 8)};
  std::vector<std::unique_ptr<Runner>> runners;
  double macs = 0;
  for (const Layer& layer : kLayers) {
    for (int i = 0; i < layer.repeat; ++i) {
      const size_t n = runners.size() % 2;
      runners.push_back(std::make_unique<Runner>(set, layer, pool, buffers[n], buffers[1 - n]));
      macs += layer.macs();
    }
  }
  for (auto _ : state) {
    for (const auto& runner : runners) runner->run();
  }
  count_flops(state, macs);
}

// A product that fits the first-level cache: what the inner loop can do at best.
void run_peak(benchmark::State& state, const KernelSet& set) {
  ThreadPool pool(1);
  const Layer layer{"peak", false, 1, 64, 1, 1, 1, 1, 1};
  Layer tile = layer;
  tile.out_c = static_cast<int64_t>(set.gemm.panel_vectors) * set.gemm.width;
  tile.in = tile.out = 8;
  Runner runner(set, tile, pool);
  for (auto _ : state) runner.run();
  count_flops(state, tile.macs());
}

struct ProductRow {
  Isa isa;
  bool in_float32;
};
constexpr ProductRow kProductRows[] = {
#define THAW_LOOPS(built, loops, slot, first, last, needs, exactness) \
  {Isa::first, std::is_same_v<decltype(KernelSet::slot), GemmKernels>},
#define THAW_KERNELS(op, name, kernel, levels, exactness)
#include "kernels/cpu/gemm/kernels.inc"
};

const bool kRegistered = [] {
  for (const auto& [isa, in_float32] : kProductRows) {
    if (!in_float32 || !isa_enabled(isa)) continue;
    const KernelSet& set = *kernel_set(isa);
    benchmark::RegisterBenchmark(fmt::format("peak/{}", isa_name(isa)).c_str(), run_peak, set);
    for (int threads = 1; threads <= std::min(available_processors(), 8); threads *= 2) {
      const std::string suffix = fmt::format("/{}/{}t", isa_name(isa), threads);
      benchmark::RegisterBenchmark(("network" + suffix).c_str(), run_network, set, threads)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
      for (const Layer& layer : kLayers) {
        benchmark::RegisterBenchmark((layer.name + suffix).c_str(), run_layer, set, layer, threads)
            ->Unit(benchmark::kMicrosecond)
            ->UseRealTime();
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace thaw::cpu
