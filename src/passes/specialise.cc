#include "passes/specialise.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>

#include "graph/infer.h"
#include "graph/infer_util.h"
#include "thaw/error.h"

namespace thaw {

void specialise(Graph& graph, const std::vector<std::pair<std::string, Shape>>& shapes) {
  std::unordered_map<std::string, ValueId> inputs;
  for (ValueId v : graph.inputs()) inputs[graph.value(v).name] = v;
  for (const auto& [name, shape] : shapes) {
    const auto found = inputs.find(name);
    if (found == inputs.end()) throw InputError(fmt::format("the graph has no input '{}'", name));
    const ValueId input = found->second;
    const TensorType& declared = graph.value(input).type;
    if (!contains(declared.shape, shape))
      throw InputError(fmt::format("input '{}' takes the shape {}, {} was given", name,
                                   declared.shape.str(), shape.str()));
    graph.set_type(input, {declared.dtype, shape});
  }
  infer_all(graph, TypeFlow::kNarrow);
}

}  // namespace thaw
