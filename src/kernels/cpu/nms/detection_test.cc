// The fast kernels of detection ops against the reference ones, bit for bit, on inputs made to
// break shortcuts: ties, NaN, inverted and equal boxes, too few and too many candidates.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "base/thread_pool.h"
#include "kernels/cpu/kernel_set.h"
#include "kernels/cpu/nms/best_scores.h"
#include "kernels/evaluate.h"
#include "kernels/kernel.h"

namespace thaw {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

OpDesc describe(const Op& op, const std::vector<Tensor>& inputs) {
  OpDesc desc{op, {}, {}};
  for (const Tensor& t : inputs) desc.inputs.push_back({t.dtype(), t.shape(), nullptr});
  return desc;
}

std::vector<Tensor> run_fast(const KernelRow& row, const Op& op,
                             const std::vector<Tensor>& inputs) {
  const OpDesc desc = describe(op, inputs);
  const auto kernel = row.create(desc);
  ThreadPool pool(2);
  Workspace workspace;
  std::vector<Tensor> outputs(count_outputs(op, inputs));
  RunContext context(&pool, &workspace);
  context.bind(inputs, outputs);
  kernel->run(context);
  return outputs;
}

// All rows of the op that this processor can run.
std::vector<KernelRow> rows_for(const Op& op, const std::vector<Tensor>& inputs) {
  std::vector<KernelRow> rows;
  for (const KernelRow& row : cpu_kernels())
    if (row.op == kind_of(op) && row.can_run(describe(op, inputs)).empty()) rows.push_back(row);
  return rows;
}

void expect_same(const Op& op, const std::vector<Tensor>& inputs) {
  const std::vector<Tensor> want = evaluate(op, inputs);
  const std::vector<KernelRow> rows = rows_for(op, inputs);
  ASSERT_FALSE(rows.empty());
  for (const KernelRow& row : rows) {
    const std::vector<Tensor> got = run_fast(row, op, inputs);
    ASSERT_EQ(want.size(), got.size());
    for (size_t i = 0; i < want.size(); ++i)
      EXPECT_TRUE(identical(want[i], got[i])) << row.name << ", output " << i;
  }
}

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  float uniform(float lo, float hi) {
    return std::uniform_real_distribution<float>(lo, hi)(random_);
  }
  int64_t integer(int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(random_);
  }
  bool chance(double p) { return std::bernoulli_distribution(p)(random_); }

  float score(int style) {
    if (style == 1) return static_cast<float>(integer(0, 4)) / 4;  // ties
    if (style == 2) return 0.5F;
    if (style == 3) return chance(0.9) ? 0 : uniform(-1, 1);
    if (style == 4) return uniform(0, 1) * 1e-9F;
    const float x = uniform(0, 1);
    if (style == 5 && chance(0.05)) return chance(0.5) ? kNan : chance(0.5) ? kInf : -kInf;
    return x * x * x * x;
  }

  void box(int style, float* b) {
    const float h = style == 1 ? 0.25F : uniform(0, 0.5F);
    b[0] = style == 1 ? static_cast<float>(integer(0, 6)) / 8 : uniform(-0.2F, 1.1F);
    b[1] = style == 1 ? static_cast<float>(integer(0, 6)) / 8 : uniform(-0.2F, 1.1F);
    b[2] = b[0] + h;
    b[3] = b[1] + (style == 1 ? h : uniform(0, 0.5F));
    if (style == 2) std::fill_n(b, 4, 0.25F), b[2] = b[3] = 0.75F;
    if (style != 3) return;
    if (chance(0.2)) std::swap(b[0], b[2]);
    if (chance(0.2)) std::swap(b[1], b[3]);
    if (chance(0.2)) b[2] = b[0];
    if (chance(0.1)) b[integer(0, 3)] = chance(0.5) ? kNan : kInf;
    if (chance(0.05)) b[integer(0, 3)] = -kInf;
  }

