// Boxes: ymin, xmin, ymax, xmax. Every step rounds as the reference's; so do comparisons with NaN.
#pragma once

#include "common.cuh"

struct alignas(16) Box {
  float side[4];
};

#ifdef SCALE_0
// An encoding ty,tx,th,tw and its anchor made a box.
__device__ __forceinline__ Box decode(const Box& e, const Box& anchor) {
  float ay = anchor.side[0], ax = anchor.side[1], ah = anchor.side[2], aw = anchor.side[3];
  if (CORNERS) {
    ah -= ay;
    aw -= ax;
    ay += ah / 2.0f;
    ax += aw / 2.0f;
  }
  const float y = e.side[0] / SCALE_0 * ah + ay;
  const float x = e.side[1] / SCALE_1 * aw + ax;
  const float h = (float)exp((double)(e.side[2] / SCALE_2)) * ah;
  const float w = (float)exp((double)(e.side[3] / SCALE_3)) * aw;
  return {{y - h / 2.0f, x - w / 2.0f, y + h / 2.0f, x + w / 2.0f}};
}
#endif

__device__ __forceinline__ float least(float a, float b) { return b < a ? b : a; }
__device__ __forceinline__ float most(float a, float b) { return a < b ? b : a; }

// A box whichever way round its corners were.
struct Extent {
  float ymin, xmin, ymax, xmax, area;
};

__device__ __forceinline__ Extent extent_of(const Box& box) {
  Extent e = {least(box.side[0], box.side[2]), least(box.side[1], box.side[3]),
              most(box.side[0], box.side[2]), most(box.side[1], box.side[3]), 0.0f};
  e.area = (e.ymax - e.ymin) * (e.xmax - e.xmin);
  return e;
}

// Whether the intersection of a with the chosen box b over their union is not at most the
// threshold (not negative); NaN is not.
__device__ __forceinline__ bool is_hidden(const Extent& a, const Extent& b, float threshold) {
  if (a.area <= 0.0f || b.area <= 0.0f) return false;
  const float height = least(a.ymax, b.ymax) - most(a.ymin, b.ymin);
  const float width = least(a.xmax, b.xmax) - most(a.xmin, b.xmin);
  const float common = most(height, 0.0f) * most(width, 0.0f);
  const float both = a.area + b.area;
  if (common == 0.0f && both > 0.0f) return false;  // without the division
  return !(common / (both - common) <= threshold);
}

// Cut to the window; false when nothing is left.
__device__ __forceinline__ bool clip(const Box& box, const Box& window, Box& clipped) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float high = window.side[2 + i % 2], low = window.side[i % 2];
    const float a = box.side[i];
    const float b = a != a || a < high ? a : high;
    clipped.side[i] = b != b || b > low ? b : low;
  }
  return (clipped.side[2] - clipped.side[0]) * (clipped.side[3] - clipped.side[1]) > 0.0f;
}
