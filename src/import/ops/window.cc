#include "import/ops/window.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace thaw {
namespace {

constexpr int64_t kMaxExtent = 1 << 20;

std::array<int64_t, 4> explicit_pads(NodeContext& ctx, const std::vector<int64_t>& pads,
                                     bool nchw) {
  const size_t batch = 0, channels = nchw ? 2 : 6, height = nchw ? 4 : 2, width = nchw ? 6 : 4;
  bool right = pads.size() == 8;
  for (int64_t p : pads) right = right && p >= 0 && p <= kMaxExtent;
  for (size_t i : {batch, channels}) right = right && pads[i] == 0 && pads[i + 1] == 0;
  if (!right)
    ctx.fail(
        fmt::format("attribute 'explicit_paddings': expected 8 numbers from 0, those of batch "
                    "and channels 0, found [{}]",
                    fmt::join(pads, ", ")));
  return {pads[height], pads[height + 1], pads[width], pads[width + 1]};
}

}  // namespace

std::array<int64_t, 2> spatial(NodeContext& ctx, const char* name, const std::vector<int64_t>& four,
                               bool nchw) {
  const size_t channels = nchw ? 1 : 3, height = nchw ? 2 : 1, width = nchw ? 3 : 2;
  bool right = four.size() == 4;
  for (int64_t v : four) right = right && v >= 1 && v <= kMaxExtent;
  if (!right || four[0] != 1 || four[channels] != 1)
    ctx.fail(
        fmt::format("attribute '{}': expected 4 numbers from 1, those of batch and channels "
                    "1, found [{}]",
                    name, fmt::join(four, ", ")));
  return {four[height], four[width]};
}

Window read_window(NodeContext& ctx, bool nchw) {
  Window window;
  window.strides = spatial(ctx, "strides", ctx.ints_attr("strides"), nchw);
  window.dilations =
      spatial(ctx, "dilations", ctx.ints_attr("dilations", std::vector<int64_t>{1, 1, 1, 1}), nchw);
  const std::string padding = ctx.string_attr("padding");
  const std::vector<int64_t> pads = ctx.ints_attr("explicit_paddings", std::vector<int64_t>{});
  if (padding == "EXPLICIT") {
    window.padding = Padding::kExplicit;
    window.pads = explicit_pads(ctx, pads, nchw);
    return window;
  }
  if (!pads.empty())
    ctx.fail("attribute 'explicit_paddings' needs padding EXPLICIT, found " + padding);
  if (padding != "SAME" && padding != "VALID")
    ctx.fail("attribute 'padding': expected SAME, VALID or EXPLICIT, found '" + padding + "'");
  window.padding = padding == "SAME" ? Padding::kSame : Padding::kValid;
  return window;
}

}  // namespace thaw
