#include "thaw/convert.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/stop.h"
#include "engine/compare_models.h"
#include "engine/model_graph.h"
#include "export/write_graph.h"
#include "export/write_saved_model.h"
#include "import/frozen_model.h"
#include "thaw/error.h"
#include "thaw/model.h"

namespace thaw {
namespace {

bool ends_with(const std::string& text, const std::string& ending) {
  return text.size() >= ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

// Unknown extents small: enough to run every branch of a picture's way through the graph.
Shape check_shape(Shape shape) {
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] == kUnknownDim) shape[i] = i == 0 ? 1 : shape.rank() == 4 && i == 3 ? 3 : 160;
  return shape;
}

// What the file leaves open of a tensor's type, the imported graph knows.
void fill_types(std::vector<TensorInfo>& infos, const std::vector<TensorInfo>& known) {
  std::unordered_map<std::string, const TensorInfo*> by_name;
  for (const TensorInfo& info : known) by_name[info.name] = &info;
  for (TensorInfo& info : infos) {
    const auto found = by_name.find(info.name);
    if (found == by_name.end()) continue;
    info.dtype = found->second->dtype;
    info.shape = found->second->shape;
  }
}

// Reads what was written and runs it beside what was read of the source.
void check_result(FrozenModel source, const std::string& destination, double check_seconds,
                  ConvertReport& report) {
  std::string path = source.path;
  const Model before = Model::from_graph(to_model_graph(std::move(source)).graph, path);
  const Model after = Model::load(destination);
  fill_types(report.inputs, after.inputs());
  fill_types(report.outputs, after.outputs());
  std::vector<Tensor> inputs;
  for (const TensorInfo& info : after.inputs()) {
    if (!info.shape.has_rank() || dtype_size(info.dtype) == 0) {
      report.check_note = fmt::format("read back but not run: input '{}' is {}{}", info.name,
                                      dtype_name(info.dtype), info.shape.str());
      return;
    }
    inputs.push_back(made_up_input(info, check_shape(info.shape)));
  }
  Engine first(before);
  Engine second(after);
  StopSignal stop;
  stop.stop_after(check_seconds);
  const StopScope stopping(&stop);
  std::string fault;
  try {
    fault = difference(first, second, inputs);
  } catch (const Stopped&) {
    report.check_note =
        fmt::format("read back but not run to the end: it takes more than {:g} s", check_seconds);
    return;
  }
  if (!fault.empty())
    throw InternalError(fmt::format("{}: {} from that of {}", destination, fault, path));
  report.checked = true;
}

}  // namespace

ConvertReport convert(const std::string& source, const std::string& destination,
                      const ConvertOptions& options) {
  FreezeOptions freeze_options;
  freeze_options.signature = options.signature;
  freeze_options.outputs = options.outputs;
  ConvertReport report;
  FrozenModel frozen = read_frozen_model(source, freeze_options);
  report.source_kind = model_kind_name(frozen.kind);
  report.inputs = describe_specs(frozen.inputs);
  report.outputs = describe_specs(frozen.outputs);
  report.nodes = static_cast<size_t>(frozen.nodes.size());
  const bool to_frozen = ends_with(destination, ".pb") || ends_with(destination, ".pbtxt");
  report.destination_kind = to_frozen ? "frozen graph" : "SavedModel";
  if (to_frozen)
    write_frozen_graph(destination, frozen, options.overwrite);
  else
    write_saved_model(destination, frozen, options.overwrite);
  const bool is_folder = report.destination_kind == "SavedModel";
  const std::string graph = is_folder ? destination + "/saved_model.pb" : destination;
  report.bytes = static_cast<size_t>(std::filesystem::file_size(graph));
  check_result(std::move(frozen), destination, options.check_seconds, report);
  return report;
}

}  // namespace thaw
