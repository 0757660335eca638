// What kernel_test.cc runs the rows of a kernel table on: for each op, cases of random shapes and
// values, awkward ones included.
#pragma once

#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "ops/ops.h"
#include "thaw/tensor.h"

namespace thaw {

struct Case {
  Op op;
  std::vector<Tensor> inputs;
  std::vector<bool> constant{};  // by input; those beyond are not
  // What the case adds to a row's tolerance, where its numbers magnify errors.
  float tolerance = 0;
  bool middle_rounds = false;  // uint8 within: what comes out may differ by a few levels
};

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  bool chance(double p) { return std::bernoulli_distribution(p)(engine_); }
  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[between(0, static_cast<int64_t>(choices.size()) - 1)];
  }

  // Values around 0; in one tensor of six also NaN, infinities, denormals, zeros of both signs.
  Tensor floats(const Shape& shape, float scale = 2) {
    Tensor t = Tensor::empty(DType::kFloat32, shape);
    std::normal_distribution<float> values(0, scale);
    for (int64_t i = 0; i < t.num_elements(); ++i) t.data<float>()[i] = values(engine_);
    if (t.num_elements() == 0 || !chance(1.0 / 6)) return t;
    for (int64_t n = between(1, 4); n > 0; --n) {
      t.data<float>()[between(0, t.num_elements() - 1)] =
          one_of({std::nanf(""), INFINITY, -INFINITY, 1e-40F, -1e-40F, 0.0F, -0.0F, 1e10F});
    }
    return t;
  }
  // Without values that aren't numbers: a filter's, which padding may be multiplied by.
  Tensor plain_floats(const Shape& shape, float scale = 2) {
    Tensor t = floats(shape, scale);
    for (int64_t i = 0; i < t.num_elements(); ++i) {
      if (!(std::fabs(t.data<float>()[i]) < 1e6F)) t.data<float>()[i] = 1;
    }
    return t;
  }
  // And without denormals, which some processors' products of bfloat16 take for zeros.
  Tensor ordinary_floats(const Shape& shape, float scale) {
    Tensor t = plain_floats(shape, scale);
    for (int64_t i = 0; i < t.num_elements(); ++i)
      if (std::fabs(t.data<float>()[i]) < 1e-6F) t.data<float>()[i] = 0.1F;
    return t;
  }
  Tensor bytes(const Shape& shape) {
    Tensor t = Tensor::empty(DType::kUInt8, shape);
    for (int64_t i = 0; i < t.num_elements(); ++i)
      t.data<uint8_t>()[i] = static_cast<uint8_t>(between(0, 255));
    return t;
  }
  // 1 to rank extents of 0 (rarely) to `most`.
  Shape shape(int rank, int64_t most) {
    Shape s;
    for (int i = 0; i < rank; ++i) s.push_back(chance(0.02) ? 0 : between(1, most));
    return s;
  }
  Activation activation() {
    return one_of({Activation::kNone, Activation::kRelu, Activation::kRelu6});
  }

 private:
  std::mt19937 engine_;
};

using Generator = Case (*)(Random&);
// By op; several for some.
const std::multimap<OpKind, Generator>& kernel_cases();

}  // namespace thaw
