// What passes and kernels are told of the device that is to run a graph.
#pragma once

namespace thaw {

// Forms of layers that a device's kernels take where others have them apart. None of them changes
// what a graph computes, but float16_accumulation the rounding of FP16 and BF16 plans.
struct LayerForms {
  bool resize_in_first_layer = false;  // ResizeConv2D
  bool separable_layers = false;       // SeparableConv2D: depthwise and pointwise in one
  bool merged_heads = false;           // ConvHeads: convolutions over the same input side by side
  bool float16_accumulation = false;   // depthwise sums in float16 where nothing leaves its range

  static LayerForms all() { return {true, true, true, true}; }
};

struct Target {
  int architecture = 0;  // 53 for sm_53; 0 for a host, which has base/cpu_features.h
  LayerForms forms;
  bool takes_open_sizes = true;  // a plan for pictures of all sizes is as fast as one for each
};

}  // namespace thaw
