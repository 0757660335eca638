// One box decoded, one rounding after the other: what every kernel of BoxDecode must give.
#pragma once

#include <cmath>

namespace thaw {

// `op` has the scales and corners of ops/detection.h's BoxDecode; e is the encoding, a the anchor.
template <class Op>
inline void decode_box(const Op& op, const float* e, const float* a, float* out) {
  float ay = a[0];
  float ax = a[1];
  float ah = a[2];
  float aw = a[3];
  if (op.corners) {
    ah -= ay;
    aw -= ax;
    ay += ah / 2;
    ax += aw / 2;
  }
  const float y = e[0] / op.scales[0] * ah + ay;
  const float x = e[1] / op.scales[1] * aw + ax;
  const float h = std::exp(e[2] / op.scales[2]) * ah;
  const float w = std::exp(e[3] / op.scales[3]) * aw;
  out[0] = y - h / 2;
  out[1] = x - w / 2;
  out[2] = y + h / 2;
  out[3] = x + w / 2;
}

}  // namespace thaw
