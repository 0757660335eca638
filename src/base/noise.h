// Tensors of made-up values, the same ones every time.
#pragma once

#include <cstdint>
#include <string>

#include "thaw/tensor.h"

namespace thaw {

// A small generator.
class Noise {
 public:
  Noise() = default;
  explicit Noise(const std::string& name) : state_(2166136261U) {
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  uint32_t next() {  // 0 to 255
    state_ = state_ * 1664525U + 1013904223U;
    return state_ >> 24;
  }

 private:
  uint32_t state_ = 1;
};

// What integers that are no bytes hold: they are no pixels and no activations.
enum class Integers { kSmall, kZero };

// Bytes from 0 to 255, floats of all widths from -1 to 1; integers from 0 to 3 and booleans, or all
// 0; zeros of other types. `shape` is static.
Tensor made_up(DType dtype, const Shape& shape, Noise noise = {},
               Integers integers = Integers::kZero);

// Normally distributed numbers around 0.
Tensor random_floats(const Shape& shape, unsigned seed, float deviation = 1);

}  // namespace thaw
