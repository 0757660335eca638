// Box encodings and anchors made boxes, a thread a box.
#include "detection.cuh"

extern "C" __global__ void __launch_bounds__(256)
    decode_boxes(const Box* encodings, const Box* anchors, float* boxes) {
  begin();
  const int64 i = thread_index();
  if (i < COUNT) store_vector(boxes + 4 * i, decode(encodings[i], anchors[i % ANCHORS]));
}
