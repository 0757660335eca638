// A plan's steps as LayerInfo tells of them.
#pragma once

#include <vector>

#include "runtime/executor.h"
#include "thaw/engine.h"

namespace thaw {

// `step_ms`: times from elsewhere, for where the executor profiled nothing; may be empty. `threads`
// are those of the executor's pool.
std::vector<LayerInfo> describe_layers(const Plan& plan, const Executor& executor,
                                       const std::vector<float>& step_ms, int threads);

// `inputs` and `outputs` are the model's, in the plan's order.
std::vector<SegmentInfo> describe_segments(const Plan& plan, const Device& device,
                                           const std::vector<TensorInfo>& inputs,
                                           const std::vector<TensorInfo>& outputs);

}  // namespace thaw
