#include "thaw/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "engine/model_graph.h"
#include "engine/saved_plans.h"
#include "engine/schedule.h"
#include "thaw/error.h"

namespace thaw {
namespace {

ValueId find_tensor(const Graph& graph, const std::string& tensor) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id)
    if (graph.node(id).alive)
      for (ValueId v : graph.node(id).outputs)
        if (graph.value_name(v) == tensor) return v;
  return kNone;
}

// Makes the named tensors the graph's inputs, in place of whatever computes them.
void feed_instead(Graph& graph, const std::vector<std::string>& names, const std::string& path) {
  std::vector<std::string> inputs;
  for (const std::string& name : names) {
    const size_t colon = name.rfind(':');
    const std::string node = name.substr(0, colon);
    inputs.push_back(node);
    const auto is_input = [&](ValueId v) { return graph.value(v).name == node; };
    if (std::any_of(graph.inputs().begin(), graph.inputs().end(), is_input)) continue;
    const ValueId value = find_tensor(graph, colon == std::string::npos ? name + ":0" : name);
    if (value == kNone)
      throw UsageError(fmt::format("{}: no tensor '{}' leads to the outputs", path, name));
    graph.replace_uses(value, graph.add_input(node, graph.value(value).type));
  }
  std::vector<bool> needed(graph.num_nodes(), false);
  const std::vector<NodeId> order = schedule(graph);
  for (NodeId id : order) needed[id] = true;
  const std::vector<NodeId> all = graph.topological_order();
  for (size_t i = all.size(); i-- > 0;)
    if (!needed[all[i]]) graph.remove_node(all[i]);
  for (size_t i = graph.inputs().size(); i-- > 0;) {
    const ValueId v = graph.inputs()[i];
    if (std::find(inputs.begin(), inputs.end(), graph.value(v).name) != inputs.end()) continue;
    if (!graph.value(v).users.empty())
      throw UsageError(fmt::format("{}: the outputs need '{}' too", path, graph.value(v).name));
    graph.remove_input(i);
  }
}

}  // namespace

struct Model::Impl {
  std::string path;
  ModelOptions options;
  std::shared_ptr<const SavedPlans> plans;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;

  void read();
  void take(ModelGraph model);
  const Graph& graph_read();

 private:
  std::once_flag once_;
  Graph graph_;
};

void Model::Impl::take(ModelGraph model) {
  std::call_once(once_, [] {});
  inputs = std::move(model.inputs);
  outputs = std::move(model.outputs);
  graph_ = std::move(model.graph);
}

void Model::Impl::read() {
  FreezeOptions freeze_options;
  freeze_options.signature = options.signature;
  freeze_options.outputs = options.outputs;
  ModelGraph model = to_model_graph(read_frozen_model(path, freeze_options));
  if (!options.inputs.empty()) {
    feed_instead(model.graph, options.inputs, path);
    model.inputs = to_model_graph(model.graph.clone()).inputs;
  }
  take(std::move(model));
}

// Of a model with plans it is read at the first call; inputs and outputs stay the manifest's, which
// were taken from it.
const Graph& Model::Impl::graph_read() {
  std::call_once(once_, [this] {
    graph_ = to_model_graph(read_frozen_model(path, FreezeOptions())).graph;
    if (graph_.inputs().size() != inputs.size() || graph_.outputs().size() != outputs.size())
      throw InputError(fmt::format(
          "{}: its manifest has {} inputs and {} outputs, the graph {} and {}", path, inputs.size(),
          outputs.size(), graph_.inputs().size(), graph_.outputs().size()));
  });
  return graph_;
}

Model Model::load(const std::string& path, const ModelOptions& options) {
  auto impl = std::make_shared<Impl>();
  impl->path = path;
  impl->options = options;
  // Plans are of the model's own signature.
  if (options.signature.empty() && options.inputs.empty() && options.outputs.empty())
    impl->plans = SavedPlans::open(path, options.log);
  if (impl->plans) {
    impl->inputs = impl->plans->manifest().inputs;
    impl->outputs = impl->plans->manifest().outputs;
  } else {
    impl->read();
  }
  Model model;
  model.impl_ = std::move(impl);
  return model;
}

Model Model::from_graph(Graph graph, std::string path) {
  auto impl = std::make_shared<Impl>();
  impl->path = std::move(path);
  impl->take(to_model_graph(std::move(graph)));
  Model model;
  model.impl_ = std::move(impl);
  return model;
}

const std::string& Model::path() const { return impl_->path; }
const std::vector<TensorInfo>& Model::inputs() const { return impl_->inputs; }
const std::vector<TensorInfo>& Model::outputs() const { return impl_->outputs; }
const Graph& Model::graph() const { return impl_->graph_read(); }
const SavedPlans* Model::plans() const { return impl_->plans.get(); }
const Log& Model::log() const { return impl_->options.log; }

std::optional<Precision> Model::precision() const {
  if (!impl_->plans) return std::nullopt;
  return impl_->plans->manifest().precision;
}

std::vector<std::vector<Shape>> Model::planned_shapes() const {
  std::vector<std::vector<Shape>> shapes;
  if (impl_->plans)
    for (const Manifest::Entry& entry : impl_->plans->manifest().plans)
      shapes.push_back(entry.shapes);
  return shapes;
}

}  // namespace thaw
