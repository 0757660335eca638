#include "import/ops/layout_nchw.h"

namespace thaw {

bool is_nchw(NodeContext& ctx) {
  const std::string format = ctx.string_attr("data_format", "NHWC");
  if (format != "NHWC" && format != "NCHW")
    ctx.fail("attribute 'data_format': expected NHWC or NCHW, found '" + format + "'");
  return format == "NCHW";
}

ValueId to_nhwc(NodeContext& ctx, ValueId x) {
  return ctx.add(Transpose{}, {x, ctx.ints({0, 2, 3, 1})});
}

ValueId to_nchw(NodeContext& ctx, ValueId x) {
  return ctx.add(Transpose{}, {x, ctx.ints({0, 3, 1, 2})});
}

}  // namespace thaw
