// The ops that only pass a value on: they leave no node behind.
#include "import/op_table.h"

namespace thaw {
namespace {

Outputs pass_on(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return ctx.inputs();
}

Outputs pass_all_on(NodeContext& ctx) { return ctx.inputs(); }

Outputs no_op(NodeContext&) { return {}; }

}  // namespace

const std::vector<OpRow>& structure_ops() {
  static const std::vector<OpRow> rows = {
      {"CheckNumerics", pass_on},
      {"DebugGradientIdentity", pass_on},
      {"EnsureShape", pass_on},
      {"Identity", pass_on},
      {"IdentityN", pass_all_on},
      {"NoOp", no_op},
      {"PlaceholderWithDefault", pass_on},
      {"PreventGradient", pass_on},
      {"ReadVariableOp", pass_on},
      {"Snapshot", pass_on},
      {"StopGradient", pass_on},
  };
  return rows;
}

}  // namespace thaw
