// Reference kernels of constants, identities and assertions.
#include <fmt/core.h>

#include <algorithm>

#include "kernels/ref/ref.h"

namespace thaw::ref {
namespace {

std::string element(const Tensor& t, int64_t i) {
  switch (t.dtype()) {
    case DType::kString:
      return '"' + t.data<std::string>()[i].substr(0, 200) + '"';
    case DType::kFloat32:
      return fmt::format("{}", t.data<float>()[i]);
    case DType::kFloat64:
      return fmt::format("{}", t.data<double>()[i]);
    case DType::kFloat16:
    case DType::kBFloat16:
    case DType::kList:
    case DType::kInvalid:
      return "...";
    default:
      return fmt::format("{}", t.int_at(i));
  }
}

}  // namespace

void run(const Const& op, RunContext& context) { context.set_output(0, op.value); }

void run(const Identity&, RunContext& context) { pass_on(context, 0, context.input(0).shape()); }

void run(const Assert& op, RunContext& context) {
  const Tensor& condition = context.input(0);
  if (condition.dtype() != DType::kBool || condition.num_elements() != 1)
    fail("Assert", fmt::format("the condition must be one bool, got {}", condition.str()));
  if (condition.data<bool>()[0]) return;
  std::string message = "assertion failed:";
  for (size_t i = 1; i < context.num_inputs(); ++i) {
    const Tensor& datum = context.input(i);
    const int64_t most = op.summarize < 0 ? datum.num_elements() : op.summarize;
    const int64_t shown = std::min(most, datum.num_elements());
    message += " [";
    for (int64_t k = 0; k < shown; ++k) message += (k ? " " : "") + element(datum, k);
    message += shown < datum.num_elements() ? "...]" : "]";
  }
  fail("Assert", message);
}

}  // namespace thaw::ref
