// TF's reductions, sorts and searches.
#include "import/op_table.h"

namespace thaw {
namespace {

template <ReduceKind kind>
Outputs reduce(NodeContext& ctx) {
  ctx.expect_inputs(2);
  return {ctx.add(Reduce{kind, ctx.bool_attr("keep_dims", false)}, ctx.inputs())};
}

Outputs l2_loss(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return {ctx.add(Reduce{ReduceKind::kL2Loss, false}, {ctx.input(0), ctx.ints({})})};
}

template <bool smallest>
Outputs arg_reduce(NodeContext& ctx) {
  ctx.expect_inputs(2);
  return {ctx.add(ArgReduce{smallest, ctx.type_attr("output_type", DType::kInt64)}, ctx.inputs())};
}

Outputs cumsum(NodeContext& ctx) {
  ctx.expect_inputs(2);
  const Cumsum op{ctx.bool_attr("exclusive", false), ctx.bool_attr("reverse", false)};
  return {ctx.add(op, ctx.inputs())};
}

// TopK has its k as an attribute, TopKV2 as an input.
Outputs top_k(NodeContext& ctx) {
  ctx.expect_inputs(1);
  const int64_t k = ctx.int_attr("k");
  if (k < 0 || k > INT32_MAX) ctx.fail("attribute 'k' is out of range: " + std::to_string(k));
  const TopK op{ctx.bool_attr("sorted", true), DType::kInt32};
  return ctx.add_all(op, {ctx.input(0), ctx.scalar_int(k)});
}

Outputs top_k_v2(NodeContext& ctx) {
  ctx.expect_inputs(2);
  const TopK op{ctx.bool_attr("sorted", true), ctx.type_attr("index_type", DType::kInt32)};
  return ctx.add_all(op, ctx.inputs());
}

Outputs where(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return {ctx.add(Where{}, ctx.inputs())};
}

}  // namespace

const std::vector<OpRow>& reduce_ops() {
  static const std::vector<OpRow> rows = {
      {"All", reduce<ReduceKind::kAll>},
      {"Any", reduce<ReduceKind::kAny>},
      {"ArgMax", arg_reduce<false>},
      {"ArgMin", arg_reduce<true>},
      {"Cumsum", cumsum},
      {"L2Loss", l2_loss},
      {"Max", reduce<ReduceKind::kMax>},
      {"Mean", reduce<ReduceKind::kMean>},
      {"Min", reduce<ReduceKind::kMin>},
      {"Prod", reduce<ReduceKind::kProd>},
      {"Sum", reduce<ReduceKind::kSum>},
      {"TopK", top_k},
      {"TopKV2", top_k_v2},
      {"Where", where},
  };
  return rows;
}

}  // namespace thaw
