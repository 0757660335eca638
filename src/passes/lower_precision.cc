#include "passes/lower_precision.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "passes/fake_levels.h"
#include "passes/fusion.h"
#include "passes/spread_channels.h"

namespace thaw {
namespace {

constexpr int64_t kPictureChannels = 4;
constexpr float kLargestHalfSum = 32768;  // half of what float16 holds

ActivationTypes* activation_types_of(Op& op) {
  if (auto* conv = std::get_if<Conv2D>(&op)) return conv;
  if (auto* depthwise = std::get_if<DepthwiseConv2D>(&op)) return depthwise;
  return nullptr;
}

// 0 is always a level of its own: padding is made of it.
Levels levels_of(const ValueRange& range) {
  const float low = std::min(range.low, 0.0F);
  const float high = std::max(range.high, 0.0F);
  Levels levels;
  levels.scale = (high - low) / 255;
  if (!(levels.scale > 0) || !std::isfinite(levels.scale)) levels.scale = 1.0F / 255;
  levels.zero = std::clamp<int64_t>(std::lround(-low / levels.scale), 0, 255);
  return levels;
}

class Lowering {
 public:
  Lowering(Graph& graph, const PassContext& context) : graph_(graph), context_(context) {}

  bool run() {
    const std::vector<NodeId> order = graph_.topological_order();
    lowered_.assign(graph_.num_nodes(), false);
    for (NodeId id : order) lowered_[id] = can_lower(id);
    if (context_.precision == DType::kUInt8)
      for (NodeId id : order) drop_fake(id);
    bool changed = false;
    for (NodeId id : order) changed = (lowered_[id] && lower(id)) || changed;
    if (changed)
      for (NodeId id : graph_.topological_order()) graph_.infer(id);
    return changed;
  }

 private:
  bool is_layer(NodeId id) const {
    const Node& node = graph_.node(id);
    if (!node.as<Conv2D>() && !node.as<DepthwiseConv2D>()) return false;
    if (graph_.value(node.inputs[0]).type.dtype != DType::kFloat32) return false;
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      const Tensor* constant = graph_.constant_value(node.inputs[i]);
      if (!constant || constant->dtype() != DType::kFloat32) return false;
    }
    return true;
  }

  bool can_lower(NodeId id) const {
    if (!is_layer(id) || stays_wide(id)) return false;
    const ValueId x = graph_.node(id).inputs[0];
    const Shape& shape = graph_.value(x).type.shape;
    if (shape.rank() != 4 || (shape[3] != kUnknownDim && shape[3] <= kPictureChannels))
      return false;
    return context_.precision != DType::kUInt8 || known_levels(x);
  }

  bool stays_wide(NodeId id) const {
    return context_.calibration && context_.calibration->wide.count(graph_.node(id).name) > 0;
  }

  // The graph's own levels, else by the range that is known.
  std::optional<Levels> known_levels(ValueId value) const {
    if (const std::optional<FakeLevels> fake = fake_of(value)) return fake->levels;
    const std::optional<ValueRange> range = range_of(value);
    return range ? std::optional(levels_of(*range)) : std::nullopt;
  }

  // Of what such a node makes; the largest of some levels, or a view of them, is one of them.
  std::optional<FakeLevels> fake_of(ValueId value) const {
    const auto dropped = dropped_.find(value);
    if (dropped != dropped_.end()) return dropped->second;
    const Node* producer = graph_.producer(value);
    if (!producer) return {};
    if (std::optional<FakeLevels> fake = fake_levels_of(graph_, *producer)) return fake;
    const auto* pool = producer->as<Pool>();
    if (!(pool && pool->kind == PoolKind::kMax) && !traits(producer->op).only_renames) return {};
    std::optional<FakeLevels> fake = fake_of(producer->inputs[0]);
    if (fake) fake->source = value;
    return fake;
  }

  // A layer's result that is rounded to levels and then read by layers alone: rounding it to uint8
  // does the same, and the node goes.
  void drop_fake(NodeId id) {
    const std::optional<FakeLevels> fake = fake_levels_of(graph_, graph_.node(id));
    if (!fake || !fake->all) return;
    const ValueId rounded = graph_.node(id).outputs[0];
    const NodeId maker = graph_.value(fake->source).producer;
    if (maker == kNone || !is_layer(maker) || graph_.is_output(fake->source) ||
        graph_.value(fake->source).users.size() != 1 || !only_layers_read(rounded))
      return;
    const std::vector<NodeId> users(graph_.value(rounded).users.begin(),
                                    graph_.value(rounded).users.end());
    for (const NodeId user : users) graph_.set_input(user, 0, fake->source);
    graph_.remove_node(id);
    dropped_[fake->source] = *fake;
  }

  std::optional<ValueRange> range_of(ValueId value) const {
    const Node* producer = graph_.producer(value);
    if (!producer) return {};
    if (context_.calibration) {
      const auto known = context_.calibration->ranges.find(producer->name);
      if (known != context_.calibration->ranges.end()) return known->second;
    }
    if (activation_of(value) == Activation::kRelu6) return ValueRange{0, 6, {}, {}};
    return {};
  }

