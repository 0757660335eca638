// Rows of the CPU's kernel table, and of oneDNN's and XNNPACK's where they are there, on the layers
// of SSD-MobileNet-v1 (depth 0.75, 300x300) at each precision: GMAC/s, and for each precision the
// whole network on the best rows of ours.
//   thaw_bench --benchmark_filter=layers/bfloat16
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/noise.h"
#include "base/thread_pool.h"
#include "kernels/evaluate.h"
#include "kernels/kernel.h"

namespace thaw {
namespace {

enum class Kind { kConv, kDepthwise, kSeparable };

struct Layer {
  const char* name;
  Kind kind;
  int64_t in;  // height and width
  int64_t in_c;
  int64_t out_c;
  int64_t kernel;
  int64_t stride;
  int repeat;
  int64_t out() const { return (in + stride - 1) / stride; }
  double macs() const {
    const auto pixels = static_cast<double>(out() * out());
    const auto window = static_cast<double>(kernel * kernel);
    const auto ci = static_cast<double>(in_c);
    const auto co = static_cast<double>(out_c);
    if (kind == Kind::kConv) return pixels * window * ci * co;
    return pixels * (window * ci + (kind == Kind::kSeparable ? ci * co : 0));
  }
};

// The network, its separable layers fused, and the last of each size apart.
constexpr Layer kLayers[] = {
    {"conv0", Kind::kConv, 300, 3, 24, 3, 2, 1},
    {"sep1", Kind::kSeparable, 150, 24, 48, 3, 1, 1},
    {"sep2", Kind::kSeparable, 150, 48, 96, 3, 2, 1},
    {"sep3", Kind::kSeparable, 75, 96, 96, 3, 1, 1},
    {"sep4", Kind::kSeparable, 75, 96, 192, 3, 2, 1},
    {"sep5", Kind::kSeparable, 38, 192, 192, 3, 1, 1},
    {"sep6", Kind::kSeparable, 38, 192, 384, 3, 2, 1},
    {"sep7-11", Kind::kSeparable, 19, 384, 384, 3, 1, 5},
    {"sep12", Kind::kSeparable, 19, 384, 768, 3, 2, 1},
    {"sep13", Kind::kSeparable, 10, 768, 768, 3, 1, 1},
    {"extra1a", Kind::kConv, 10, 768, 192, 1, 1, 1},
    {"extra1b", Kind::kConv, 10, 192, 384, 3, 2, 1},
    {"extra2a", Kind::kConv, 5, 384, 96, 1, 1, 1},
    {"extra2b", Kind::kConv, 5, 96, 192, 3, 2, 1},
    {"extra3a", Kind::kConv, 3, 192, 96, 1, 1, 1},
    {"extra3b", Kind::kConv, 3, 96, 192, 3, 2, 1},
    {"extra4a", Kind::kConv, 2, 192, 48, 1, 1, 1},
    {"extra4b", Kind::kConv, 2, 48, 96, 3, 2, 1},
    {"heads0", Kind::kConv, 19, 384, 285, 1, 1, 1},
    {"heads1", Kind::kConv, 10, 768, 570, 1, 1, 1},
    {"heads2", Kind::kConv, 5, 384, 570, 1, 1, 1},
    {"heads3", Kind::kConv, 3, 192, 570, 1, 1, 1},
    {"heads4", Kind::kConv, 2, 192, 570, 1, 1, 1},
    {"heads5", Kind::kConv, 1, 96, 570, 1, 1, 1},
    {"dw1", Kind::kDepthwise, 150, 24, 24, 3, 1, 0},
    {"dw2", Kind::kDepthwise, 150, 48, 48, 3, 2, 0},
    {"dw3", Kind::kDepthwise, 75, 96, 96, 3, 1, 0},
    {"dw4", Kind::kDepthwise, 75, 96, 96, 3, 2, 0},
    {"dw5", Kind::kDepthwise, 38, 192, 192, 3, 1, 0},
    {"dw6", Kind::kDepthwise, 38, 192, 192, 3, 2, 0},
    {"dw7-11", Kind::kDepthwise, 19, 384, 384, 3, 1, 0},
    {"dw12", Kind::kDepthwise, 19, 384, 384, 3, 2, 0},
    {"dw13", Kind::kDepthwise, 10, 768, 768, 3, 1, 0},
    {"pw1", Kind::kConv, 150, 24, 48, 1, 1, 0},
    {"pw2", Kind::kConv, 75, 48, 96, 1, 1, 0},
    {"pw3", Kind::kConv, 75, 96, 96, 1, 1, 0},
    {"pw4", Kind::kConv, 38, 96, 192, 1, 1, 0},
    {"pw5", Kind::kConv, 38, 192, 192, 1, 1, 0},
    {"pw6", Kind::kConv, 19, 192, 384, 1, 1, 0},
    {"pw7-11", Kind::kConv, 19, 384, 384, 1, 1, 0},
    {"pw12", Kind::kConv, 10, 384, 768, 1, 1, 0},
    {"pw13", Kind::kConv, 10, 768, 768, 1, 1, 0},
};

template <class T>
T layer_op(const Layer& layer, DType dtype) {
  T op;
  op.strides = {layer.stride, layer.stride};
  op.padding = Padding::kSame;
  op.activation = Activation::kRelu6;
  if (dtype != DType::kFloat32) op.result = dtype;
  op.in_scale = op.out_scale = 6.0F / 255;
  return op;
}

Op op_of(const Layer& layer, DType dtype) {
  if (layer.kind == Kind::kConv) return layer_op<Conv2D>(layer, dtype);
  if (layer.kind == Kind::kDepthwise) return layer_op<DepthwiseConv2D>(layer, dtype);
  auto op = layer_op<SeparableConv2D>(layer, dtype);
  op.mid_activation = Activation::kRelu6;
  op.mid_scale = 6.0F / 255;
  return op;
}

// A layer on one row of the table. With `from` and `to`, memory of at least kLargest floats, it
// reads and writes there.
class Runner {
 public:
  static constexpr int64_t kLargest = 300 * 300 * 12;

