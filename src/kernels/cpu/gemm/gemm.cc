#include "kernels/cpu/gemm/gemm.h"

#include <algorithm>

namespace thaw::cpu {
namespace {

int64_t vectors_for(const GemmKernels& kernels, int64_t n) {
  return (n + kernels.width - 1) / kernels.width;
}

// Of weights and bias.
size_t float_bytes(const GemmKernels& kernels, int64_t k, int64_t n) {
  return static_cast<size_t>((k + 1) * vectors_for(kernels, n) * kernels.width) * sizeof(float);
}

}  // namespace

size_t PackedMatrix::bytes(const GemmKernels& kernels, int64_t k, int64_t n) {
  return float_bytes(kernels, k, n) +
         static_cast<size_t>(vectors_for(kernels, n)) * kernels.prepared_bytes;
}

PackedMatrix::PackedMatrix(const GemmKernels& kernels, int64_t k, int64_t n, void* memory)
    : kernels_(&kernels),
      k_(k),
      n_(n),
      vectors_(vectors_for(kernels, n)),
      data_(static_cast<float*>(memory)) {
  // A single vector left over widens the last panel, for one vector alone keeps few sums in flight.
  const int64_t whole = vectors_ / kernels.panel_vectors;
  const int64_t left = vectors_ % kernels.panel_vectors;
  panels_ = left == 0 || (left == 1 && whole > 0) ? whole : whole + 1;
}

PackedMatrix::Panel PackedMatrix::panel(int64_t i) const {
  const int64_t first = i * kernels_->panel_vectors;
  const int64_t vectors = i + 1 < panels_ ? kernels_->panel_vectors : vectors_ - first;
  Panel p;
  p.column = first * kernels_->width;
  p.columns = std::min(n_ - p.column, vectors * kernels_->width);
  p.vectors = static_cast<int>(vectors);
  p.b = data_ + k_ * p.column;
  p.bias = data_ + k_ * vectors_ * kernels_->width + p.column;
  p.prepared = prepared(first);
  return p;
}

char* PackedMatrix::prepared(int64_t vector) const {
  return reinterpret_cast<char*>(data_) + float_bytes(*kernels_, k_, n_) +
         static_cast<size_t>(vector) * kernels_->prepared_bytes;
}

void PackedMatrix::pack(const float* b, int64_t row_stride, int64_t column_stride,
                        const float* bias) {
  for (int64_t i = 0; i < panels_; ++i) {
    const Panel p = panel(i);
    const int64_t width = p.vectors * static_cast<int64_t>(kernels_->width);
    float* out = data_ + k_ * p.column;
    for (int64_t row = 0; row < k_; ++row, out += width) {
      const float* in = b + row * row_stride + p.column * column_stride;
      for (int64_t j = 0; j < p.columns; ++j) out[j] = in[j * column_stride];
      std::fill(out + p.columns, out + width, 0.0F);
    }
    float* packed_bias = data_ + k_ * vectors_ * kernels_->width + p.column;
    for (int64_t j = 0; j < width; ++j)
      packed_bias[j] = bias != nullptr && j < p.columns ? bias[p.column + j] : 0.0F;
    if (kernels_->prepare != nullptr)
      kernels_->prepare(p.b, k_, p.vectors, prepared(p.column / kernels_->width));
  }
}

}  // namespace thaw::cpu