  std::vector<Tensor> inputs(int64_t batch, int64_t n, int64_t classes, bool per_class, int style,
                             bool has_valid) {
    Tensor boxes = Tensor::empty(DType::kFloat32, {batch, n, per_class ? classes : 1, 4});
    for (int64_t i = 0; i < boxes.num_elements(); i += 4) box(style % 4, boxes.data<float>() + i);
    Tensor scores = Tensor::empty(DType::kFloat32, {batch, n, classes});
    for (int64_t i = 0; i < scores.num_elements(); ++i) scores.data<float>()[i] = score(style / 4);
    Tensor windows = Tensor::empty(DType::kFloat32, {batch, 4});
    for (int64_t i = 0; i < batch; ++i) {
      const float w[4] = {0, 0, uniform(0.5F, 1), 1};
      std::copy_n(w, 4, windows.data<float>() + 4 * i);
    }
    std::vector<Tensor> all{boxes, scores, windows};
    if (has_valid) {
      all.push_back(Tensor::empty(DType::kInt32, {batch}));
      for (int64_t i = 0; i < batch; ++i)
        all.back().data<int32_t>()[i] = static_cast<int32_t>(chance(0.2) ? 0 : integer(0, n));
    }
    Tensor field = Tensor::empty(DType::kFloat32, {batch, n, 3});
    for (int64_t i = 0; i < field.num_elements(); ++i)
      field.data<float>()[i] = static_cast<float>(i);
    all.push_back(field);
    return all;
  }

 private:
  std::mt19937 random_;
};

TEST(CpuMultiClassNms, MatchesTheReferenceOnHardInputs) {
  for (unsigned seed = 0; seed < 240; ++seed) {
    SCOPED_TRACE(seed);
    Maker make(seed);
    MultiClassNms op;
    op.iou_threshold = make.chance(0.2) ? make.chance(0.5) ? 0.0F : 1.0F : 0.6F;
    op.score_threshold = make.chance(0.5) ? 1e-8F : make.chance(0.5) ? 0.0F : 0.3F;
    op.max_per_class = make.integer(0, 60);
    op.max_total = make.integer(0, 120);
    op.change_coordinate_frame = make.chance(0.3);
    op.has_valid = make.chance(0.3);
    const int64_t n = make.chance(0.1) ? 0 : make.integer(1, 150);
    const std::vector<Tensor> inputs =
        make.inputs(make.integer(1, 3), n, make.integer(1, 20), make.chance(0.3),
                    static_cast<int>(seed % 24), op.has_valid);
    expect_same(op, inputs);
  }
}

// More equal candidates than several portions hold, all but a few of them hidden.
TEST(CpuMultiClassNms, GoesOnUntilThereAreNoMoreCandidates) {
  Maker make(7);
  MultiClassNms op;
  for (int style : {2 + 4 * 2, 0 + 4 * 2, 1 + 4 * 1}) {
    SCOPED_TRACE(style);
    op.max_total = style == 10 ? 100 : 3000;
    op.max_per_class = 200;
    expect_same(op, make.inputs(1, 1000, 40, false, style, false));
  }
}

// The op that the fused one stands for: each part by the row of the same instruction set.
std::vector<Tensor> run_unfused(const std::string& isa, const MultiClassNms& fused,
                                const std::vector<Tensor>& inputs) {
  const auto run = [&](const char* row, const Op& op, const std::vector<Tensor>& in) {
    for (const KernelRow& r : cpu_kernels())
      if (r.name == fmt::format("cpu.{}.{}", row, isa)) return run_fast(r, op, in);
    return evaluate(op, in);
  };
  MultiClassNms op = fused;
  std::vector<Tensor> in = inputs;
  if (fused.logits) in[1] = run("unary", Unary{UnaryKind::kSigmoid}, {in[1]})[0];
  const auto first =
      Tensor::of<int32_t>(DType::kInt32, {3}, {0, 0, static_cast<int>(op.background)});
  in[1] =
      evaluate(Slice(), {in[1], first, Tensor::of<int32_t>(DType::kInt32, {3}, {-1, -1, -1})})[0];
  if (fused.decode) {
    const auto anchors = in.begin() + static_cast<std::ptrdiff_t>(op.num_fixed_inputs() - 1);
    BoxDecode decode;
    decode.scales = op.scales;
    decode.corners = op.corners;
    in[0] = run("box_decode", decode, {in[0], *anchors})[0];
    in.erase(anchors);
  }
  op.logits = op.decode = false;
  op.background = 0;
  return run("multi_class_nms", op, in);
}

