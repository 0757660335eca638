// Loops over plain arrays: element by element, pooling, softmax, resizing. Included by
// vector_<isa>.cc after its vec_<isa>.h, into namespace THAW_ISA.
#pragma once

#include "kernels/cpu/kernel_set.h"
#include "kernels/cpu/simd/math_impl.h"

namespace thaw::cpu::THAW_ISA {

// Calls f(i, load, store) for each whole vector of [0, n) and once for what is left; load(p) and
// store(v, p) touch as many elements as that step has.
template <class F>
inline void for_vectors(int64_t n, F&& f) {
  int64_t i = 0;
  for (; i + Vec::kWidth <= n; i += Vec::kWidth) {
    f(
        i, [](const float* p) { return Vec::load(p); }, [](Vec v, float* p) { v.store(p); });
  }
  const int left = static_cast<int>(n - i);
  if (left == 0) return;
  f(
      i, [left](const float* p) { return Vec::load_n(p, left); },
      [left](Vec v, float* p) { v.store_n(p, left); });
}

inline Vec clamp(Vec x, Vec lo, Vec hi) { return min(hi, max(lo, x)); }

template <UnaryFn fn>
inline Vec apply(Vec x) {
  switch (fn) {
    case UnaryFn::kAbs:
      return abs(x);
    case UnaryFn::kNeg:
      return Vec::set(-0.0F) - x;  // of 0.0 it is -0.0
    case UnaryFn::kExp:
      return exp(x);
    case UnaryFn::kSqrt:
      return sqrt(x);
    case UnaryFn::kRsqrt:
      return Vec::set(1) / sqrt(x);
    case UnaryFn::kSquare:
      return x * x;
    case UnaryFn::kReciprocal:
      return Vec::set(1) / x;
    case UnaryFn::kSigmoid:
      return sigmoid(x);
    case UnaryFn::kTanh:
      return tanh(x);
    case UnaryFn::kRelu:
      return max(Vec::zero(), x);
    default:
      return clamp(x, Vec::zero(), Vec::set(6));
  }
}

template <UnaryFn fn>
inline void unary(const float* x, float* y, int64_t n) {
  for_vectors(n, [&](int64_t i, auto load, auto store) { store(apply<fn>(load(x + i)), y + i); });
}

template <BinaryFn fn>
inline Vec apply(Vec a, Vec b) {
  switch (fn) {
    case BinaryFn::kAdd:
      return a + b;
    case BinaryFn::kSub:
      return a - b;
    case BinaryFn::kMul:
      return a * b;
    case BinaryFn::kDiv:
      return a / b;
    case BinaryFn::kMaximum:  // NaN of either wins
      return select(is_nan(a), a, max(a, b));
    case BinaryFn::kMinimum:
      return select(is_nan(a), a, min(a, b));
    default:
      return (a - b) * (a - b);
  }
}

template <BinaryFn fn>
inline void binary(const BinaryJob& job) {
  const Vec lo = Vec::set(job.clamp.lo);
  const Vec hi = Vec::set(job.clamp.hi);
  if (job.a_step == 0) {
    const Vec a = Vec::set(*job.a);
    for_vectors(job.n, [&](int64_t i, auto load, auto store) {
      store(clamp(apply<fn>(a, job.b_step == 0 ? Vec::set(*job.b) : load(job.b + i)), lo, hi),
            job.y + i);
    });
  } else if (job.b_step == 0) {
    const Vec b = Vec::set(*job.b);
    for_vectors(job.n, [&](int64_t i, auto load, auto store) {
      store(clamp(apply<fn>(load(job.a + i), b), lo, hi), job.y + i);
    });
  } else {
    for_vectors(job.n, [&](int64_t i, auto load, auto store) {
      store(clamp(apply<fn>(load(job.a + i), load(job.b + i)), lo, hi), job.y + i);
    });
  }
}

inline void normalize(const NormalizeJob& job) {
  for (int64_t r = 0; r < job.rows; ++r) {
    const float* x = job.x + r * job.channels;
    float* y = job.y + r * job.channels;
    for_vectors(job.channels, [&](int64_t c, auto load, auto store) {
      store((load(x + c) - load(job.mean + c)) * load(job.factor + c) + load(job.offset + c),
            y + c);
    });
  }
}

inline void softmax_row(const float* x, float* y, int64_t n) {
  // NaN needs no care here: it makes the sum NaN, and with it every result.
  float largest = x[0];
  Vec most = Vec::set(x[0]);
  int64_t i = 0;
  for (; i + Vec::kWidth <= n; i += Vec::kWidth) most = max(Vec::load(x + i), most);
  float lanes[Vec::kWidth];
  most.store(lanes);
  for (float lane : lanes) largest = lane > largest ? lane : largest;
  for (; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  const Vec shift = Vec::set(largest);
  for_vectors(n, [&](int64_t k, auto load, auto store) { store(exp(load(x + k) - shift), y + k); });
  Vec sums = Vec::zero();
  for_vectors(n, [&](int64_t k, auto load, auto) { sums = sums + load(y + k); });
  const Vec total = Vec::set(sum(sums));
  for_vectors(n, [&](int64_t k, auto load, auto store) { store(load(y + k) / total, y + k); });
}

inline void softmax(const float* x, float* y, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r) softmax_row(x + r * n, y + r * n, n);
}

inline void pool_max(const PoolPixel& job) {
  for_vectors(job.channels, [&](int64_t c, auto load, auto store) {
    Vec largest = Vec::set(-__FLT_MAX__);
    for (int64_t t = 0; t < job.taps; ++t) {
      const Vec x = load(job.x[t] + c);
      largest = select(is_nan(largest), largest, max(largest, x));
    }
    store(largest, job.out + c);
  });
}

inline void pool_average(const PoolPixel& job) {
  const Vec count = Vec::set(static_cast<float>(job.taps > 0 ? job.taps : 1));
  for_vectors(job.channels, [&](int64_t c, auto load, auto store) {
    Vec total = Vec::zero();
    for (int64_t t = 0; t < job.taps; ++t) total = total + load(job.x[t] + c);
    store(total / count, job.out + c);
  });
}

inline void sum_rows(const float* x, int64_t rows, int64_t pitch, int64_t n, float* out) {
  for_vectors(n, [&](int64_t c, auto load, auto store) {
    Vec even = Vec::zero();
    Vec odd = Vec::zero();
    int64_t r = 0;
    for (; r + 2 <= rows; r += 2) {
      even = even + load(x + r * pitch + c);
      odd = odd + load(x + (r + 1) * pitch + c);
    }
    if (r < rows) even = even + load(x + r * pitch + c);
    store(even + odd, out + c);
  });
}

inline void from_bytes(const uint8_t* x, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + Vec::kWidth <= n; i += Vec::kWidth) Vec::from_u8(x + i).store(y + i);
  for (; i < n; ++i) y[i] = static_cast<float>(x[i]);
}

