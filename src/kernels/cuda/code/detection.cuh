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
struct alignas(16) Extent {
  float ymin, xmin, ymax, xmax;
  float area;
  bool has_nan;
};

__device__ __forceinline__ Extent extent_of(const Box& box) {
  Extent e;
  e.ymin = least(box.side[0], box.side[2]);
  e.xmin = least(box.side[1], box.side[3]);
  e.ymax = most(box.side[0], box.side[2]);
  e.xmax = most(box.side[1], box.side[3]);
  e.area = (e.ymax - e.ymin) * (e.xmax - e.xmin);
  e.has_nan = e.ymin != e.ymin || e.xmin != e.xmin || e.ymax != e.ymax || e.xmax != e.xmax;
  return e;
}

__device__ __forceinline__ float common_area(const Extent& a, const Extent& b) {
  if (a.has_nan || b.has_nan) {  // as the reference's comparisons have it
    const float height = least(a.ymax, b.ymax) - most(a.ymin, b.ymin);
    const float width = least(a.xmax, b.xmax) - most(a.xmin, b.xmin);
    return most(height, 0.0f) * most(width, 0.0f);
  }
  const float height = fminf(a.ymax, b.ymax) - fmaxf(a.ymin, b.ymin);
  const float width = fminf(a.xmax, b.xmax) - fmaxf(a.xmin, b.xmin);
  return fmaxf(height, 0.0f) * fmaxf(width, 0.0f);
}

// Whether the intersection of a with the chosen box b over their union is not at most the
// threshold (not negative); NaN is not. The quotient is rounded only where that can matter.
__device__ __forceinline__ bool is_hidden(const Extent& a, const Extent& b, float threshold) {
  if (a.area <= 0.0f || b.area <= 0.0f) return false;
  const float common = common_area(a, b);
  const float apart = a.area + b.area - common;
  const float at_threshold = threshold * apart;
  if (common < 0.9999f * at_threshold) return false;
  if (at_threshold > 1e-30f && common > 1.0001f * at_threshold) return true;
  return !(common / apart <= threshold);
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
