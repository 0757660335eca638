// Every row of the CPU's table against the reference kernel of its op, on random shapes and values,
// awkward ones included. A new row of an op listed in kernel_cases() needs no test of its own; a
// row of an op that isn't listed fails KernelTable.EveryRowHasCases.
#include "kernels/kernel.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/evaluate.h"
#include "kernels/kernel_cases.h"
#include "kernels/kernel_difference.h"

namespace thaw {
namespace {

// Keeps what a kernel packs, and gives it to the next kernel that is built.
class KeptWeights : public BuildServices {
 public:
  Tensor take(size_t bytes, const std::function<void(void*)>& fill) override {
    const Tensor piece = make([&] {
      Tensor fresh = Tensor::empty(DType::kUInt8, {static_cast<int64_t>(bytes)});
      fill(fresh.raw());
      return fresh;
    });
    EXPECT_EQ(piece.num_bytes(), bytes);
    return piece;
  }
  Tensor make(const std::function<Tensor()>& make) override {
    if (next_ == pieces_.size()) pieces_.push_back(make());
    return pieces_[next_++];
  }
  Tensor resident(const Tensor& piece) override { return piece; }
  void rewind() { next_ = 0; }
  bool empty() const { return pieces_.empty(); }

 private:
  std::vector<Tensor> pieces_;
  size_t next_ = 0;
};

class Runner {
 public:
  explicit Runner(const Case& c) : c_(c), expected_(evaluate(c.op, c.inputs)) {
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      const bool constant = i < c.constant.size() && c.constant[i];
      inputs_.push_back(
          {c.inputs[i].dtype(), c.inputs[i].shape(), constant ? &c.inputs[i] : nullptr});
    }
    for (const Tensor& t : expected_) outputs_.push_back({t.dtype(), t.shape(), nullptr});
  }

  // Builds the row's kernel and runs it twice, and again from its packed weights; false when the
  // row can't run the case.
  bool check(const KernelRow& row, int threads) {
    KeptWeights weights;
    OpDesc desc{c_.op, inputs_, outputs_, &weights};
    if (!row.can_run(desc).empty()) return false;
    std::unique_ptr<OpKernel> kernel = row.create(desc);
    run_twice(row, *kernel, threads);
    if (weights.empty()) return true;
    std::vector<Tensor> without(inputs_.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i].constant == nullptr || !kernel->holds_constant(i)) continue;
      without[i] = spoiled(*inputs_[i].constant);
      desc.inputs[i].constant = &without[i];
    }
    weights.rewind();
    kernel = row.create(desc);
    run_twice(row, *kernel, threads);
    return true;
  }

 private:
  void run_twice(const KernelRow& row, OpKernel& kernel, int threads) {
    std::vector<Tensor> inputs = c_.inputs;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs_[i].constant != nullptr && kernel.holds_constant(i)) inputs[i] = Tensor();
    ThreadPool pool(threads);
    Workspace workspace;
    const auto planned_bytes = static_cast<int64_t>(kernel.scratch_bytes(threads));
    Tensor scratch = spoiled(Tensor::view(DType::kUInt8, {planned_bytes}, nullptr));
    for (const bool planned : {false, true}) {
      std::vector<Tensor> outputs(expected_.size());
      RunContext context(&pool, &workspace);
      for (size_t i = 0; planned && i < outputs.size(); ++i) outputs[i] = spoiled(expected_[i]);
      context.bind(inputs, outputs);
      context.set_scratch(scratch.raw(), scratch.num_bytes());
      kernel.run(context);
      if (planned_bytes > 0) {
        EXPECT_EQ(workspace.scratch_bytes(), 0U) << row.name;
      }
      for (size_t i = 0; i < outputs.size(); ++i)
        EXPECT_EQ(difference(outputs[i], expected_[i], limits_of(row)), "")
            << row.name << " with " << threads << " threads on " << describe();
    }
  }

  Limits limits_of(const KernelRow& row) const {
    return {c_, row.exactness({c_.op, inputs_, outputs_})};
  }

  // A tensor of NaN that has this one's shape.
  static Tensor spoiled(const Tensor& like) {
    Tensor t = Tensor::empty(like.dtype(), like.shape());
    if (t.num_bytes() > 0) std::memset(t.raw(), 0xFF, t.num_bytes());
    return t;
  }

  std::string describe() const {
    std::string text = op_name(c_.op);
    for (const Tensor& t : c_.inputs) text += " " + t.str();
    return text + " -> " + expected_[0].str();
  }

  const Case& c_;
  const std::vector<Tensor> expected_;
  std::vector<TensorDesc> inputs_;
  std::vector<TensorDesc> outputs_;
};