inline Vec floor(Vec x) {
  const Vec whole = round_even(x);
  return select(less(x, whole), whole - Vec::set(1), whole);
}

inline void fake_quant(const FakeQuantJob& job) {
  const Vec lowest = Vec::set(job.lowest);
  const Vec highest = Vec::set(job.highest);
  const Vec inverse = Vec::set(job.inverse);
  for_vectors(job.n, [&](int64_t i, auto load, auto store) {
    const Vec x = max(lowest, min(highest, load(job.x + i)));
    const Vec level = (x - lowest) * inverse - Vec::set(job.zero_level) + Vec::set(0.5F);
    store(floor(level) * Vec::set(job.scale), job.y + i);
  });
}

template <class V>
inline V lerp(V from, V to, V weight) {
  return from + (to - from) * weight;
}

inline float resize_one(float tl, float tr, float bl, float br, float x, float y) {
  return lerp(lerp(tl, tr, x), lerp(bl, br, x), y);
}

// Pixels of three or four channels, one at a time, all channels at once.
template <class T>
inline void resize_quads(const ResizeRow<T>& job) {
  const Quad weight = Quad::set(job.weight);
  const Quad scale = Quad::set(job.scale);
  const Quad offset = Quad::set(job.offset);
  float* out = job.out;
  for (int64_t i = 0; i < job.safe_columns; ++i, out += job.channels) {
    const ResizeTap tap = job.taps[i];
    const Quad x = Quad::set(tap.weight);
    const Quad top = lerp(Quad::load(job.top + tap.left), Quad::load(job.top + tap.right), x);
    const Quad bottom =
        lerp(Quad::load(job.bottom + tap.left), Quad::load(job.bottom + tap.right), x);
    (lerp(top, bottom, weight) * scale + offset).store(out);
  }
}

inline void resize_channels(const ResizeRow<float>& job, const ResizeTap& tap, float* out) {
  const Vec x = Vec::set(tap.weight);
  const Vec y = Vec::set(job.weight);
  for_vectors(job.channels, [&](int64_t c, auto load, auto store) {
    const Vec top = lerp(load(job.top + tap.left + c), load(job.top + tap.right + c), x);
    const Vec bottom = lerp(load(job.bottom + tap.left + c), load(job.bottom + tap.right + c), x);
    store(lerp(top, bottom, y) * Vec::set(job.scale) + Vec::set(job.offset), out + c);
  });
}

inline void resize_channels(const ResizeRow<uint8_t>& job, const ResizeTap& tap, float* out) {
  for (int64_t c = 0; c < job.channels; ++c) {
    const float v =
        resize_one(job.top[tap.left + c], job.top[tap.right + c], job.bottom[tap.left + c],
                   job.bottom[tap.right + c], tap.weight, job.weight);
    out[c] = v * job.scale + job.offset;
  }
}

template <class T>
inline void resize_row(const ResizeRow<T>& job) {
  int64_t i = 0;
  if (job.channels == 3 || job.channels == 4) {
    resize_quads(job);
    i = job.safe_columns;
  }
  for (; i < job.columns; ++i) resize_channels(job, job.taps[i], job.out + i * job.channels);
}

constexpr VectorKernels make_vector_kernels() {
  return {
      {unary<UnaryFn::kAbs>, unary<UnaryFn::kNeg>, unary<UnaryFn::kExp>, unary<UnaryFn::kSqrt>,
       unary<UnaryFn::kRsqrt>, unary<UnaryFn::kSquare>, unary<UnaryFn::kReciprocal>,
       unary<UnaryFn::kSigmoid>, unary<UnaryFn::kTanh>, unary<UnaryFn::kRelu>,
       unary<UnaryFn::kRelu6>},
      {binary<BinaryFn::kAdd>, binary<BinaryFn::kSub>, binary<BinaryFn::kMul>,
       binary<BinaryFn::kDiv>, binary<BinaryFn::kMaximum>, binary<BinaryFn::kMinimum>,
       binary<BinaryFn::kSquaredDifference>},
      normalize,
      softmax,
      pool_max,
      pool_average,
      sum_rows,
      from_bytes,
      fake_quant,
      resize_row<uint8_t>,
      resize_row<float>,
  };
}

}  // namespace thaw::cpu::THAW_ISA
