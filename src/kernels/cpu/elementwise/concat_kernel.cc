// The row of concatenations that the plan can't lay out in place: with dimensions before the axis,
// such as the batch's. The result's bytes are divided among the threads, whatever the sizes of the
// pieces.
#include <algorithm>
#include <cstring>

#include "base/thread_pool.h"
#include "kernels/cpu/rows.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kGrain = 64 << 10;  // bytes that are worth another thread

class ConcatKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    if (dtype_size(desc.inputs[0].dtype) == 0) return "its elements have no fixed size";
    if (!is_constant(desc, desc.inputs.size() - 1)) return "the axis is not a constant";
    for (size_t i = 0; i + 1 < desc.inputs.size(); ++i)
      if (!desc.inputs[i].shape.is_static()) return "the shapes are not known before the run";
    return desc.outputs[0].shape.is_static() ? "" : "the shapes are not known before the run";
  }

  ConcatKernel(const OpDesc& desc, const KernelSet&) : shape_(desc.outputs[0].shape) {
    const int64_t named = desc.inputs.back().constant->int_at(0);
    const int64_t axis = named < 0 ? named + shape_.rank() : named;
    for (int i = 0; i < static_cast<int>(axis); ++i) rows_ *= shape_[i];
    for (size_t i = 0; i + 1 < desc.inputs.size(); ++i) {
      const auto size = static_cast<int64_t>(dtype_size(desc.inputs[i].dtype));
      const int64_t elements = desc.inputs[i].shape.num_elements();
      pieces_.push_back(rows_ == 0 ? 0 : elements / rows_ * size);
      row_ += pieces_.back();
    }
  }

  void run(RunContext& context) override {
    auto* out = static_cast<char*>(context.output(0, context.input(0).dtype(), shape_).raw());
    context.pool().parallel_for(rows_ * row_, kGrain, [&](int64_t begin, int64_t end, int) {
      for (int64_t row = begin / row_; row * row_ < end; ++row)
        copy_row(context, row, begin, end, out);
    });
  }

 private:
  // What lies between the bytes begin and end of the result.
  void copy_row(const RunContext& context, int64_t row, int64_t begin, int64_t end,
                char* out) const {
    int64_t at = row * row_;
    for (size_t i = 0; i < pieces_.size(); at += pieces_[i++]) {
      const int64_t from = std::max(at, begin);
      const int64_t to = std::min(at + pieces_[i], end);
      if (from >= to) continue;
      const auto* x = static_cast<const char*>(context.input(i).raw()) + row * pieces_[i];
      std::memcpy(out + from, x + (from - at), static_cast<size_t>(to - from));
    }
  }

  const Shape shape_;
  int64_t rows_ = 1;
  int64_t row_ = 0;              // bytes
  std::vector<int64_t> pieces_;  // bytes of each input in a row
};

}  // namespace

const KernelClass kConcat = kernel_class<ConcatKernel>();

}  // namespace thaw::cpu
