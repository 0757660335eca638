// TF's ops on strings.
#include "import/op_table.h"

namespace thaw {
namespace {

Outputs string_join(NodeContext& ctx) {
  ctx.expect_inputs(1, SIZE_MAX);
  return {ctx.add(StringJoin{ctx.string_attr("separator", "")}, ctx.inputs())};
}

Outputs substr(NodeContext& ctx) {
  ctx.expect_inputs(3);
  const std::string unit = ctx.string_attr("unit", "BYTE");
  if (unit != "BYTE" && unit != "UTF8_CHAR")
    ctx.fail("attribute 'unit': expected BYTE or UTF8_CHAR, found '" + unit + "'");
  return {ctx.add(Substr{unit == "UTF8_CHAR"}, ctx.inputs())};
}

Outputs regex_full_match(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return {ctx.add(RegexFullMatch{ctx.string_attr("pattern")}, ctx.inputs())};
}

Outputs decode_raw(NodeContext& ctx) {
  ctx.expect_inputs(1);
  const DecodeRaw op{ctx.type_attr("out_type"), ctx.bool_attr("little_endian", true)};
  if (dtype_size(op.dtype) == 0)
    ctx.fail(std::string("attribute 'out_type': ") + dtype_name(op.dtype) + " has no bytes");
  return {ctx.add(op, ctx.inputs())};
}

}  // namespace

const std::vector<OpRow>& text_ops() {
  static const std::vector<OpRow> rows = {
      {"DecodeRaw", decode_raw},
      {"StaticRegexFullMatch", regex_full_match},
      {"StringJoin", string_join},
      {"Substr", substr},
  };
  return rows;
}

}  // namespace thaw
