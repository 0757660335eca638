// The post-processing of an Object Detection API graph, a NonMaxSuppression and some 60 nodes for
// each class, then concatenation, sorting, clipping, filtering, sorting, truncation and padding:
//   for c: NonMaxSuppression(boxes, Slice(scores, c)) -> Gather, Select(score, -1);
//   Concat -> TopK -> Gather -> clip -> Where -> Gather -> TopK -> Gather -> Slice -> Pad
//   -> MultiClassNms(boxes, scores, window, valid?, fields...)
#pragma once

#include "passes/pass.h"

namespace thaw {

// Works on one image, so on a loop's body or on one branch of a static batch; batching follows.
// Replaces what it can prove to be equal; results that it does not know keep the nodes they need.
bool recognise_multi_class_nms(Graph& graph, const PassContext& context);

}  // namespace thaw
