#include "engine/layer_info.h"

#include <algorithm>

#include "base/memory_budget.h"
#include "engine/dataflow.h"

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

TensorInfo info_of(const Plan& plan, uint32_t s, const std::string& name) {
  TensorInfo info;
  info.name = name;
  info.dtype = plan.slots[s].dtype;
  info.shape = plan.slots[s].shape;
  return info;
}

void add_once(std::vector<TensorInfo>& infos, TensorInfo info) {
  const auto is_it = [&](const TensorInfo& known) {
    return known.name == info.name && known.shape == info.shape;
  };
  if (std::none_of(infos.begin(), infos.end(), is_it)) infos.push_back(std::move(info));
}

bool lies_in(size_t step, const Segment& segment) {
  return step >= segment.begin && step < segment.end;
}

// What was written before it, and those of the model's inputs that it reads.
std::vector<TensorInfo> segment_inputs(const Plan& plan, const Dataflow& flow,
                                       const Segment& segment,
                                       const std::vector<TensorInfo>& inputs) {
  std::vector<TensorInfo> infos;
  for (size_t i = segment.begin; i < segment.end; ++i) {
    const Step& step = plan.steps[i];
    for (size_t k = 0; k < step.inputs.size(); ++k) {
      const uint32_t s = step.inputs[k];
      const auto fed = std::find(plan.inputs.begin(), plan.inputs.end(), s);
      if (fed != plan.inputs.end())
        add_once(infos,
                 info_of(plan, s, inputs[static_cast<size_t>(fed - plan.inputs.begin())].name));
      for (const size_t writer : flow.writers[i][k])
        if (!lies_in(writer, segment)) add_once(infos, info_of(plan, s, plan.steps[writer].name));
    }
  }
  return infos;
}

// What is read behind it, and those of the model's outputs that it writes.
std::vector<TensorInfo> segment_outputs(const Plan& plan, const Dataflow& flow,
                                        const Segment& segment,
                                        const std::vector<TensorInfo>& outputs) {
  std::vector<TensorInfo> infos;
  for (size_t i = segment.end; i < plan.steps.size(); ++i)
    for (size_t k = 0; k < plan.steps[i].inputs.size(); ++k)
      for (const size_t writer : flow.writers[i][k])
        if (lies_in(writer, segment))
          add_once(infos, info_of(plan, plan.steps[i].inputs[k], plan.steps[writer].name));
  for (size_t k = 0; k < plan.outputs.size(); ++k)
    for (const size_t writer : flow.output_writers[k])
      if (lies_in(writer, segment))
        add_once(infos, info_of(plan, plan.outputs[k], outputs[k].name));
  return infos;
}

}  // namespace

std::vector<LayerInfo> describe_layers(const Plan& plan, const Executor& executor,
                                       const std::vector<float>& step_ms, int threads) {
  std::vector<LayerInfo> layers;
  const Dataflow flow = find_dataflow(plan);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    layers.push_back(describe_step(plan, plan.steps[i], executor.slots(), threads));
    LayerInfo& layer = layers.back();
    for (const std::vector<size_t>& writers : flow.writers[i])
      layer.reads.insert(layer.reads.end(), writers.begin(), writers.end());
    std::sort(layer.reads.begin(), layer.reads.end());
    layer.reads.erase(std::unique(layer.reads.begin(), layer.reads.end()), layer.reads.end());
    if (executor.profiled_runs() > 0) {
      layer.ms = executor.step_ms()[i] / executor.profiled_runs();
      layer.busy = executor.step_work_ms()[i] / executor.step_ms()[i] / threads;
    } else if (step_ms.size() == plan.steps.size()) {
      layer.ms = step_ms[i];
    }
  }
  return layers;
}

std::vector<SegmentInfo> describe_segments(const Plan& plan, const Device& device,
                                           const std::vector<TensorInfo>& inputs,
                                           const std::vector<TensorInfo>& outputs) {
  const Dataflow flow = find_dataflow(plan);
  std::vector<SegmentInfo> segments;
  for (const Segment& segment : plan.segments) {
    const bool is_beside = segment.space == Space::kHost && !device.shares_host_memory();
    SegmentInfo& info = segments.emplace_back();
    info.device = is_beside ? "cpu" : device.name();
    info.layers = segment.end - segment.begin;
    info.why = segment.why;
    info.inputs = segment_inputs(plan, flow, segment, inputs);
    info.outputs = segment_outputs(plan, flow, segment, outputs);
  }
  return segments;
}

}  // namespace thaw
