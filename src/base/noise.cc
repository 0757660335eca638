#include "base/noise.h"

#include <random>

#include "base/half.h"

namespace thaw {
namespace {

template <class T, class Value>
void fill(Tensor& t, Value value) {
  for (int64_t i = 0; i < t.num_elements(); ++i) t.data<T>()[i] = static_cast<T>(value());
}

}  // namespace

Tensor made_up(DType dtype, const Shape& shape, Noise noise, Integers integers) {
  Tensor t = Tensor::zeros(dtype, shape);
  const auto level = [&] { return static_cast<float>(noise.next()) / 127.5F - 1; };
  if (dtype == DType::kUInt8) fill<uint8_t>(t, [&] { return noise.next(); });
  if (dtype == DType::kFloat32) fill<float>(t, level);
  if (dtype == DType::kFloat64)
    fill<double>(t, [&] { return static_cast<double>(noise.next()) / 127.5 - 1; });
  if (dtype == DType::kFloat16) fill<uint16_t>(t, [&] { return float_to_half(level()); });
  if (dtype == DType::kBFloat16) fill<uint16_t>(t, [&] { return float_to_bfloat16(level()); });
  if (integers == Integers::kZero) return t;
  if (dtype == DType::kInt32) fill<int32_t>(t, [&] { return noise.next() / 64; });
  if (dtype == DType::kInt64) fill<int64_t>(t, [&] { return noise.next() / 64; });
  if (dtype == DType::kBool) fill<bool>(t, [&] { return noise.next() > 127; });
  return t;
}

Tensor random_floats(const Shape& shape, unsigned seed, float deviation) {
  Tensor t = Tensor::empty(DType::kFloat32, shape);
  std::mt19937 random(seed);
  std::normal_distribution<float> values(0, deviation);
  fill<float>(t, [&] { return values(random); });
  return t;
}

}  // namespace thaw
