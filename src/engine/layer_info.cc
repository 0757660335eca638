#include "engine/layer_info.h"

#include <algorithm>

#include "base/memory_budget.h"

namespace thaw {
namespace {

// Pictures of no fixed size count as the latest run had them.
void add_traffic(const Plan& plan, const Step& step, const std::vector<Tensor>& latest,
                 LayerInfo& layer) {
  const auto bytes = [&](uint32_t s) {
    const Slot& slot = plan.slots[s];
    const bool is_fed = slot.kind == SlotKind::kInput && latest[s].defined();
    const Shape& shape = is_fed ? latest[s].shape() : slot.shape;
    return shape.is_static() && dtype_size(slot.dtype) > 0
               ? static_cast<int64_t>(tensor_bytes(slot.dtype, shape))
               : 0;
  };
  if (step.kernel) layer.weight_bytes = static_cast<int64_t>(step.kernel->bytes());
  for (const uint32_t s : step.inputs) {
    const Slot& slot = plan.slots[s];
    if (slot.kind != SlotKind::kConstant)
      layer.activation_bytes += bytes(s);
    else if (slot.constant.defined())
      layer.weight_bytes += bytes(s);
  }
  for (const uint32_t s : step.outputs) layer.activation_bytes += bytes(s);
}

LayerInfo describe_step(const Plan& plan, const Step& step, const std::vector<Tensor>& latest,
                        int threads) {
  static constexpr const char* kStages[] = {"upload", "preprocess", "network", "postprocess",
                                            "download"};
  LayerInfo layer;
  layer.name = step.name;
  layer.op = step.op;
  layer.kernel = step.kernel_name;
  layer.stage = kStages[static_cast<size_t>(step.stage)];
  layer.macs = step.macs;
  layer.why = step.why;
  layer.numbers = step.numbers;
  layer.product = step.product;
  add_traffic(plan, step, latest, layer);
  layer.threads = 1;
  if (step.kind == StepKind::kKernel && step.space == Space::kHost)
    layer.threads = step.threads > 0 ? std::min(step.threads, threads) : threads;
  if (!step.outputs.empty()) {
    const Slot& out = plan.slots[step.outputs[0]];
    layer.output = dtype_name(out.dtype) + out.shape.str();
  }
  return layer;
}

}  // namespace

std::vector<LayerInfo> describe_layers(const Plan& plan, const Executor& executor,
                                       const std::vector<float>& step_ms, int threads) {
  std::vector<LayerInfo> layers;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    layers.push_back(describe_step(plan, plan.steps[i], executor.slots(), threads));
    LayerInfo& layer = layers.back();
    if (executor.profiled_runs() > 0) {
      layer.ms = executor.step_ms()[i] / executor.profiled_runs();
      layer.busy = executor.step_work_ms()[i] / executor.step_ms()[i] / threads;
    } else if (step_ms.size() == plan.steps.size()) {
      layer.ms = step_ms[i];
    }
  }
  return layers;
}

std::vector<SegmentInfo> describe_segments(const Plan& plan, const Device& device) {
  std::vector<SegmentInfo> segments;
  for (const Segment& segment : plan.segments) {
    const bool is_beside = segment.space == Space::kHost && !device.shares_host_memory();
    SegmentInfo& info = segments.emplace_back();
    info.device = is_beside ? "cpu" : device.name();
    info.layers = segment.end - segment.begin;
    info.why = segment.why;
  }
  return segments;
}

}  // namespace thaw
