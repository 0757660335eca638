#include "passes/fake_levels.h"

#include <algorithm>
#include <cmath>

#include "passes/fusion.h"

namespace thaw {
namespace {

// The range moves until zero is a level, as the node does it.
std::optional<Levels> levels_of(const FakeQuant& op, float low, float high) {
  const float least = op.narrow_range ? 1 : 0;
  const auto most = static_cast<float>((1 << op.num_bits) - 1);
  Levels levels;
  levels.scale = (high - low) / (most - least);
  if (!(levels.scale > 0) || !std::isfinite(levels.scale)) return {};
  levels.zero = std::lround(std::clamp(least - low / levels.scale, least, most));
  return levels;
}

// The side of the range that needs the larger levels decides.
std::optional<Levels> levels_of(const QuantizeDequantize& op, float low, float high) {
  const auto count = static_cast<float>(1 << op.num_bits);
  const float least = op.signed_input ? count / 2 - (op.narrow_range ? 1 : 0) : 0;
  const float most = op.signed_input ? count / 2 - 1 : count - 1;
  Levels levels;
  levels.scale = std::max(high / most, least > 0 ? -low / least : 0.0F);
  if (!(levels.scale > 0) || !std::isfinite(levels.scale)) return {};
  levels.zero = op.signed_input ? 128 : 0;
  return levels;
}

}  // namespace

std::optional<FakeLevels> fake_levels_of(const Graph& graph, const Node& node) {
  const auto* fake = node.as<FakeQuant>();
  const auto* pair = node.as<QuantizeDequantize>();
  if ((!fake && !pair) || node.inputs.size() != 3) return {};
  const int64_t bits = fake ? fake->num_bits : pair->num_bits;
  if (bits < 2 || bits > 8 || (pair && (!pair->range_given || pair->axis != -1))) return {};
  const Tensor* low = graph.constant_value(node.inputs[1]);
  const Tensor* high = graph.constant_value(node.inputs[2]);
  for (const Tensor* t : {low, high})
    if (!t || t->dtype() != DType::kFloat32 || t->num_elements() != 1) return {};
  const float from = low->data<float>()[0];
  const float to = high->data<float>()[0];
  const std::optional<Levels> levels =
      fake ? levels_of(*fake, from, to) : levels_of(*pair, from, to);
  if (!levels) return {};
  const bool narrow = fake ? fake->narrow_range : pair->narrow_range && pair->signed_input;
  return FakeLevels{*levels, node.inputs[0], bits == 8 && !narrow};
}

}  // namespace thaw
