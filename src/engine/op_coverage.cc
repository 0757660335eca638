// cover_ops: from the outputs back through the TF graph; an op's name tells the layer it went into.
#include <algorithm>
#include <array>
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

// Each scope that a name lies in, the innermost first: "a/b" and "a" of "a/b/c".
template <class F>
void for_each_scope(std::string_view name, F&& fn) {
  for (size_t at = name.rfind('/'); at != std::string_view::npos && at > 0;) {
    name = name.substr(0, at);
    if (fn(name)) return;
    at = name.rfind('/');
  }
}

class Counter {
 public:
  Counter(const FrozenModel& model, const std::vector<LayerFate>& layers) : model_(model) {
    for (const LayerFate& layer : layers) {
      const auto [found, fresh] = fates_.emplace(layer.node, &layer.why);
      if (!fresh && found->second->empty()) found->second = &layer.why;  // the worst of several
      for_each_scope(layer.node, [&](std::string_view scope) {
        const auto [in, is_first] = scopes_.emplace(scope, &layer.why);
        if (!is_first && layer.why.empty()) in->second = &layer.why;  // the best of several
        return false;
      });
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
  // Those that the outputs need. `fate`: of those that have none of their own.
  void follow(const Nodes& nodes, std::vector<std::string_view> next, const std::string* fate) {
    std::unordered_map<std::string_view, const tf::NodeDef*> by_name;
    for (const tf::NodeDef& node : nodes) by_name.emplace(node.name(), &node);
    while (!next.empty()) {
      const auto found = by_name.find(next.back());
      next.pop_back();
      if (found == by_name.end()) continue;
      const tf::NodeDef& node = *found->second;
      by_name.erase(found);
      const std::string* own = fate_of(node.name());
      add(node, own ? own : fate);
      for (const std::string& input : node.input())
        if (!input.empty() && input[0] != '^') next.push_back(node_of(input));
      for (const auto& [name, value] : node.attr())
        if (value.value_case() == tf::AttrValue::kFunc)
          follow_function(value.func().name(), own ? own : fate);
    }
  }

  // Null where neither a layer nor a scope with layers is called so.
  const std::string* fate_of(const std::string& name) const {
    const auto own = fates_.find(name);
    if (own != fates_.end()) return own->second;
    const std::string* fate = nullptr;
    for_each_scope(name, [&](std::string_view scope) {
      const auto found = scopes_.find(scope);
      if (found != scopes_.end()) fate = found->second;
      return fate != nullptr;
    });
    return fate;
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
  std::unordered_map<std::string_view, const std::string*> fates_;   // by name
  std::unordered_map<std::string_view, const std::string*> scopes_;  // of the best layer in it
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
