// What is known of an op by its kind alone, in one table.
#pragma once

#include "ops/ops.h"

namespace thaw {

struct OpTraits {
  bool works_on_lists = false;    // reads or makes a kList tensor
  bool only_renames = false;      // the output is the first input's memory under another shape
  bool is_layer = false;          // convolutions and matrix products: what a network's time goes to
  bool is_linear = false;         // a layer whose `activation` comes last and may be none
  bool suppresses_boxes = false;  // non-maximum suppression
};

const OpTraits& traits(OpKind kind);
inline const OpTraits& traits(const Op& op) { return traits(kind_of(op)); }

// Of an op that is_linear; null for others.
Activation* linear_activation(Op& op);

}  // namespace thaw
