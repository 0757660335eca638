// TF's parsers of tf.Example. Sparse and ragged features have no values in thaw: reading one is an
// error, declaring one is not.
#include <fmt/format.h>

#include "import/op_outputs.h"
#include "import/op_table.h"

namespace thaw {
namespace {

// Appends what is known of the dense features: one entry of each list for each key.
void set_dense(NodeContext& ctx, ParseExample& op) {
  op.dtypes = ctx.types_attr("Tdense");
  const std::vector<Shape> shapes = ctx.shapes_attr("dense_shapes");
  if (op.dtypes.size() != op.keys.size() || shapes.size() != op.keys.size())
    ctx.fail(fmt::format("found {} dense keys, {} types and {} shapes", op.keys.size(),
                         op.dtypes.size(), shapes.size()));
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (!shapes[i].is_static())
      ctx.fail(fmt::format("dense feature '{}' of shape {}: variable length is not supported",
                           op.keys[i], shapes[i].str()));
    op.shapes.push_back(shapes[i].rank());
    for (int64_t d : shapes[i]) op.shapes.push_back(d);
  }
}

// `before` values that thaw does not compute, the dense features, `after` such values.
Outputs parse(NodeContext& ctx, const ParseExample& op, ValueId serialized, size_t first_default,
              int64_t before, int64_t after) {
  std::vector<ValueId> inputs = {serialized};
  for (ValueId v : ctx.inputs(first_default, op.keys.size())) inputs.push_back(v);
  Outputs outputs(static_cast<size_t>(before), kNone);
  if (!op.keys.empty())
    for (ValueId v : ctx.add_all(op, std::move(inputs))) outputs.push_back(v);
  outputs.insert(outputs.end(), static_cast<size_t>(after), kNone);
  return outputs;
}

const std::string* constant_strings(NodeContext& ctx, size_t i, int64_t* count) {
  const Tensor* keys = ctx.constant(i);
  if (!keys || keys->dtype() != DType::kString) ctx.fail("expected constant strings as keys");
  *count = keys->num_elements();
  return keys->data<std::string>();
}

int64_t list_size(NodeContext& ctx, const char* name) {
  const tf::AttrValue* attr = find_attr(ctx.def(), name);
  return attr ? attr->list().type_size() : 0;
}

// (serialized, names, sparse keys, dense keys, ragged keys, default...)
Outputs parse_example_v2(NodeContext& ctx) {
  ParseExample op;
  int64_t count = 0;
  const std::string* keys = constant_strings(ctx, 3, &count);
  op.keys.assign(keys, keys + count);
  set_dense(ctx, op);
  const int64_t ragged =
      list_size(ctx, "ragged_value_types") + list_size(ctx, "ragged_split_types");
  return parse(ctx, op, ctx.input(0), 5, 3 * ctx.count_attr("num_sparse", 0), ragged);
}

// (serialized, names, sparse key..., dense key..., default...)
Outputs parse_example(NodeContext& ctx) {
  ParseExample op;
  const auto sparse = static_cast<size_t>(ctx.count_attr("Nsparse", 0));
  const auto dense = static_cast<size_t>(ctx.count_attr("Ndense", 0));
  for (size_t i = 0; i < dense; ++i) {
    int64_t count = 0;
    const std::string* key = constant_strings(ctx, 2 + sparse + i, &count);
    if (count != 1) ctx.fail("expected one key in each dense key, found " + std::to_string(count));
    op.keys.push_back(*key);
  }
  set_dense(ctx, op);
  return parse(ctx, op, ctx.input(0), 2 + sparse + dense, 3 * static_cast<int64_t>(sparse), 0);
}

// (serialized, default...), the keys being attributes.
Outputs parse_single_example(NodeContext& ctx) {
  ParseExample op;
  const tf::AttrValue* keys = find_attr(ctx.def(), "dense_keys");
  if (!keys || !keys->has_list()) ctx.fail("attribute 'dense_keys' (a list) is missing");
  op.keys.assign(keys->list().s().begin(), keys->list().s().end());
  set_dense(ctx, op);
  return parse(ctx, op, ctx.input(0), 1, 3 * ctx.count_attr("num_sparse", 0), 0);
}

}  // namespace

const std::vector<OpRow>& parse_ops() {
  static const std::vector<OpRow> rows = {
      {"ParseExample", parse_example},
      {"ParseExampleV2", parse_example_v2},
      {"ParseSingleExample", parse_single_example},
  };
  return rows;
}

}  // namespace thaw