  // Of the layer that makes the value.
  Activation activation_of(ValueId value) const {
    const Node* producer = graph_.producer(value);
    const auto* conv = producer ? producer->as<Conv2D>() : nullptr;
    const auto* depthwise = producer ? producer->as<DepthwiseConv2D>() : nullptr;
    return conv ? conv->activation : depthwise ? depthwise->activation : Activation::kNone;
  }

  bool lower(NodeId id) {
    const ValueId x = graph_.node(id).inputs[0];
    const bool bytes = context_.precision == DType::kUInt8;
    const Levels levels = bytes ? *known_levels(x) : Levels{};
    const bool made = made_by_layer(x);
    const DType type = made ? made_type(x) : context_.precision;
    if (auto* depthwise = std::get_if<DepthwiseConv2D>(&graph_.op(id)))
      depthwise->float16_accumulation = type == DType::kFloat16 && wants_half(id);
    if (made) {
      if (bytes) spread(x);
      ActivationTypes& maker = *activation_types_of(graph_.op(graph_.value(x).producer));
      maker.result = type;
      maker.out_scale = levels.scale;
      maker.out_zero = levels.zero;
    } else {
      graph_.set_input(id, 0, converted(x, levels));
    }
    ActivationTypes& types = *activation_types_of(graph_.op(id));
    if (types.result == DType::kInvalid) types.result = DType::kFloat32;
    types.in_scale = levels.scale;
    types.in_zero = levels.zero;
    return true;
  }

  // Once: what its first reader has had done is known by the type of the result.
  void spread(ValueId x) {
    const ActivationTypes& maker = *activation_types_of(graph_.op(graph_.value(x).producer));
    if (maker.result == DType::kUInt8 || fake_of(x)) return;
    ValueRange range = *range_of(x);
    if (activation_of(x) == Activation::kRelu6) range.high = std::min(range.high, 6.0F);
    spread_channels(graph_, x, range);
  }

  // Float16 has three bits more than bfloat16. What only depthwise layers read, whose arithmetic
  // gains nothing from bfloat16, has them where its range is bounded.
  DType made_type(ValueId x) const {
    if (context_.precision != DType::kBFloat16) return context_.precision;
    const IdList& users = graph_.value(x).users;
    const bool half = std::all_of(users.begin(), users.end(), [&](NodeId id) {
      return graph_.node(id).as<DepthwiseConv2D>() && wants_half(id);
    });
    return half ? DType::kFloat16 : DType::kBFloat16;
  }

  bool wants_half(NodeId depthwise) const {
    return context_.target.forms.float16_accumulation && fits_half(depthwise);
  }

  // The input of a depthwise layer is a ReLU6's result, and sums of any part of its window fit in
  // float16.
  bool fits_half(NodeId depthwise) const {
    const Node& node = graph_.node(depthwise);
    if (activation_of(node.inputs[0]) != Activation::kRelu6) return false;
    const Tensor& filter = *graph_.constant_value(node.inputs[1]);
    if (filter.rank() != 4) return false;
    const int64_t channels = filter.dim(2) * filter.dim(3);
    std::vector<float> most(static_cast<size_t>(channels), 0.0F);
    if (node.inputs.size() > 2) {
      const Tensor& bias = *graph_.constant_value(node.inputs[2]);
      if (bias.num_elements() != channels) return false;
      for (size_t c = 0; c < most.size(); ++c) most[c] = std::fabs(bias.data<float>()[c]);
    }
    for (int64_t i = 0; i < filter.num_elements(); ++i)
      most[static_cast<size_t>(i % channels)] += 6 * std::fabs(filter.data<float>()[i]);
    return std::all_of(most.begin(), most.end(), [](float m) { return m <= kLargestHalfSum; });
  }

  // A layer makes the value and only layers read it.
  bool made_by_layer(ValueId x) const {
    const NodeId producer = graph_.value(x).producer;
    if (producer == kNone) return false;
    if (!lowered_[producer] && !is_layer(producer)) return false;
    return only_layers_read(x);
  }

  bool only_layers_read(ValueId x) const {
    if (graph_.is_output(x)) return false;
    const IdList& users = graph_.value(x).users;
    return std::all_of(users.begin(), users.end(), [&](NodeId user) {
      return user < lowered_.size() && lowered_[user] && graph_.node(user).inputs[0] == x;
    });
  }

  ValueId converted(ValueId x, Levels levels) {
    const auto [it, fresh] = converted_.emplace(x, kNone);
    if (fresh) {
      if (const std::optional<FakeLevels> fake = fake_of(x); fake && fake->all) x = fake->source;
      const std::string name = graph_.producer(x) ? graph_.producer(x)->name : "";
      it->second = context_.precision == DType::kUInt8
                       ? graph_.add(Quantize{levels.scale, levels.zero}, {x}, name)
                       : graph_.add(Cast{context_.precision}, {x}, name);
    }
    return it->second;
  }

  Graph& graph_;
  const PassContext& context_;
  std::vector<bool> lowered_;  // by node
  std::map<ValueId, ValueId> converted_;
  std::map<ValueId, FakeLevels> dropped_;  // by what the nodes that went rounded
};

}  // namespace

bool lower_precision(Graph& graph, const PassContext& context) {
  if (context.precision == DType::kFloat32) return false;
  return Lowering(graph, context).run();
}

}  // namespace thaw