TEST(KernelTable, EveryRowHasCases) {
  for (const KernelTable table : {cpu_kernels(), onednn_kernels(), xnnpack_kernels()})
    for (const KernelRow& row : table) EXPECT_GE(kernel_cases().count(row.op), 1U) << row.name;
}

// Of each generator: 80, or as many as the environment variable THAW_KERNEL_CASES says.
int number_of_cases() {
  const char* text = std::getenv("THAW_KERNEL_CASES");
  return text == nullptr ? 80 : std::atoi(text);
}

// How many cases each row ran.
using RunCounts = std::map<std::string, int>;

// Holds all rows against the reference until one fails.
void check_rows(RunCounts& ours, RunCounts& others) {
  const int cases = number_of_cases();
  int which = 0;
  for (const auto& [kind, generator] : kernel_cases()) {
    const int first = 1000 * static_cast<int>(kind) + 100000 * which++;
    for (int i = 0; i < cases; ++i) {
      const auto seed = static_cast<uint32_t>(first + i);
      SCOPED_TRACE(fmt::format("seed {}", seed));
      Random random(seed);
      const Case c = generator(random);
      Runner runner(c);
      const auto check = [&, k = kind](KernelTable table, RunCounts& runs) {
        for (const KernelRow& row : table)
          if (row.op == k && runner.check(row, static_cast<int>(random.between(1, 3))))
            ++runs[row.name];
      };
      check(cpu_kernels(), ours);
      check(onednn_kernels(), others);
      check(xnnpack_kernels(), others);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

// Without its library a table's rows give one reason for everything.
void expect_vendor_rows_ran(const char* library, KernelTable table, const RunCounts& runs);

TEST(KernelTable, RowsAgreeWithTheReference) {
  RunCounts runs;
  RunCounts others;
  for (const KernelRow& row : cpu_kernels()) runs[row.name] = 0;
  check_rows(runs, others);
  if (HasFailure()) return;
  expect_vendor_rows_ran("oneDNN", onednn_kernels(), others);
  expect_vendor_rows_ran("XNNPACK", xnnpack_kernels(), others);
  // A row that refuses every case is either for another processor or not tested at all.
  std::set<std::string> levels;
  for (const auto& [name, count] : runs)
    if (count > 0) levels.insert(name.substr(name.rfind('.')));
  std::set<std::string> skipped;
  int idle = 0;
  for (const auto& [name, count] : runs) {
    if (count > 0) continue;
    skipped.insert(name.substr(name.rfind('.')));
    ++idle;
  }
  if (idle > 0)
    fmt::print("{} of {} rows are for other processors: {}\n", idle, runs.size(),
               fmt::join(skipped, " "));
  for (const auto& [name, count] : runs)
    EXPECT_TRUE(count > 0 || levels.count(name.substr(name.rfind('.'))) == 0) << name;
}

// Name of the first row that runs a small convolution; without one, what the last row said.
std::string chosen_conv_row(KernelTable table = cpu_kernels()) {
  Random random(7);
  const Tensor x = random.plain_floats({1, 4, 4, 4});
  const Tensor filter = random.plain_floats({3, 3, 4, 8});
  const Op op = Conv2D();
  const OpDesc desc{op,
                    {{x.dtype(), x.shape(), nullptr}, {filter.dtype(), filter.shape(), &filter}},
                    {{DType::kFloat32, {1, 2, 2, 8}, nullptr}}};
  std::string why;
  for (const KernelRow& row : table) {
    if (row.op != OpKind::kConv2D) continue;
    why = row.can_run(desc);
    if (why.empty()) return row.name;
  }
  return why;
}

void expect_vendor_rows_ran(const char* library, KernelTable table, const RunCounts& runs) {
  const std::string chosen = table.count > 0 ? chosen_conv_row(table) : "built without its headers";
  if (table.count == 0 || chosen != table.rows[0].name) {
    fmt::print("rows on {} are not tested: {}\n", library, chosen);
    return;
  }
  for (const KernelRow& row : table) EXPECT_EQ(runs.count(row.name), 1U) << row.name;
}

// A kernel says its scratch beforehand where the shapes are known, and else in the run.
TEST(KernelTable, ScratchIsKnownWithTheShapes) {
  const Tensor filter = Tensor::zeros(DType::kFloat32, {3, 3, 4, 8});
  const Op conv = Conv2D();
  for (const int64_t height : {int64_t{4}, kUnknownDim}) {
    const OpDesc desc{
        conv,
        {{DType::kFloat32, {1, height, 4, 4}, nullptr}, {filter.dtype(), filter.shape(), &filter}},
        {{DType::kFloat32, Shape::unknown(), nullptr}}};
    for (const KernelRow& row : cpu_kernels()) {
      if (row.op != OpKind::kConv2D || !row.can_run(desc).empty()) continue;
      EXPECT_EQ(row.create(desc)->scratch_bytes(2) > 0, height > 0) << row.name;
    }
  }
}

// What no level can say is the nearest one, however large the number is.
TEST(KernelTable, NumbersPast32BitsAreTheOutermostLevels) {
  Tensor bias = Tensor::zeros(DType::kFloat32, {64});
  for (int c = 0; c < 64; ++c) bias.data<float>()[c] = c % 3 == 0 ? 1e10F : c % 3 == 1 ? -1e10F : 9;
  Conv2D conv;
  DepthwiseConv2D depthwise;
  conv.result = depthwise.result = DType::kUInt8;
  conv.in_scale = depthwise.in_scale = conv.out_scale = depthwise.out_scale = 0.25F;
  conv.activation = depthwise.activation = Activation::kRelu;
  depthwise.padding = Padding::kSame;
  for (const auto& [op, filter] : {std::pair<Op, Shape>{conv, {1, 1, 64, 64}},
                                   std::pair<Op, Shape>{depthwise, {3, 3, 64, 1}}}) {
    const std::vector<Tensor> inputs{Tensor::zeros(DType::kUInt8, {1, 5, 7, 64}),
                                     Tensor::zeros(DType::kFloat32, filter), bias};
    OpDesc desc{op, {}, {{DType::kUInt8, {1, 5, 7, 64}, nullptr}}};
    for (const Tensor& t : inputs)
      desc.inputs.push_back({t.dtype(), t.shape(), desc.inputs.empty() ? nullptr : &t});
    int rows = 0;
    for (const KernelRow& row : cpu_kernels()) {
      if (row.op != kind_of(op) || !row.can_run(desc).empty()) continue;
      ThreadPool pool(1);
      Workspace workspace;
      RunContext context(&pool, &workspace);
      std::vector<Tensor> outputs(1);
      context.bind(inputs, outputs);
      row.create(desc)->run(context);
      EXPECT_TRUE(identical(outputs[0], evaluate(op, inputs)[0])) << row.name;
      ++rows;
    }
    EXPECT_GT(rows, 0);
  }
}

TEST(KernelTable, BestLevelComesFirst) {
  // Above NEON and above AVX-512 are levels for few bits.
  const Isa best = std::min(best_isa(), best_isa() < Isa::kAvx2 ? Isa::kNeon : Isa::kAvx512);
  EXPECT_EQ(chosen_conv_row(), std::string("cpu.conv2d.") + isa_name(best));
}

// The level is read once, so another process must read it.
TEST(KernelTableDeathTest, EnvironmentForcesALowerLevel) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  setenv("THAW_CPU_ISA", "generic", 1);
  EXPECT_EXIT(std::exit(chosen_conv_row() == "cpu.conv2d.generic" ? 0 : 1),
              ::testing::ExitedWithCode(0), "");
  unsetenv("THAW_CPU_ISA");
}

}  // namespace
}  // namespace thaw
