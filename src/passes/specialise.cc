#include "passes/specialise.h"

#include <fmt/format.h>

#include "graph/infer.h"
#include "graph/infer_util.h"
#include "thaw/error.h"

namespace thaw {

void specialise(Graph& graph, const std::vector<std::pair<std::string, Shape>>& shapes) {
  for (const auto& [name, shape] : shapes) {
    ValueId input = kNone;
    for (ValueId v : graph.inputs())
      if (graph.value(v).name == name) input = v;
    if (input == kNone) throw InputError(fmt::format("the graph has no input '{}'", name));
    const TensorType& declared = graph.value(input).type;
    if (!contains(declared.shape, shape))
      throw InputError(fmt::format("input '{}' takes the shape {}, {} was given", name,
                                   declared.shape.str(), shape.str()));
    graph.set_type(input, {declared.dtype, shape});
  }
  infer_all(graph, TypeFlow::kNarrow);
}

}  // namespace thaw
