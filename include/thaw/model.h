// A model as read from disk: a TF1 frozen graph (.pb, .pbtxt), a SavedModel folder, or a SavedModel
// that thaw optimised. A model is immutable, its copies are the same model (copying costs a
// pointer), and all functions here may be called from any number of threads at once.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "thaw/options.h"

namespace thaw {

class Graph;
class SavedPlans;

class Model {
 public:
  // Reads and checks the file. Throws InputError naming file, node or field, what was expected and
  // what was found. Of an optimised SavedModel the graph is read when no plan serves.
  static Model load(const std::string& path, const ModelOptions& options = {});
  // The same of a frozen graph's bytes, binary or text; `name` is what errors call it.
  static Model from_bytes(std::string bytes, const ModelOptions& options = {},
                          const std::string& name = "(memory)");
  // A model of a graph made in memory.
  static Model from_graph(Graph graph, std::string path = "(memory)");

  const std::string& path() const;
  const std::vector<TensorInfo>& inputs() const;
  const std::vector<TensorInfo>& outputs() const;
  // What it was optimised for; nothing for other models.
  std::optional<Precision> precision() const;
  // The input shapes that there are plans for, each in the order of inputs().
  std::vector<std::vector<Shape>> planned_shapes() const;

  // Internal: src/graph/graph.h, src/engine/saved_plans.h (null when there are none).
  const Graph& graph() const;
  const SavedPlans* plans() const;
  const Log& log() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace thaw
