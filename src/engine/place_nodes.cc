#include "engine/place_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>

#include "base/memory_budget.h"
#include "engine/choose_kernel.h"
#include "engine/cost.h"
#include "engine/min_cut.h"
#include "ops/traits.h"

namespace thaw {
namespace {

// Of a processor's core, roughly; what matters is its relation to the device's.
constexpr Device::Speed kHostSpeed{0.5, 0, 1e4, 5e3, 3e4};

// Source's side: the host. Sink's side: the device.
class Placer {
 public:
  Placer(const Graph& graph, const std::vector<NodeId>& order, const BuildContext& context)
      : graph_(graph),
        order_(order),
        context_(context),
        speed_(context.device->speed()),
        vertices_(graph.num_nodes(), MinCut::kSource) {}

  Placement run() {
    Placement result{std::vector<Space>(graph_.num_nodes(), Space::kHost),
                     std::vector<std::string>(graph_.num_nodes()),
                     {}};
    for (NodeId id : order_) add_node(id, result.why[id]);
    for (NodeId id : order_)
      for (ValueId v : graph_.node(id).outputs) add_copies(v);
    for (ValueId v : graph_.inputs()) add_copies(v);
    const std::vector<bool> on_host = cut_.solve();
    for (NodeId id : order_) {
      if (!on_host[vertices_[id]]) {
        result.spaces[id] = Space::kDevice;
        result.why[id].clear();
      } else if (result.why[id].empty()) {
        result.why[id] = "dearer on the device than here, with its copies";
      }
    }
    return result;
  }

 private:
  static int64_t picoseconds(double us) {
    return static_cast<int64_t>(std::clamp(us * 1e6, 1.0, 1e13));
  }

  int64_t bytes(ValueId v) const {
    const TensorType& type = graph_.value(v).type;
    return type.shape.is_static() && dtype_size(type.dtype) > 0
               ? static_cast<int64_t>(tensor_bytes(type.dtype, type.shape))
               : 0;
  }

  int64_t time_on(const Device::Speed& speed, const Node& node) const {
    double traffic = 0;
    for (ValueId v : node.inputs) traffic += static_cast<double>(bytes(v));
    for (ValueId v : node.outputs) traffic += static_cast<double>(bytes(v));
    const auto macs = static_cast<double>(std::max<int64_t>(count_macs(graph_, node), 0));
    return picoseconds(speed.launch_us +
                       std::max(traffic / speed.bytes_per_us, macs / speed.macs_per_us));
  }

  bool is_planned_rename(const Node& node) const {
    if (!traits(node.op).only_renames) return false;
    const TensorType& out = graph_.value(node.outputs[0]).type;
    return !graph_.constant_value(node.inputs[0]) && out.shape.is_static() &&
           dtype_size(out.dtype) > 0 && graph_.value(node.inputs[0]).type.shape.is_static();
  }

  // Why the device can't run it; empty when it can.
  std::string refusal(NodeId id) const {
    const Node& node = graph_.node(id);
    if (node.as<While>() || node.as<If>()) return "loops and branches run on the host";
    const OpDesc desc = describe(graph_, node);
    if (const std::optional<Space> known = known_space(graph_, id, context_))
      return *known == Space::kDevice ? "" : "the plan has it here";
    return device_refusal(desc, context_);
  }

  void add_node(NodeId id, std::string& why) {
    const Node& node = graph_.node(id);
    if (node.as<Const>()) return;
    vertices_[id] = cut_.add_vertex();
    why = refusal(id);
    if (why.empty() && is_planned_rename(node)) return;  // costs nothing on either
    const bool pinned = context_.prepared != nullptr && why.empty();
    cut_.add_edge(vertices_[id], MinCut::kSink,
                  pinned ? MinCut::kNever : time_on(kHostSpeed, node));
    cut_.add_edge(MinCut::kSource, vertices_[id],
                  why.empty() ? time_on(speed_, node) : MinCut::kNever);
  }

