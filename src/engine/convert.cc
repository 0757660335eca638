#include "thaw/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/stop.h"
#include "engine/compare_models.h"
#include "engine/fitting_shapes.h"
#include "engine/model_graph.h"
#include "export/write_graph.h"
#include "export/write_saved_model.h"
#include "import/frozen_model.h"
#include "thaw/error.h"
#include "thaw/model.h"

namespace thaw {
namespace {

// Small pictures: enough to run every branch of a picture's way through the graph.
constexpr int64_t kCheckSide = 160;

bool ends_with(const std::string& text, const std::string& ending) {
  return text.size() >= ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

// The source beside what was written, as it is read back.
class Check {
 public:
  Check(FrozenModel source, std::string written, std::string destination, ConvertReport* report)
      : path_(source.path),
        written_(std::move(written)),
        destination_(std::move(destination)),
        report_(report) {
    ModelGraph model = to_model_graph(std::move(source));
    report_->inputs = model.inputs;
    report_->outputs = model.outputs;
    before_ = Model::from_graph(std::move(model.graph), path_);
    for (size_t i = 0; i < inputs().size(); ++i) places_.emplace(inputs()[i].tensor, i);
  }

  // What runs may take `seconds` in all; 0: any time.
  void run(double seconds) {
    const Model after = read_back({});
    compare_inputs(after);
    StopSignal stop;
    stop.stop_after(seconds);
    const StopScope stopping(&stop);
    try {
      compare_runs(after);
    } catch (const Stopped&) {
      const std::string why = fmt::format("it takes more than {:g} s", seconds);
      if (report_->checked)
        report_->notes.push_back("not run with its optional inputs fed: " + why);
      else
        report_->check_note = "read back but not run to the end: " + why;
    }
  }

 private:
  const std::vector<TensorInfo>& inputs() const { return report_->inputs; }

  void compare_runs(const Model& after) {
    std::string fault;
    std::vector<Shape> shapes = fitting_shapes(before_.graph(), inputs(), kCheckSide, &fault);
    for (const TensorInfo& info : inputs())
      if (!info.optional && dtype_size(info.dtype) == 0)
        fault = fmt::format("input '{}' is {}", info.name, dtype_name(info.dtype));
    if (fault.empty()) fault = compare(after, shapes);
    if (!fault.empty()) {
      report_->check_note = "read back but not run: " + fault;
      return;
    }
    report_->checked = true;
    if (std::any_of(inputs().begin(), inputs().end(),
                    [](const TensorInfo& info) { return info.optional; }))
      compare_fed(std::move(shapes));
  }

  // A frozen graph does not say what its outputs are.
  Model read_back(const std::string& signature) const {
    ModelOptions options;
    options.signature = signature;
    if (report_->destination_kind != "SavedModel")
      for (const TensorInfo& info : report_->outputs) options.outputs.push_back(info.tensor);
    try {
      return Model::load(written_, options);
    } catch (const InputError& e) {
      throw InternalError(fmt::format("{}: can't be read back: {}", destination_, e.what()));
    }
  }

  // What one would feed reaches an output on both sides or on none.
  void compare_inputs(const Model& after) {
    const std::vector<bool> here = reached_inputs(before_.graph());
    const std::vector<bool> reached = reached_inputs(after.graph());
    std::vector<bool> there(inputs().size(), false);
    for (size_t i = 0; i < reached.size(); ++i) {
      const auto place = places_.find(after.inputs()[i].tensor);
      if (place != places_.end()) there[place->second] = reached[i];
    }
    for (size_t i = 0; i < inputs().size(); ++i) {
      if (inputs()[i].optional) continue;
      if (here[i] != there[i])
        throw InternalError(fmt::format("{}: input '{}' reaches no output, in {} it does",
                                        destination_, inputs()[i].name, path_));
      if (!here[i])
        report_->notes.push_back(fmt::format("no output depends on input '{}'", inputs()[i].name));
    }
  }

  // Runs both; returns why the source can't be run on what was made up.
  std::string compare(const Model& after, const std::vector<Shape>& shapes) {
    Engine first(before_);
    Engine second(after);
    std::string fault;
    for (const Integers integers : {Integers::kSmall, Integers::kZero}) {
      std::vector<Tensor> fed, results;
      for (size_t i = 0; i < shapes.size(); ++i)
        fed.push_back(made_up_input(inputs()[i], shapes[i], integers));
      try {
        results = first.run(fed);
      } catch (const InputError& e) {
        fault = e.what();
        continue;
      }
      compare_results(results, after, run_after(second, fed));
      return {};
    }
    return fault;
  }

  std::vector<Tensor> run_after(Engine& engine, const std::vector<Tensor>& fed) const {
    std::vector<Tensor> ordered;
    for (const TensorInfo& info : engine.inputs()) {
      const auto place = places_.find(info.tensor);
      // A frozen graph's optional inputs need not be in the signature that it was made of.
      if (place == places_.end() && !info.optional)
        throw InternalError(fmt::format("{}: takes '{}' besides", destination_, info.name));
      ordered.push_back(place == places_.end() ? Tensor() : fed[place->second]);
    }
    try {
      return engine.run(ordered);
    } catch (const InputError& e) {
      throw InternalError(fmt::format("{}: fails, {} does not: {}", destination_, path_, e.what()));
    }
  }

  void compare_results(const std::vector<Tensor>& before, const Model& after,
                       const std::vector<Tensor>& results) const {
    std::vector<Tensor> ordered;
    for (const size_t i : positions(report_->outputs, after.outputs()))
      ordered.push_back(results[i]);
    const std::string fault = difference(report_->outputs, before, ordered);
    if (!fault.empty())
      throw InternalError(fmt::format("{}: {} from that of {}", destination_, fault, path_));
  }

  // Once more with the optional inputs fed, where values can be made up for them.
  void compare_fed(std::vector<Shape> shapes) {
    const bool signature = report_->destination_kind == "SavedModel" && !from_saved_model();
    const Model after = read_back(signature ? kAllInputsSignature : "");
    for (size_t i = 0; i < shapes.size(); ++i) {
      if (!inputs()[i].optional) continue;
      if (!inputs()[i].shape.has_rank() || dtype_size(inputs()[i].dtype) == 0) return;
      shapes[i] = inputs()[i].shape;
      for (int d = 0; d < shapes[i].rank(); ++d)
        if (shapes[i][d] == kUnknownDim) shapes[i][d] = 1;
    }
    const std::string fault = compare(after, shapes);
    if (!fault.empty()) report_->notes.push_back("not run with its optional inputs fed: " + fault);
  }

  bool from_saved_model() const { return report_->source_kind.rfind("SavedModel", 0) == 0; }

  std::string path_;
  std::string written_;
  std::string destination_;  // for messages: what is written there has another name as yet
  ConvertReport* report_;
  Model before_;
  std::unordered_map<std::string, size_t> places_;  // of the report's inputs, by their tensors
};

}  // namespace

ConvertReport convert(const std::string& source, const std::string& destination,
                      const ConvertOptions& options) {
  FreezeOptions freeze_options;
  freeze_options.signature = options.signature;
  freeze_options.outputs = options.outputs;
  ConvertReport report;
  FrozenModel frozen = read_frozen_model(source, freeze_options);
  report.source_kind = model_kind_name(frozen.kind);
  report.nodes = static_cast<size_t>(frozen.nodes.size());
  const bool to_frozen = ends_with(destination, ".pb") || ends_with(destination, ".pbtxt");
  report.destination_kind = to_frozen ? "frozen graph" : "SavedModel";
  // Called when `frozen` has been written, under another name: nothing is at the destination
  // unless it is right.
  const auto check = [&](const std::string& written) {
    if (written.empty()) {
      report.check_note = fmt::format("not read back: {} is no file", destination);
      return;
    }
    const std::string graph = to_frozen ? written : written + "/saved_model.pb";
    report.bytes = static_cast<size_t>(std::filesystem::file_size(graph));
    Check(std::move(frozen), written, destination, &report).run(options.check_seconds);
  };
  if (to_frozen)
    write_frozen_graph(destination, frozen, options.overwrite, check);
  else
    write_saved_model(destination, frozen, options.overwrite, check);
  return report;
}

}  // namespace thaw
