#include "thaw/model.h"

#include <fmt/format.h>

#include <mutex>

#include "engine/model_graph.h"
#include "engine/saved_plans.h"
#include "thaw/error.h"

namespace thaw {
struct Model::Impl {
  std::string path;
  ModelOptions options;
  std::shared_ptr<const SavedPlans> plans;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;

  void read(ModelFile file);
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

void Model::Impl::read(ModelFile file) {
  FreezeOptions freeze_options;
  freeze_options.signature = options.signature;
  freeze_options.outputs = options.outputs;
  freeze_options.inputs = options.inputs;
  take(to_model_graph(freeze(std::move(file), freeze_options)));
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
    impl->read(read_model_file(path));
  }
  Model model;
  model.impl_ = std::move(impl);
  return model;
}

Model Model::from_bytes(std::string bytes, const ModelOptions& options, const std::string& name) {
  auto impl = std::make_shared<Impl>();
  impl->path = name;
  impl->options = options;
  impl->read(parse_model_file(std::move(bytes), name));
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
