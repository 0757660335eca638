// Measures the machine: threads of a pool of their own run the loops of peak.h and kernels of the
// table. Of many short trials the best counts, because others use the machine too.
#include "thaw/peaks.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/cpu_features.h"
#include "base/noise.h"
#include "base/thread_pool.h"
#include "engine/peaks/peak.h"
#include "kernels/kernel.h"
#include "ops/ops.h"

namespace thaw {
namespace {

// Seconds that one turn takes at best, in trials of about a millisecond, or a turn, over `ms`.
double seconds_per_turn(double ms, const std::function<void(int64_t turns)>& run) {
  constexpr double kTrial = 1e-3;
  const auto begin = Clock::now();
  int64_t turns = 1;
  double best = 0;
  while (true) {
    const auto start = Clock::now();
    run(turns);
    const double seconds = std::max(seconds_since(start), 1e-9);
    const double per_turn = seconds / static_cast<double>(turns);
    if (best == 0 || per_turn < best) best = per_turn;
    if (seconds_since(begin) * 1e3 > ms) return best;
    if (seconds < kTrial)
      turns = std::max(turns + 1, std::min(turns * 10, static_cast<int64_t>(kTrial / per_turn)));
  }
}

ArithmeticPeak measure(const cpu::PeakLoop& loop, ThreadPool& pool, double ms) {
  const double seconds = seconds_per_turn(ms, [&](int64_t turns) {
    pool.parallel_for(pool.threads(), [&](int64_t begin, int64_t end, int /*thread*/) {
      for (int64_t i = begin; i < end; ++i) loop.run(turns);
    });
  });
  const double macs = static_cast<double>(loop.macs) * pool.threads();
  return {loop.numbers, loop.instructions, macs / seconds / 1e9};
}

// Working sets from the first-level cache's to `largest`.
std::vector<int64_t> working_sets(int64_t largest) {
  const int64_t memory = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  largest = std::min(largest, memory / 8);
  std::vector<int64_t> sets;
  for (const int64_t bytes : {16 << 10, 256 << 10, 1 << 20, 16 << 20})
    if (bytes < largest) sets.push_back(bytes);
  sets.push_back(largest);
  return sets;
}

// `part` bytes for each thread; it takes them in halves.
MemoryPeak measure_memory(char* memory, int64_t bytes, ThreadPool& pool, double ms) {
  const cpu::MemoryLoops& loops = cpu::memory_loops();
  const int64_t half = std::max<int64_t>(
      bytes / pool.threads() / 2 / cpu::kMemoryStep * cpu::kMemoryStep, cpu::kMemoryStep);
  const auto rate = [&](auto pass) {
    const double seconds = seconds_per_turn(ms, [&](int64_t turns) {
      pool.parallel_for(pool.threads(), [&](int64_t begin, int64_t end, int /*thread*/) {
        for (int64_t i = begin; i < end; ++i)
          for (int64_t t = 0; t < turns; ++t) pass(memory + i * 2 * half);
      });
    });
    return static_cast<double>(2 * half) * pool.threads() / seconds / 1e9;
  };
  MemoryPeak peak;
  peak.bytes = bytes;
  peak.read = rate([&](char* part) { loops.read(part, 2 * half); });
  peak.copy = rate([&](char* part) { loops.copy(part, part + half, half); });
  return peak;
}

Tensor filled(DType dtype, const Shape& shape) {
  Tensor t = Tensor::empty(dtype, shape);
  std::memset(t.raw(), 0x3f, t.num_bytes());  // about 1 in every type, and far from 0
  return t;
}

// A 1x1 convolution over activations of `dtype` whose product is [rows, length, columns].
class Product {
 public:
  Product(const Shape& product, DType dtype, ThreadPool& pool) : context_(&pool, &workspace_) {
    Conv2D conv;
    conv.activation = Activation::kRelu6;
    if (dtype != DType::kFloat32) conv.result = dtype;
    conv.in_scale = conv.out_scale = 6.0F / 255;
    op_ = conv;
    inputs_ = {filled(dtype, {1, product[0], 1, product[1]}),
               // as a layer's: how bytes are multiplied may depend on their signs
               random_floats({1, 1, product[1], product[2]}, 1, 0.1F),
               filled(DType::kFloat32, {product[2]})};
    output_ = Tensor::zeros(dtype, {1, product[0], 1, product[2]});
    OpDesc desc{op_, {}, {{output_.dtype(), output_.shape(), nullptr}}};
    for (const Tensor& t : inputs_)
      desc.inputs.push_back({t.dtype(), t.shape(), desc.inputs.empty() ? nullptr : &t});
    for (const KernelRow& row : cpu_kernels()) {
      if (row.op != OpKind::kConv2D || !row.can_run(desc).empty()) continue;
      name_ = row.name;
      kernel_ = row.create(desc);
      break;
    }
    for (const Tensor& t : inputs_) context_.add_input(t);
    context_.add_output(output_);
  }
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  const std::string& name() const { return name_; }  // empty: no row takes it
  void run() { kernel_->run(context_); }

 private:
  Op op_;
  Workspace workspace_;
  RunContext context_;
  std::vector<Tensor> inputs_;
  Tensor output_;
  std::string name_;
  std::unique_ptr<OpKernel> kernel_;
};

}  // namespace

Peaks measure_peaks(int threads, const PeakEffort& effort) {
  ThreadPool pool(threads);
  Peaks peaks;
  peaks.machine = fmt::format("{}, {}", cpu_model_name(), cpu_feature_text());
  peaks.threads = pool.threads();
  for (const cpu::PeakLoop& loop : cpu::peak_loops())
    peaks.arithmetic.push_back(measure(loop, pool, effort.ms));
  const std::vector<int64_t> sets = working_sets(effort.largest);
  const int64_t smallest = 2 * cpu::kMemoryStep * pool.threads();
  const Tensor memory = Tensor::empty(DType::kUInt8, {std::max(sets.back(), smallest)});
  auto* bytes = static_cast<char*>(const_cast<void*>(memory.raw()));
  pool.parallel_for(memory.num_elements(), [&](int64_t begin, int64_t end, int /*thread*/) {
    std::memset(bytes + begin, 0, static_cast<size_t>(end - begin));
  });
  for (const int64_t set : sets)
    peaks.memory.push_back(measure_memory(bytes, set, pool, effort.ms));
  return peaks;
}

std::vector<ProductRate> measure_products(const std::vector<Shape>& products, int threads,
                                          double ms) {
  ThreadPool pool(threads);
  std::vector<ProductRate> rates;
  for (const Shape& product : products) {
    const auto macs = static_cast<double>(product.num_elements());
    for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kUInt8}) {
      Product run(product, dtype, pool);
      if (run.name().empty()) continue;
      const double seconds = seconds_per_turn(ms, [&](int64_t turns) {
        for (int64_t t = 0; t < turns; ++t) run.run();
      });
      rates.push_back({product, dtype == DType::kUInt8 ? DType::kInt8 : dtype, run.name(),
                       macs / seconds / 1e9});
    }
  }
  return rates;
}

}  // namespace thaw
