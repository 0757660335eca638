// Bilinear sampling, each step rounded as TensorFlow's.
#pragma once

#include "common.cuh"

struct Tap {
  int low, high;
  float weight;
};

// Where output position i takes its value from along one axis.
__device__ __forceinline__ Tap tap_of(int i, float scale, int extent) {
  const float target = (float)i;
  const float at = HALF_PIXEL_CENTERS ? (target + 0.5f) * scale - 0.5f : target * scale;
  const float floor = floorf(at);
  return {min(max((int)floor, 0), extent - 1), min((int)ceilf(at), extent - 1), at - floor};
}

// Of one channel of an image of so many columns and channels.
__device__ __forceinline__ float resized(const X* image, const Tap& row, const Tap& column,
                                         int columns, int channels) {
  const X* top = image + (int64)row.low * columns * channels;
  const X* bottom = image + (int64)row.high * columns * channels;
  const float top_left = to_float(top[column.low * channels]);
  const float bottom_left = to_float(bottom[column.low * channels]);
  const float upper =
      top_left + (to_float(top[column.high * channels]) - top_left) * column.weight;
  const float lower =
      bottom_left + (to_float(bottom[column.high * channels]) - bottom_left) * column.weight;
  const float value = upper + (lower - upper) * row.weight;
  return IS_AFFINE ? value * SCALE + OFFSET : value;
}
