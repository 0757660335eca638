#include "engine/saved_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/build_engine.h"
#include "engine/make_device.h"
#include "graph/infer_util.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

void say(const Log& log, LogLevel level, const std::string& text) {
  if (log) log(level, text);
}

// Bytes of saved_model.pb and variables/, without reading them.
uint64_t model_size(const std::string& saved_model) {
  std::error_code error;
  uint64_t bytes = fs::file_size(saved_model + "/saved_model.pb", error);
  if (error) return 0;
  for (fs::directory_iterator it(saved_model + "/variables", error), end; !error && it != end;
       it.increment(error)) {
    std::error_code unreadable;
    const uint64_t size = it->file_size(unreadable);
    if (!unreadable) bytes += size;
  }
  return bytes;
}

// Empty when what was made for the one serves the other.
std::string misfit(const std::string& identity, const std::string& wanted) {
  if (identity == wanted) return {};
  return fmt::format("is for a processor with {}; this one has {}", identity, wanted);
}

// Empty when the plan is for this.
std::string misfit(const PlanFacts& facts, const PlanFacts& wanted) {
  if (facts.model != wanted.model) return "is of another model";
  if (facts.device != wanted.device)
    return fmt::format("is for the device {}, not {}", facts.device, wanted.device);
  if (facts.identity != wanted.identity) return misfit(facts.identity, wanted.identity);
  if (facts.precision != wanted.precision || facts.shapes != wanted.shapes)
    return "is not for what the manifest says";
  return {};
}

bool same_types(const TensorType& type, const std::string& name, const TensorInfo& info) {
  return name == info.name && type.dtype == info.dtype && compatible(type.shape, info.shape);
}

// Empty when the plan's graph takes these shapes, and takes and gives what the manifest says.
std::string misfit(const Graph& graph, const Manifest& manifest, const std::vector<Shape>& shapes) {
  if (graph.inputs().size() != manifest.inputs.size() || shapes.size() != graph.inputs().size() ||
      graph.outputs().size() != manifest.outputs.size())
    return "has other inputs or outputs than the manifest";
  for (size_t i = 0; i < shapes.size(); ++i) {
    const Value& input = graph.value(graph.inputs()[i]);
    const bool is_unfed = manifest.inputs[i].optional && !shapes[i].has_rank();
    if ((!is_unfed && input.type.shape != shapes[i]) ||
        !same_types(input.type, input.name, manifest.inputs[i]))
      return fmt::format("its input '{}' is {}, which the manifest does not say", input.name,
                         input.type.str());
  }
  for (size_t i = 0; i < manifest.outputs.size(); ++i) {
    const GraphOutput& output = graph.outputs()[i];
    const TensorType& type = graph.value(output.value).type;
    if (!same_types(type, output.name, manifest.outputs[i]))
      return fmt::format("its output '{}' is {}, which the manifest does not say", output.name,
                         type.str());
  }
  return {};
}

}  // namespace

std::string plan_folder(const std::string& saved_model) {
  return saved_model + "/assets.extra/thaw";
}

std::string shapes_text(const std::vector<Shape>& shapes) {
  std::string text;
  for (const Shape& shape : shapes) {
    if (!text.empty()) text += ", ";
    for (int i = 0; i < shape.rank(); ++i)
      text += (i ? "x" : "") + (shape[i] < 0 ? "?" : std::to_string(shape[i]));
    if (shape.rank() <= 0) text += shape.str();
  }
  return text;
}

std::shared_ptr<const SavedPlans> SavedPlans::open(const std::string& saved_model, const Log& log) {
  std::error_code error;
  if (!fs::is_directory(plan_folder(saved_model), error)) return nullptr;
  auto plans = std::make_shared<SavedPlans>();
  plans->path_ = saved_model;
  try {
    plans->manifest_ = read_manifest(plan_folder(saved_model));
  } catch (const InputError& e) {
    say(log, LogLevel::kWarning, fmt::format("{}; its plans are not used", e.what()));
    return nullptr;
  }
  if (model_size(saved_model) != plans->manifest_.model_bytes) {
    say(log, LogLevel::kWarning,
        fmt::format("{}: was changed after it was optimised; its plans are not used", saved_model));
    return nullptr;
  }
  return plans;
}

std::optional<PlanFile> SavedPlans::find(const std::vector<Shape>& shapes, Precision precision,
                                         const Device& device, const Log& log,
                                         std::string& fault) const {
  const std::string wanted = fmt::format("{} {}", shapes_text(shapes), precision_name(precision));
  const auto fits = [&](const Manifest::Entry& entry) { return serves(entry.shapes, shapes); };
  const auto entry = std::find_if(manifest_.plans.begin(), manifest_.plans.end(), fits);
  if (entry == manifest_.plans.end() || precision != manifest_.precision ||
      device.name() != manifest_.device)
    return std::nullopt;
  const std::string path = plan_folder(path_) + "/" + entry->file;
  std::string wrong;
  try {
    if (!manifest_.identity.empty()) wrong = misfit(manifest_.identity, code_identity(device));
    if (!wrong.empty()) throw InputError(path + ": " + wrong);  // without reading the weights
    PlanFile plan = read_plan_file(path);
    PlanFacts facts;
    facts.device = device.name();
    facts.identity = code_identity(device);
    facts.model = model_mark(manifest_);
    facts.precision = precision;
    facts.shapes = entry->shapes;
    wrong = misfit(plan.facts, facts);
    if (wrong.empty()) wrong = misfit(*plan.graph, manifest_, entry->shapes);
    if (wrong.empty()) {
      say(log, LogLevel::kInfo, fmt::format("{}: the plan for {}", path, wanted));
      return plan;
    }
    fault = path + ": " + wrong;
  } catch (const ResourceError&) {
    throw;
  } catch (const std::exception& e) {
    fault = e.what();
  }
  return std::nullopt;
}

}  // namespace thaw
