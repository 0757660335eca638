// Rows of the CPU's kernel table on a detector's other work: preprocessing, activations, pooling.
// Each row that can run is timed; the name says which it is.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstring>

#include "base/thread_pool.h"
#include "kernels/evaluate.h"
#include "kernels/kernel.h"

namespace thaw {
namespace {

struct OpCase {
  const char* name;
  Op op;
  std::vector<Tensor> inputs;
};

Tensor half(DType dtype, const Shape& shape) {
  Tensor t = Tensor::zeros(dtype, shape);
  if (dtype == DType::kFloat32) std::fill_n(t.data<float>(), t.num_elements(), 0.5F);
  return t;
}

std::vector<OpCase> cases() {
  ResizeAffine preprocess;
  preprocess.height = preprocess.width = 300;
  preprocess.scale = 0.0078431377F;
  preprocess.offset = -1;
  Unary sigmoid;
  sigmoid.kind = UnaryKind::kSigmoid;
  Binary scale;
  scale.kind = BinaryKind::kMul;
  Pool pool;
  pool.kind = PoolKind::kMax;
  pool.window = {3, 3};
  pool.strides = {2, 2};
  pool.padding = Padding::kSame;
  return {
      {"preprocess_720p", preprocess, {half(DType::kUInt8, {1, 720, 1280, 3})}},
      {"preprocess_480p", preprocess, {half(DType::kUInt8, {1, 480, 640, 3})}},
      {"sigmoid_1917x91", sigmoid, {half(DType::kFloat32, {1, 1917, 91})}},
      {"softmax_1917x91", Softmax(), {half(DType::kFloat32, {1, 1917, 91})}},
      {"scale_rgb_300",
       scale,
       {half(DType::kFloat32, {1, 300, 300, 3}), half(DType::kFloat32, {3})}},
      {"max_pool_75x75x96", pool, {half(DType::kFloat32, {1, 75, 75, 96})}},
  };
}

void run_row(benchmark::State& state, const KernelRow& row, const OpCase& c, int threads) {
  std::vector<Tensor> outputs = evaluate(c.op, c.inputs);
  OpDesc desc{c.op, {}, {}};
  for (const Tensor& t : c.inputs) desc.inputs.push_back({t.dtype(), t.shape(), nullptr});
  for (const Tensor& t : outputs) desc.outputs.push_back({t.dtype(), t.shape(), nullptr});
  const std::string why = row.can_run(desc);
  if (!why.empty()) return state.SkipWithError(why.c_str());
  const std::unique_ptr<OpKernel> kernel = row.create(desc);
  ThreadPool pool(threads);
  Workspace workspace;
  RunContext context(&pool, &workspace);
  context.bind(c.inputs, outputs);
  for (auto _ : state) kernel->run(context);
}

const bool kRegistered = [] {
  static const std::vector<OpCase> all = cases();
  for (const OpCase& c : all) {
    for (const KernelRow& row : cpu_kernels()) {
      if (row.op != kind_of(c.op)) continue;
      for (int threads : {1, 2}) {
        benchmark::RegisterBenchmark(fmt::format("{}/{}/{}t", c.name, row.name, threads).c_str(),
                                     run_row, row, c, threads)
            ->Unit(benchmark::kMicrosecond)
            ->UseRealTime();
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace thaw
