#include "thaw/engine.h"

#include <fmt/format.h>

#include <utility>

#include "base/near_names.h"
#include "engine/engine_core.h"
#include "engine/inference.h"
#include "engine/make_device.h"
#include "passes/pass.h"
#include "thaw/error.h"

namespace thaw {
namespace {

size_t index_of(const std::vector<TensorInfo>& infos, const std::string& name,
                const std::string& path, const char* kind) {
  std::vector<std::string> names;
  for (size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].name == name || infos[i].tensor == name) return i;
    names.push_back(infos[i].name);
  }
  throw UsageError(fmt::format("{}: has no {} '{}', but {}{}", path, kind, name,
                               fmt::join(names, ", "), near_names_text(name, names)));
}

// Gives what it borrowed back at its end, whatever happened.
class Borrowed {
 public:
  explicit Borrowed(EngineCore& core) : core_(core), inference_(core.borrow()) {}
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() { core_.give_back(std::move(inference_)); }
  Inference& operator*() { return *inference_; }

 private:
  EngineCore& core_;
  std::unique_ptr<Inference> inference_;
};

}  // namespace

Engine::Engine(const Model& model, const EngineOptions& options)
    : core_(std::make_shared<EngineCore>(model, options)) {}
Engine::Engine(const Engine&) = default;
Engine& Engine::operator=(const Engine&) = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

const std::vector<TensorInfo>& Engine::inputs() const { return core_->model().inputs(); }
const std::vector<TensorInfo>& Engine::outputs() const { return core_->outputs(); }
std::string Engine::device() const { return core_->device().name(); }
DeviceInfo Engine::device_info() const { return describe(core_->device()); }
int Engine::threads() const { return core_->threads(); }
Precision Engine::precision() const { return *core_->options().precision; }

size_t Engine::input_index(const std::string& name) const {
  return index_of(inputs(), name, core_->model().path(), "input");
}

size_t Engine::output_index(const std::string& name) const {
  return index_of(outputs(), name, core_->model().path(), "output");
}

void Engine::prepare(const std::vector<Shape>& shapes) const { core_->prepare(shapes); }

std::vector<PlanInfo> Engine::plans() const {
  std::vector<PlanInfo> plans;
  for (const auto& plan : core_->cache().plans()) plans.push_back(describe_plan(*plan));
  return plans;
}

std::vector<Tensor> Engine::run(const std::vector<Tensor>& inputs) const {
  Borrowed inference(*core_);
  std::vector<Tensor> results;
  for (const Tensor& t : (*inference).run(inputs)) results.push_back(t.clone());
  return results;
}

std::vector<std::string> pass_names() {
  std::vector<std::string> names;
  for (const Pass& p : pipeline()) names.emplace_back(p.name);
  return names;
}

}  // namespace thaw
