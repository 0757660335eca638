#include <fmt/format.h>

#include "c_api/handles.h"
#include "thaw/engine.h"
#include "thaw/error.h"

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

thaw_plan::thaw_plan(thaw::PlanInfo of) : info(std::move(of)) {
  for (const thaw::Shape& shape : info.shapes) shapes.push_back(c_shape(shape));
}

namespace thaw::c_api {
namespace {

template <class T>
const T& at(const std::vector<T>& list, size_t index, const char* what) {
  if (index >= list.size())
    throw UsageError(fmt::format("there are {} {}, no number {}", list.size(), what, index));
  return list[index];
}

}  // namespace
}  // namespace thaw::c_api

extern "C" {

thaw_status thaw_engine_plan(const thaw_engine* engine, size_t index, thaw_plan** plan) {
  return guarded([&] {
    std::vector<thaw::PlanInfo> all = need(engine, "engine").engine.plans();
    need(plan, "plan") = index < all.size() ? new thaw_plan(std::move(all[index])) : nullptr;
  });
}

void thaw_plan_free(thaw_plan* plan) { delete plan; }

thaw_status thaw_plan_get(const thaw_plan* plan, thaw_plan_info* info) {
  return guarded([&] {
    const thaw_plan& from = need(plan, "plan");
    thaw_plan_info to{};
    to.origin = from.info.origin.c_str();
    to.shape_count = from.shapes.size();
    to.shapes = from.shapes.data();
    to.is_static = from.info.is_static ? 1 : 0;
    to.is_slow = from.info.is_slow ? 1 : 0;
    for (const auto& step : from.info.build_times) to.build_ms += step.second;
    to.rung = thaw::rung_name(from.info.rung);
    to.why = from.info.why.c_str();
    give(to, info, "thaw_plan_info");
  });
}

size_t thaw_plan_layer_count(const thaw_plan* plan) { return plan->layers.size(); }

size_t thaw_plan_segment_count(const thaw_plan* plan) { return plan->segments.size(); }

thaw_status thaw_plan_layer(const thaw_plan* plan, size_t index, thaw_layer_info* info) {
  return guarded([&] {
    const thaw::LayerInfo& from = at(need(plan, "plan").layers, index, "layers");
    thaw_layer_info to{};
    to.name = from.name.c_str();
    to.op = from.op.c_str();
    to.kernel = from.kernel.c_str();
    to.output = from.output.c_str();
    to.stage = from.stage.c_str();
    to.why = from.why.c_str();
    to.macs = from.macs;
    to.ms = from.ms;
    to.weight_bytes = from.weight_bytes;
    to.activation_bytes = from.activation_bytes;
    to.threads = from.threads;
    give(to, info, "thaw_layer_info");
  });
}

thaw_status thaw_plan_segment(const thaw_plan* plan, size_t index, thaw_segment_info* info) {
  return guarded([&] {
    const thaw::SegmentInfo& from = at(need(plan, "plan").segments, index, "segments");
    thaw_segment_info to{};
    to.device = from.device.c_str();
    to.why = from.why.c_str();
    to.layers = from.layers;
    give(to, info, "thaw_segment_info");
  });
}

}  // extern "C"
