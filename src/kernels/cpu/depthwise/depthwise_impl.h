// Depthwise convolution's inner loops over Vec, vectorised over channels: included by
// depthwise_<isa>.cc after its vec_<isa>.h, into namespace THAW_ISA.
#pragma once

#include <utility>

#include "kernels/cpu/kernel_set.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::THAW_ISA {

// Whole vectors, and the last one's first n channels.
struct Whole {
  static Vec load(const float* p, int) { return Vec::load(p); }
  static void store(Vec v, float* p, int) { v.store(p); }
};
struct Part {
  static Vec load(const float* p, int n) { return Vec::load_n(p, n); }
  static void store(Vec v, float* p, int n) { v.store_n(p, n); }
};

// P pixels of V vectors of channels: as many sums in flight, so that none waits for itself.
template <int P, int V, class Access>
inline void pixels_vector(const DepthwisePixels& job, int64_t p0, int64_t c, int n) {
  constexpr int64_t kW = Vec::kWidth;
  Vec sum[P][V];
  THAW_UNROLL
  for (int p = 0; p < P; ++p) {
    THAW_UNROLL
    for (int v = 0; v < V; ++v) sum[p][v] = Vec::zero();
  }
  for (int64_t t = 0; t < job.taps; ++t) {
    const float* x = job.x[t] + p0 * job.step + c;
    const float* w = job.w[t] + c;
    THAW_UNROLL
    for (int v = 0; v < V; ++v) {
      const Vec weight = Access::load(w + v * kW, n);
      THAW_UNROLL
      for (int p = 0; p < P; ++p)
        sum[p][v] = fma(Access::load(x + p * job.step + v * kW, n), weight, sum[p][v]);
    }
  }
  const Vec lo = Vec::set(job.clamp.lo);
  const Vec hi = Vec::set(job.clamp.hi);
  float* out = job.out + p0 * job.channels + c;
  THAW_UNROLL
  for (int v = 0; v < V; ++v) {
    const Vec bias = Access::load(job.bias + c + v * kW, n);
    THAW_UNROLL
    for (int p = 0; p < P; ++p)
      Access::store(min(hi, max(lo, sum[p][v] + bias)), out + p * job.channels + v * kW, n);
  }
}

template <int P>
inline void pixels_of(const DepthwisePixels& job, int64_t p) {
  constexpr int kVectors = P == 1 ? 4 : 2;
  constexpr int64_t kStep = kVectors * Vec::kWidth;
  int64_t c = 0;
  for (; c + kStep <= job.channels; c += kStep) pixels_vector<P, kVectors, Whole>(job, p, c, 0);
  for (; c + Vec::kWidth <= job.channels; c += Vec::kWidth)
    pixels_vector<P, 1, Whole>(job, p, c, 0);
  if (c < job.channels) pixels_vector<P, 1, Part>(job, p, c, static_cast<int>(job.channels - c));
}

inline void depthwise_pixels(const DepthwisePixels& job) {
  constexpr int kPixels = 4;
  int64_t p = 0;
  for (; p + kPixels <= job.count; p += kPixels) pixels_of<kPixels>(job, p);
  for (; p < job.count; ++p) pixels_of<1>(job, p);
}

// P pixels of one vector of channels. Columns that two pixels share are loaded once.
template <int P, int Stride, class Access>
inline void strip_vector(const Depthwise3x3Run& job, int64_t x, int64_t c, int n) {
  constexpr int kColumns = (P - 1) * Stride + 3;
  const int64_t pitch = job.channels;
  Vec sum[P];
  THAW_UNROLL
  for (int p = 0; p < P; ++p) sum[p] = Vec::zero();
  THAW_UNROLL
  for (int ky = 0; ky < 3; ++ky) {
    const float* row = job.rows[ky] + x * Stride * pitch + c;
    const float* w = job.w + ky * 3 * job.w_pitch + c;
    const Vec w0 = Access::load(w, n);
    const Vec w1 = Access::load(w + job.w_pitch, n);
    const Vec w2 = Access::load(w + 2 * job.w_pitch, n);
    THAW_UNROLL
    for (int i = 0; i < kColumns; ++i) {
      const Vec in = Access::load(row + i * pitch, n);
      THAW_UNROLL
      for (int p = 0; p < P; ++p) {
        if (i == p * Stride) sum[p] = fma(in, w0, sum[p]);
        if (i == p * Stride + 1) sum[p] = fma(in, w1, sum[p]);
        if (i == p * Stride + 2) sum[p] = fma(in, w2, sum[p]);
      }
    }
  }
  const Vec bias = Access::load(job.bias + c, n);
  const Vec lo = Vec::set(job.clamp.lo);
  const Vec hi = Vec::set(job.clamp.hi);
  THAW_UNROLL
  for (int p = 0; p < P; ++p)
    Access::store(min(hi, max(lo, sum[p] + bias)), job.out + (x + p) * pitch + c, n);
}

template <int P, int Stride>
void strip(const Depthwise3x3Run& job, int64_t x) {
  int64_t c = 0;
  for (; c + Vec::kWidth <= job.channels; c += Vec::kWidth)
    strip_vector<P, Stride, Whole>(job, x, c, 0);
  if (c < job.channels)
    strip_vector<P, Stride, Part>(job, x, c, static_cast<int>(job.channels - c));
}

template <int Stride, int... P>
inline void run_strip(const Depthwise3x3Run& job, int64_t x, int64_t pixels,
                      std::integer_sequence<int, P...>) {
  static constexpr void (*kStrips[])(const Depthwise3x3Run&, int64_t) = {strip<P + 1, Stride>...};
  kStrips[pixels - 1](job, x);
}

// As many pixels at a time as there are sums to keep in flight; the last two strips share what is
// left evenly.
template <int Stride>
inline void run_of_stride(const Depthwise3x3Run& job) {
  constexpr int64_t kPixels = 8;
  for (int64_t x = 0; x < job.count;) {
    const int64_t left = job.count - x;
    const int64_t n = left >= 2 * kPixels ? kPixels : left <= kPixels ? left : (left + 1) / 2;
    run_strip<Stride>(job, x, n, std::make_integer_sequence<int, kPixels>());
    x += n;
  }
}

inline void depthwise_run3x3(const Depthwise3x3Run& job) {
  if (job.stride == 1) {
    run_of_stride<1>(job);
  } else {
    run_of_stride<2>(job);
  }
}

}  // namespace thaw::cpu::THAW_ISA
