// Weights packed for products over rows of activations of any type, with what makes results of the
// sums: on the instruction set's dot products where it has them for the type, else in float32.
#pragma once

#include <vector>

#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/layer_types.h"
#include "thaw/tensor.h"

namespace thaw::cpu {

// The part of an op's constants that makes a matrix [k][n]: column j of row i is element
// i * row_stride + first + j of the filter, and `first + j` of the bias (an input that may be
// missing).
struct MatrixPart {
  size_t filter;  // input
  size_t bias;
  int64_t k;
  int64_t n;
  int64_t row_stride;
  int64_t first = 0;
};

class TypedMatrix {
 public:
  TypedMatrix() = default;
  TypedMatrix(const OpDesc& desc, const KernelSet& set, const LayerTypes& types,
              const MatrixPart& part);

  const LayerTypes& types() const { return types_; }
  int64_t k() const { return k_; }
  int64_t n() const { return n_; }
  int64_t panels() const { return panels_; }
  int64_t tile_rows() const { return tile_rows_; }
  // Bytes of a row of activations in memory of our own: what lies past k elements is ignored, but
  // must be finite numbers. Rows that lie in x can be used when they have exactly as many.
  int64_t row_bytes() const { return row_bytes_; }
  // Rows that one call may have, and the memory that it needs then.
  size_t scratch_bytes(int64_t rows) const;
  // Results of panels [first, last) of `rows` rows, `stride` bytes apart; y is the first row's
  // column 0. scratch is aligned to 64.
  void run(const void* x, int64_t stride, int64_t rows, int64_t first, int64_t last, void* y,
           int64_t ldy, void* scratch) const;
  size_t bytes() const { return packed_.num_bytes(); }

 private:
  // How the memory is laid out: weights, Epilogue's arrays and the corrections.
  size_t weight_bytes() const;
  size_t correction_bytes() const { return dot_ == nullptr ? 0 : ChannelEpilogue::bytes(n_) / 2; }
  void fill(const OpDesc& desc, const MatrixPart& part, char* memory) const;
  int64_t panel_columns() const;
  void fill_dot(const RoundedFilter& filter, void* weights) const;
  void fill_byte_panels(const RoundedFilter& filter, char* weights) const;
  void fill_correction(const RoundedFilter& filter, int32_t* correction) const;
  void run_wide(const void* x, int64_t stride, int64_t rows, int64_t first, int64_t last, void* y,
                int64_t ldy, char* scratch) const;
  bool epilogue_in_panel() const {
    return types_.x == Element::kFloat32 && types_.result == Element::kFloat32;
  }

  const KernelSet* set_ = nullptr;
  const DotKernels* dot_ = nullptr;
  LayerTypes types_;
  int64_t k_ = 0;
  int64_t n_ = 0;
  int64_t groups_ = 0;
  int64_t panels_ = 0;
  int64_t tile_rows_ = 1;
  int64_t row_bytes_ = 0;
  Tensor packed_;
  PackedMatrix wide_;
  ChannelEpilogue epilogue_;
  const int32_t* correction_ = nullptr;
};

}  // namespace thaw::cpu