  // A value that is made on one side costs a copy when anything on the other reads it.
  void add_copies(ValueId v) {
    const IdList& users = graph_.value(v).users;
    const NodeId producer = graph_.value(v).producer;
    if (producer != kNone && graph_.node(producer).as<Const>()) return;  // copied once for all
    const size_t given = context_.inputs_in == Space::kHost ? MinCut::kSource : MinCut::kSink;
    const size_t maker = producer == kNone ? given : vertices_[producer];
    const int64_t cost =
        picoseconds(speed_.copy_us + static_cast<double>(bytes(v)) / speed_.copy_bytes_per_us);
    const bool to_host = context_.outputs_in == Space::kHost;
    if (graph_.is_output(v) && producer != kNone) {
      if (to_host)
        cut_.add_edge(MinCut::kSource, maker, cost);
      else
        cut_.add_edge(maker, MinCut::kSink, cost);
    }
    if (users.empty()) return;
    const size_t read_on_device = cut_.add_vertex();
    cut_.add_edge(maker, read_on_device, cost);
    const size_t read_on_host = cut_.add_vertex();
    if (!graph_.is_output(v) || !to_host) cut_.add_edge(read_on_host, maker, cost);
    for (NodeId user : users) {
      if (vertices_[user] == MinCut::kSource) continue;  // not in the order
      cut_.add_edge(read_on_device, vertices_[user], MinCut::kNever);
      cut_.add_edge(vertices_[user], read_on_host, MinCut::kNever);
    }
  }

  const Graph& graph_;
  const std::vector<NodeId>& order_;
  const BuildContext& context_;
  const Device::Speed speed_;
  MinCut cut_;
  std::vector<size_t> vertices_;  // by node
};

// All that can be done where the work is, before the other side goes on; in the order that was
// given otherwise.
std::vector<NodeId> grouped(const Graph& graph, const std::vector<NodeId>& order,
                            const std::vector<Space>& spaces) {
  constexpr size_t kSides = 2;
  using Places = std::priority_queue<size_t, std::vector<size_t>, std::greater<>>;
  Places ready[kSides];  // places in `order`
  std::vector<size_t> places(graph.num_nodes(), order.size());
  std::vector<size_t> missing(graph.num_nodes(), 0);  // inputs that are not made yet
  for (size_t i = 0; i < order.size(); ++i) places[order[i]] = i;
  const auto side = [&](NodeId id) { return static_cast<size_t>(spaces[id]); };
  for (NodeId id : order) {
    for (ValueId v : graph.node(id).inputs)
      if (graph.value(v).producer != kNone) ++missing[id];
    if (missing[id] == 0) ready[side(id)].push(places[id]);
  }
  std::vector<NodeId> result;
  for (size_t at = 0; !ready[0].empty() || !ready[1].empty(); at = 1 - at) {
    for (; !ready[at].empty();) {
      const NodeId id = order[ready[at].top()];
      ready[at].pop();
      result.push_back(id);
      for (ValueId v : graph.node(id).outputs)
        for (NodeId user : graph.value(v).users)
          if (places[user] < order.size() && --missing[user] == 0)
            ready[side(user)].push(places[user]);
    }
  }
  return result;
}

// Moves the device's segments of too few nodes to the host; false where there is none.
bool drop_small_segments(const Graph& graph, const BuildContext& context, Placement& placement) {
  const int least = context.minimum_segment_size;
  const std::string all =
      fmt::format("nothing is given to {} (minimum_segment_size)", context.device->name());
  const std::vector<NodeId>& order = placement.order;
  const auto is_on_device = [&](size_t i) { return placement.spaces[order[i]] == Space::kDevice; };
  bool any = false;
  for (size_t begin = 0, end = 0; begin < order.size(); begin = std::max(end, begin + 1)) {
    int count = 0;
    for (end = begin; end < order.size() && is_on_device(end); ++end) {
      const Node& node = graph.node(order[end]);
      count += node.as<Const>() || traits(node.op).only_renames ? 0 : 1;
    }
    if (end == begin || (least >= 0 && count >= least)) continue;
    any = true;
    for (size_t i = begin; i < end; ++i) {
      placement.spaces[order[i]] = Space::kHost;
      placement.why[order[i]] =
          least < 0
              ? all
              : fmt::format("its segment has {} nodes, minimum_segment_size is {}", count, least);
    }
  }
  return any;
}

}  // namespace

Placement place_nodes(const Graph& graph, std::vector<NodeId> order, const BuildContext& context,
                      bool nested) {
  if (nested || context.device->shares_host_memory())
    return {std::vector<Space>(graph.num_nodes(), Space::kHost),
            std::vector<std::string>(graph.num_nodes()), std::move(order)};
  Placement placement = Placer(graph, order, context).run();
  do {
    placement.order = grouped(graph, order, placement.spaces);
  } while (!context.prepared && drop_small_segments(graph, context, placement));
  return placement;
}

}  // namespace thaw
