// The row of ops on two tensors, for the ways of broadcasting that networks use.
#include <algorithm>

#include "base/thread_pool.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kGrain = 8192;  // elements that are worth another thread

BinaryFn binary_fn(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::kAdd:
      return BinaryFn::kAdd;
    case BinaryKind::kSub:
      return BinaryFn::kSub;
    case BinaryKind::kMul:
      return BinaryFn::kMul;
    case BinaryKind::kDiv:
      return BinaryFn::kDiv;
    case BinaryKind::kMaximum:
      return BinaryFn::kMaximum;
    case BinaryKind::kMinimum:
      return BinaryFn::kMinimum;
    case BinaryKind::kSquaredDifference:
      return BinaryFn::kSquaredDifference;
    default:
      return BinaryFn::kCount;
  }
}

// The smaller operand's part in `rows` rows of `inner` results: the same row every time, or one
// value for each row.
struct Repeat {
  bool possible = false;
  int64_t rows = 1;
  int64_t inner = 1;
  bool by_row = false;
};

Repeat find_repeat(const Shape& small, const Shape& out) {
  const int lead = out.rank() - small.rank();
  const auto extent = [&](int i) { return i < lead ? 1 : small[i - lead]; };
  // Trailing dimensions that the operand spans, the rest being 1: a row for all.
  int first = out.rank();
  while (first > 0 && extent(first - 1) == out[first - 1]) --first;
  bool rest_is_one = true;
  for (int i = 0; i < first; ++i) rest_is_one = rest_is_one && extent(i) == 1;
  if (rest_is_one && first < out.rank())
    return {true, ref::product(out, 0, first), ref::product(out, first, out.rank()), false};
  // Leading dimensions that it spans: a value for each row.
  int last = 0;
  while (last < out.rank() && extent(last) == out[last]) ++last;
  rest_is_one = true;
  for (int i = last; i < out.rank(); ++i) rest_is_one = rest_is_one && extent(i) == 1;
  if (rest_is_one)
    return {true, ref::product(out, 0, last), ref::product(out, last, out.rank()), true};
  return {};
}

class BinaryKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    if (binary_fn(std::get<Binary>(desc.op).kind) == BinaryFn::kCount) return "no fast form";
    return refuse_dtype(desc);
  }
  BinaryKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<Binary>(desc.op)),
        fn_(set.vector.binary[static_cast<int>(binary_fn(op_.kind))]),
        repeats_(desc.inputs[0].shape != desc.inputs[1].shape) {}

  void run(RunContext& context) override {
    const Tensor& a = context.input(0);
    const Tensor& b = context.input(1);
    const Shape shape = ref::broadcast("Binary", a.shape(), b.shape());
    const int64_t n = shape.num_elements();
    if (n == 0) {
      context.output(0, DType::kFloat32, shape);
      return;
    }
    const bool whole_a = a.num_elements() == n;
    const bool whole_b = b.num_elements() == n;
    if ((whole_a || a.num_elements() == 1) && (whole_b || b.num_elements() == 1))
      return flat(context, shape, whole_a ? 1 : 0, whole_b ? 1 : 0);
    const Repeat repeat = whole_a   ? find_repeat(b.shape(), shape)
                          : whole_b ? find_repeat(a.shape(), shape)
                                    : Repeat();
    if (!repeat.possible) return ref::run(op_, context);
    rows(context, shape, repeat, whole_a);
  }

  size_t scratch_bytes(int /*threads*/) const override {
    return repeats_ ? kLong * sizeof(float) : 0;
  }

 private:
  static constexpr int64_t kLong = 256;

  void flat(RunContext& context, const Shape& shape, int64_t a_step, int64_t b_step) {
    const auto* a = context.input(0).data<float>();
    const auto* b = context.input(1).data<float>();
    auto* y = context.output(0, DType::kFloat32, shape).data<float>();
    context.pool().parallel_for(shape.num_elements(), kGrain, [&](int64_t begin, int64_t end, int) {
      fn_({a + begin * a_step, b + begin * b_step, a_step, b_step, end - begin,
           clamp_of(op_.activation), y + begin});
    });
  }

  void rows(RunContext& context, const Shape& shape, Repeat repeat, bool whole_a) {
    const auto* big = context.input(whole_a ? 0 : 1).data<float>();
    const auto* small = context.input(whole_a ? 1 : 0).data<float>();
    auto* y = context.output(0, DType::kFloat32, shape).data<float>();
    if (!repeat.by_row) small = widen(context, small, repeat);
    const int64_t step = repeat.by_row ? 0 : 1;
    const int64_t n = shape.num_elements();
    const int64_t count = (n + repeat.inner - 1) / repeat.inner;
    context.pool().parallel_for(
        count, kGrain / repeat.inner + 1, [&](int64_t begin, int64_t end, int) {
          for (int64_t r = begin; r < end; ++r) {
            const int64_t at = r * repeat.inner;
            const float* one = repeat.by_row ? small + r : small;
            const int64_t length = std::min(repeat.inner, n - at);
            fn_({whole_a ? big + at : one, whole_a ? one : big + at, whole_a ? 1 : step,
                 whole_a ? step : 1, length, clamp_of(op_.activation), y + at});
          }
        });
  }

  // A short row is repeated until it makes a longer one, which vectors fill better.
  static const float* widen(RunContext& context, const float* row, Repeat& repeat) {
    if (repeat.inner >= kLong / 2) return row;
    const int64_t times = kLong / repeat.inner;
    auto* wide = static_cast<float*>(context.scratch(kLong * sizeof(float)));
    for (int64_t i = 0; i < times; ++i) std::copy_n(row, repeat.inner, wide + i * repeat.inner);
    repeat.inner *= times;
    return wide;
  }

  const Binary op_;
  void (*const fn_)(const BinaryJob&);
  const bool repeats_;  // one operand may be the smaller
};

}  // namespace

const KernelClass kBinary = kernel_class<BinaryKernel>();

}  // namespace thaw::cpu
