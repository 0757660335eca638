// Weights packed for the matrix product of one instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/kernel_set.h"

namespace thaw::cpu {

// The right-hand side of a product, [k][n], cut into panels of a few vectors' width, each stored
// [k][panel width] with zeros past n; after the panels the bias in the same order, and what the
// kernels prepared, aligned to 64. The memory is the caller's and outlives this view of it.
class PackedMatrix {
 public:
  struct Panel {
    const float* b;
    const float* bias;
    const void* prepared;
    int64_t column;
    int64_t columns;
    int vectors;
  };

  static size_t bytes(const GemmKernels& kernels, int64_t k, int64_t n);

  PackedMatrix() = default;
  // `memory` has bytes(kernels, k, n) bytes and is aligned to 64.
  PackedMatrix(const GemmKernels& kernels, int64_t k, int64_t n, void* memory);
  // Element (i, j) is b[i * row_stride + j * column_stride]; bias may be null.
  void pack(const float* b, int64_t row_stride, int64_t column_stride, const float* bias);

  const GemmKernels& kernels() const { return *kernels_; }
  int64_t k() const { return k_; }
  int64_t n() const { return n_; }
  int64_t panels() const { return panels_; }
  Panel panel(int64_t i) const;

 private:
  char* prepared(int64_t vector) const;

  const GemmKernels* kernels_ = nullptr;
  int64_t k_ = 0;
  int64_t n_ = 0;
  int64_t vectors_ = 0;
  int64_t panels_ = 0;
  float* data_ = nullptr;
};

}  // namespace thaw::cpu
