// cover_ops: from the outputs back through the TF graph, each op with the layer that it went into.
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "import/frozen_model.h"
#include "thaw/inspect.h"

namespace thaw {
namespace {

using Nodes = google::protobuf::RepeatedPtrField<tf::NodeDef>;

std::string_view node_of(std::string_view tensor) { return tensor.substr(0, tensor.find(':')); }

bool counts(const std::string& op) {
  static constexpr std::array kNot = {"Const", "Placeholder", "PlaceholderWithDefault", "NoOp"};
  return std::find(kNot.begin(), kNot.end(), op) == kNot.end();
}

class Counter {
 public:
  Counter(const FrozenModel& model, const std::vector<LayerFate>& layers) : model_(model) {
    for (const LayerFate& layer : layers) {
      const auto [found, fresh] = fates_.emplace(layer.node, &layer.why);
      if (!fresh && found->second->empty()) found->second = &layer.why;  // the worst of several
    }
  }

  OpCoverage run() {
    std::vector<std::string_view> outputs;
    for (const TensorSpec& output : model_.outputs) outputs.push_back(node_of(output.tensor));
    follow(model_.nodes, outputs, nullptr);
    for (auto& [kind, left_out] : left_out_) result_.left_out.push_back(std::move(left_out));
    std::stable_sort(result_.left_out.begin(), result_.left_out.end(),
                     [](const auto& a, const auto& b) { return a.count > b.count; });
    return std::move(result_);
  }

 private:
  // By breadth, so that the nearest layer is met first.
  void follow(const Nodes& nodes, const std::vector<std::string_view>& outputs,
              const std::string* fate) {
    std::unordered_map<std::string_view, const tf::NodeDef*> by_name;
    for (const tf::NodeDef& node : nodes) by_name.emplace(node.name(), &node);
    std::deque<std::pair<const tf::NodeDef*, const std::string*>> next;
    const auto reach = [&](std::string_view name, const std::string* of) {
      const auto found = by_name.find(name);
      if (found == by_name.end()) return;
      next.emplace_back(found->second, of);
      by_name.erase(found);
    };
    for (const std::string_view output : outputs) reach(output, fate);
    for (; !next.empty(); next.pop_front()) {
      const auto [node, of_user] = next.front();
      const auto own = fates_.find(node->name());
      const std::string* of = own != fates_.end() ? own->second : of_user;
      add(*node, of);
      for (const std::string& input : node->input())
        if (!input.empty() && input[0] != '^') reach(node_of(input), of);
      for (const auto& [name, value] : node->attr())
        if (value.value_case() == tf::AttrValue::kFunc) follow_function(value.func().name(), of);
    }
  }

  void follow_function(const std::string& name, const std::string* fate) {
    const auto found = model_.functions.find(name);
    if (found == model_.functions.end() || !followed_.emplace(name, true).second) return;
    std::vector<std::string_view> outputs;
    for (const auto& r : found->second.results) outputs.push_back(node_of(r.tensor));
    follow(found->second.nodes, outputs, fate);
  }

  void add(const tf::NodeDef& node, const std::string* fate) {
    if (!counts(node.op())) return;
    ++result_.total;
    if (fate == nullptr || fate->empty()) {
      ++result_.converted;
      ++result_.ops[node.op()];
      return;
    }
    OpCoverage::LeftOut& left_out = left_out_[{node.op(), *fate}];
    if (left_out.count++ == 0) left_out = {node.op(), *fate, node.name(), 1};
  }

  const FrozenModel& model_;
  std::unordered_map<std::string, const std::string*> fates_;
  std::map<std::string, bool> followed_;
  std::map<std::pair<std::string, std::string>, OpCoverage::LeftOut> left_out_;
  OpCoverage result_;
};

}  // namespace

OpCoverage cover_ops(const std::string& path, const ModelOptions& options,
                     const std::vector<LayerFate>& layers) {
  FreezeOptions freeze_options;
  freeze_options.signature = options.signature;
  freeze_options.outputs = options.outputs;
  freeze_options.inputs = options.inputs;
  const FrozenModel model = read_frozen_model(path, freeze_options);
  return Counter(model, layers).run();
}

}  // namespace thaw