// Twice by one kernel, which remembers where it found enough the first time, on other inputs.
void expect_as_unfused(const MultiClassNms& op, const std::vector<std::vector<Tensor>>& runs) {
  for (const KernelRow& row : rows_for(op, runs[0])) {
    const std::string name = row.name;
    const auto kernel = row.create(describe(op, runs[0]));
    ThreadPool pool(2);
    Workspace workspace;
    for (const std::vector<Tensor>& inputs : runs) {
      const std::vector<Tensor> want = run_unfused(name.substr(name.rfind('.') + 1), op, inputs);
      std::vector<Tensor> got(want.size());
      RunContext context(&pool, &workspace);
      context.bind(inputs, got);
      kernel->run(context);
      for (size_t i = 0; i < want.size(); ++i)
        EXPECT_TRUE(identical(want[i], got[i])) << name << ", output " << i;
    }
  }
}

float hard_logit(Maker& make, int style) {
  if (style == 1) return static_cast<float>(make.integer(-4, 4)) / 2;  // ties
  if (style == 2) return 0.125F;
  if (style == 3) return 15 + make.uniform(0, 10);  // many logits, few scores
  if (style == 4) return make.uniform(-105, -80);   // scores that are hardly numbers
  if (style == 5 && make.chance(0.05))
    return make.chance(0.5) ? kNan : make.chance(0.5) ? kInf : -kInf;
  if (style == 6) return 1 + static_cast<float>(make.integer(0, 40)) * 0x1p-22F;  // neighbours
  if (style == 7) return make.uniform(-19, -18);  // about the threshold of 1e-8
  return make.uniform(-8, 0) + make.uniform(-4, 4);
}

std::vector<Tensor> hard_inputs(Maker& make, MultiClassNms& op, int64_t batch, int64_t n,
                                int64_t classes, int style) {
  std::vector<Tensor> inputs =
      make.inputs(batch, n, classes + op.background, false, style % 4, op.has_valid);
  Tensor logits = Tensor::empty(DType::kFloat32, {batch, n, classes + op.background});
  for (int64_t i = 0; i < logits.num_elements(); ++i)
    logits.data<float>()[i] = hard_logit(make, style);
  inputs[1] = logits;
  if (op.decode) {
    Tensor anchors = Tensor::empty(DType::kFloat32, {std::max<int64_t>(n, 1), 4});
    for (int64_t i = 0; i < anchors.num_elements(); i += 4)
      make.box(style == 5 ? 3 : 0, anchors.data<float>() + i);
    inputs.insert(inputs.begin() + static_cast<std::ptrdiff_t>(op.num_fixed_inputs() - 1), anchors);
  }
  return inputs;
}

TEST(CpuMultiClassNms, FusedIsAsTheParts) {
  for (unsigned seed = 0; seed < 240; ++seed) {
    SCOPED_TRACE(seed);
    Maker make(seed);
    MultiClassNms op;
    op.score_threshold = std::array<float, 4>{0.0F, 1e-8F, 0.3F, 0.5F}[seed / 8 % 4];
    op.max_per_class = make.integer(1, 60);
    op.max_total = make.integer(1, 120);
    op.has_valid = make.chance(0.3);
    op.background = make.integer(0, 2);
    op.logits = make.chance(0.8);
    op.decode = make.chance(0.7);
    op.corners = make.chance(0.3);
    const int64_t batch = make.integer(1, 3);
    const int64_t n = make.chance(0.1) ? 0 : make.integer(1, 150);
    const int64_t classes = make.integer(1, 40);
    std::vector<std::vector<Tensor>> runs;
    for (int style : {static_cast<int>(seed % 8), static_cast<int>(make.integer(0, 7)),
                      static_cast<int>(seed % 8)})
      runs.push_back(hard_inputs(make, op, batch, n, classes, style));
    expect_as_unfused(op, runs);
    if (::testing::Test::HasFailure()) return;
  }
}