  Runner(const Layer& layer, DType dtype, const KernelRow& row, ThreadPool& pool,
         Workspace& workspace, bool build = true, Tensor* from = nullptr, Tensor* to = nullptr)
      : op_(op_of(layer, dtype)), context_(&pool, &workspace) {
    const int64_t k = layer.kernel;
    const bool is_conv = layer.kind == Kind::kConv;
    // The first layer's input is float32 at every precision.
    const DType x = layer.in_c == 3 ? DType::kFloat32 : dtype;
    const Shape in{1, layer.in, layer.in, layer.in_c};
    inputs_ = {from == nullptr ? Tensor::zeros(x, in) : Tensor::view(x, in, from->raw()),
               random_floats({k, k, layer.in_c, is_conv ? layer.out_c : 1}, 1),
               random_floats({is_conv ? layer.out_c : layer.in_c}, 2)};
    if (layer.kind == Kind::kSeparable) {
      inputs_.push_back(random_floats({1, 1, layer.in_c, layer.out_c}, 3));
      inputs_.push_back(random_floats({layer.out_c}, 4));
    }
    const Shape out{1, layer.out(), layer.out(), layer.out_c};
    output_ = to == nullptr ? Tensor::zeros(dtype, out) : Tensor::view(dtype, out, to->raw());
    OpDesc desc{op_, {}, {{output_.dtype(), output_.shape(), nullptr}}};
    for (const Tensor& t : inputs_)
      desc.inputs.push_back({t.dtype(), t.shape(), desc.inputs.empty() ? nullptr : &t});
    refusal_ = row.can_run(desc);
    if (!refusal_.empty() || !build) return;
    kernel_ = row.create(desc);
    for (const Tensor& t : inputs_) context_.add_input(t);
    context_.add_output(output_);
  }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  const std::string& refusal() const { return refusal_; }
  void run() { kernel_->run(context_); }

 private:
  const Op op_;
  RunContext context_;
  std::vector<Tensor> inputs_;
  Tensor output_;
  std::string refusal_;
  std::unique_ptr<OpKernel> kernel_;
};

void count_macs(benchmark::State& state, double macs) {
  state.counters["GMAC/s"] = benchmark::Counter(
      1e-9 * macs * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void run_layer(benchmark::State& state, const Layer& layer, DType dtype, const KernelRow& row,
               int threads) {
  ThreadPool pool(threads);
  Workspace workspace;
  Runner runner(layer, dtype, row, pool, workspace);
  if (!runner.refusal().empty()) return state.SkipWithError(runner.refusal().c_str());
  for (auto _ : state) runner.run();
  count_macs(state, layer.macs());
}

// Every layer on the first row that takes it; each one's result is the next one's input, as in a
// planned arena.
void run_network(benchmark::State& state, DType dtype, int threads) {
  ThreadPool pool(threads);
  Workspace workspace;
  Tensor buffers[] = {Tensor::zeros(DType::kFloat32, {Runner::kLargest}),
                      Tensor::zeros(DType::kFloat32, {Runner::kLargest})};
  std::vector<std::unique_ptr<Runner>> runners;
  double macs = 0;
  for (const Layer& layer : kLayers) {
    for (int i = 0; i < layer.repeat; ++i) {
      for (const KernelRow& row : cpu_kernels()) {
        if (row.op != kind_of(op_of(layer, dtype))) continue;
        const size_t n = runners.size() % 2;
        auto runner = std::make_unique<Runner>(layer, dtype, row, pool, workspace, true,
                                               macs > 0 ? &buffers[n] : nullptr, &buffers[1 - n]);
        if (!runner->refusal().empty()) continue;
        runners.push_back(std::move(runner));
        macs += layer.macs();
        break;
      }
    }
  }
  for (auto _ : state) {
    for (const auto& runner : runners) runner->run();
  }
  count_macs(state, macs);
}

// Those that this processor, or THAW_CPU_ISA, allows.
bool can_run(const Layer& layer, DType dtype, const KernelRow& row) {
  if (row.op != kind_of(op_of(layer, dtype))) return false;
  ThreadPool pool(1);
  Workspace workspace;
  return Runner(layer, dtype, row, pool, workspace, false).refusal().empty();
}

std::vector<KernelRow> all_rows() {
  std::vector<KernelRow> rows;
  for (const KernelTable table : {cpu_kernels(), onednn_kernels(), xnnpack_kernels()})
    rows.insert(rows.end(), table.begin(), table.end());
  return rows;
}

const bool kRegistered = [] {
  for (DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kUInt8}) {
    for (int threads : {1, 2}) {
      const std::string end = fmt::format("{}t", threads);
      benchmark::RegisterBenchmark(fmt::format("layers/{}/all/{}", dtype_name(dtype), end).c_str(),
                                   run_network, dtype, threads)
          ->Unit(benchmark::kMicrosecond)
          ->UseRealTime();
      for (const Layer& layer : kLayers) {
        for (const KernelRow& row : all_rows()) {
          if (!can_run(layer, dtype, row)) continue;
          benchmark::RegisterBenchmark(
              fmt::format("layers/{}/{}/{}/{}", dtype_name(dtype), layer.name, row.name, end)
                  .c_str(),
              run_layer, layer, dtype, row, threads)
              ->Unit(benchmark::kMicrosecond)
              ->UseRealTime();
        }
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace thaw
