#include "kernels/evaluate.h"

#include "kernels/ref/ref.h"
#include "thaw/error.h"

namespace thaw {
namespace {

template <class T>
size_t outputs_of(const T& op, const std::vector<Tensor>& inputs) {
  if constexpr (std::is_same_v<T, Assert>) return 0;
  if constexpr (std::is_same_v<T, TopK>) return 2;
  if constexpr (std::is_same_v<T, MultiClassNms>) {
    const size_t others = op.num_fixed_inputs();
    return 4 + (inputs.size() > others ? inputs.size() - others : 0);
  }
  if constexpr (std::is_same_v<T, CombinedNms>) return 4;
  if constexpr (std::is_same_v<T, Split> || std::is_same_v<T, Unpack>)
    return op.count < 0 ? 0 : static_cast<size_t>(op.count);
  if constexpr (std::is_same_v<T, SplitV>)
    return inputs.size() < 2 ? 0 : static_cast<size_t>(inputs[1].num_elements());
  if constexpr (std::is_same_v<T, ConvHeads>) return inputs.size() / 2;
  if constexpr (std::is_same_v<T, ConcatOffset>) return inputs.empty() ? 0 : inputs.size() - 1;
  if constexpr (std::is_same_v<T, ParseExample>) return op.keys.size();
  if constexpr (std::is_same_v<T, NonMaxSuppression>)
    return op.version <= 3 ? 1 : static_cast<size_t>(op.version - 2);
  return 1;
}

template <class T>
void run_op(const T& op, RunContext& context) {
  if constexpr (ref::kHasKernel<T>) {
    ref::run(op, context);
  } else {
    throw InputError("an op without a kernel can't be evaluated");
  }
}

}  // namespace

size_t count_outputs(const Op& op, const std::vector<Tensor>& inputs) {
  return std::visit([&](const auto& o) { return outputs_of(o, inputs); }, op);
}

std::vector<Tensor> evaluate(const Op& op, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> outputs(count_outputs(op, inputs));
  Workspace workspace;
  RunContext context(nullptr, &workspace);
  context.bind(inputs, outputs);
  std::visit([&](const auto& o) { run_op(o, context); }, op);
  return outputs;
}

}  // namespace thaw