// More candidates than a portion holds; a guess from the run before that is far off either way.
TEST(CpuMultiClassNms, FusedGoesOnUntilThereAreNoMoreCandidates) {
  Maker make(7);
  for (int most : {100, 3000}) {
    MultiClassNms op;
    op.score_threshold = 1e-8F;
    op.max_per_class = 200;
    op.max_total = most;
    op.background = 1;
    op.logits = op.decode = true;
    std::vector<std::vector<Tensor>> runs;
    for (int style : {0, 3, 0, 4, 2, 7, 1, 6, 0})
      runs.push_back(hard_inputs(make, op, 1, 700, 40, style));
    expect_as_unfused(op, runs);
  }
}

TEST(CpuMultiClassNms, MoreClassesThanABlock) {
  Maker make(11);
  MultiClassNms op;
  op.logits = true;
  op.background = 1;
  expect_as_unfused(op,
                    {hard_inputs(make, op, 1, 9, 5000, 0), hard_inputs(make, op, 1, 9, 5000, 1)});
}

// Where candidates are cut must be right for the sigmoid of every instruction set.
TEST(BestScores, BoundsHoldForEverySigmoid) {
  Maker make(5);
  std::vector<float> x;
  for (int i = 0; i < 200000; ++i) x.push_back(make.uniform(-106, i % 2 == 0 ? 90.0F : 4.0F));
  std::vector<float> y(x.size());
  for (Isa isa : {Isa::kGeneric, Isa::kAvx2, Isa::kAvx512, Isa::kNeon}) {
    if (!isa_enabled(isa) || cpu::kernel_set(isa) == nullptr) continue;
    cpu::kernel_set(isa)->vector.unary[static_cast<int>(cpu::UnaryFn::kSigmoid)](
        x.data(), y.data(), static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_LT(cpu::logit_below(y[i]), x[i]) << y[i];
      ASSERT_GE(cpu::logit_above(y[i]), x[i]) << y[i];
      ASSERT_GE(cpu::score_bound(x[i]), y[i]) << x[i];
      if (y[i] > 1e-30F) {
        ASSERT_LT(cpu::score_bound(cpu::logit_below(y[i])), y[i]) << x[i];
      }
    }
  }
}

TEST(CpuMultiClassNms, RefusesWhatDoesNotFit) {
  Maker make(1);
  std::vector<Tensor> inputs = make.inputs(1, 5, 3, false, 0, true);
  MultiClassNms op;
  op.has_valid = true;
  inputs[3].data<int32_t>()[0] = 6;
  for (const KernelRow& row : rows_for(op, inputs))
    EXPECT_ANY_THROW(run_fast(row, op, inputs)) << row.name;
  EXPECT_ANY_THROW(evaluate(op, inputs));
}

TEST(CpuBoxDecode, MatchesTheReference) {
  Maker make(3);
  for (bool corners : {false, true}) {
    BoxDecode op;
    op.corners = corners;
    Tensor encodings = Tensor::empty(DType::kFloat32, {3, 1000, 4});
    Tensor anchors = Tensor::empty(DType::kFloat32, {1000, 4});
    for (Tensor* t : {&encodings, &anchors})
      for (int64_t i = 0; i < t->num_elements(); ++i)
        t->data<float>()[i] = make.chance(0.01) ? kNan : make.uniform(-3, 3);
    expect_same(op, {encodings, anchors});
  }
}

}  // namespace
}  // namespace thaw
