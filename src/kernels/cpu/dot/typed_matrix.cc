#include "kernels/cpu/dot/typed_matrix.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "base/round_up.h"
#include "kernels/cpu/dot/byte_panels.h"
#include "kernels/cpu/dot/split_int8_panels.h"
#include "kernels/cpu/rows.h"

namespace thaw::cpu {
namespace {

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));

}  // namespace

TypedMatrix::TypedMatrix(const OpDesc& desc, const KernelSet& set, const LayerTypes& types,
                         const MatrixPart& part)
    : set_(&set), dot_(set.dot(types.x)), types_(types), k_(part.k), n_(part.n) {
  if (dot_ != nullptr && dot_->panels == DotPanels::kSplitInt8 &&
      (k_ < kMinSplitLength || k_ > kMaxSplitLength))
    dot_ = nullptr;
  if (dot_ != nullptr) {
    const int64_t together = 4 / bytes_of(types.x);
    groups_ = dot_->whole_groups((k_ + together - 1) / together);
    row_bytes_ = 4 * groups_;
    tile_rows_ = dot_->rows;
    panels_ = (n_ + panel_columns() - 1) / panel_columns();
  } else {
    row_bytes_ = k_ * bytes_of(types_.x);
    tile_rows_ = set.gemm.rows[set.gemm.panel_vectors];
    panels_ = PackedMatrix(set.gemm, k_, n_, nullptr).panels();
  }
  const size_t epilogue_bytes = ChannelEpilogue::bytes(n_);
  packed_ = desc.pack(weight_bytes() + epilogue_bytes + correction_bytes(),
                      [&](void* memory) { fill(desc, part, static_cast<char*>(memory)); });
  auto* memory = static_cast<char*>(packed_.raw());
  if (dot_ == nullptr) wide_ = PackedMatrix(set.gemm, k_, n_, memory);
  epilogue_ = ChannelEpilogue(types, n_, memory + weight_bytes());
  correction_ = reinterpret_cast<const int32_t*>(memory + weight_bytes() + epilogue_bytes);
}

int64_t TypedMatrix::panel_columns() const {
  return dot_->panels == DotPanels::kBytes ? kBytePanelColumns : dot_->panel_vectors * kDotWidth;
}

size_t TypedMatrix::weight_bytes() const {
  if (dot_ == nullptr) return whole_lines(PackedMatrix::bytes(set_->gemm, k_, n_));
  if (dot_->panels == DotPanels::kBytes)
    return static_cast<size_t>(panels_) * byte_panel_bytes(groups_);
  if (dot_->panels == DotPanels::kSplitInt8)
    return static_cast<size_t>(panels_) * split_panel_bytes(k_, dot_->slices);
  return whole_lines(row_bytes_ * round_up(n_, kDotWidth));
}

void TypedMatrix::fill(const OpDesc& desc, const MatrixPart& part, char* memory) const {
  const float* filter = constant_floats(desc, part.filter);
  const float* bias = constant_floats(desc, part.bias);
  if (bias != nullptr) bias += part.first;
  std::vector<float> dense(static_cast<size_t>(k_ * n_));
  for (int64_t i = 0; i < k_; ++i)
    std::copy_n(filter + i * part.row_stride + part.first, n_, dense.begin() + i * n_);
  RoundedFilter rounded = rounded_filter(dense.data(), k_ * n_, n_, types_.x);
  char* epilogue = memory + weight_bytes();
  std::memset(memory, 0, weight_bytes());
  if (dot_ != nullptr && dot_->panels == DotPanels::kSplitInt8)
    rounded.scales = pack_split_panels(rounded.values.data(), k_, n_, dot_->slices, memory);
  ChannelEpilogue::fill(types_, rounded.scales, bias, epilogue);
  if (dot_ != nullptr) {
    char* correction = epilogue + ChannelEpilogue::bytes(n_);
    std::memset(correction, 0, correction_bytes());
    if (types_.x == Element::kUInt8)
      fill_correction(rounded, reinterpret_cast<int32_t*>(correction));
    if (dot_->panels == DotPanels::kBytes) {
      fill_byte_panels(rounded, memory);
    } else if (dot_->panels == DotPanels::kVectors) {
      fill_dot(rounded, memory);
    }
  } else {
    PackedMatrix(set_->gemm, k_, n_, memory)
        .pack(rounded.values.data(), n_, 1, epilogue_in_panel() ? bias : nullptr);
  }
}

void TypedMatrix::fill_dot(const RoundedFilter& filter, void* weights) const {
  const int64_t together = 4 / bytes_of(types_.x);
  const int64_t width = round_up(n_, kDotWidth);
  const int64_t run = dot_->column_bytes / bytes_of(types_.x);
  for (int64_t i = 0; i < k_; ++i) {
    for (int64_t j = 0; j < n_; ++j) {
      const float v = filter.values[static_cast<size_t>(i * n_ + j)];
      const int64_t first = j / panel_columns() * panel_columns();
      const int64_t columns = std::min(panel_columns(), width - first);
      const int64_t at =
          first * groups_ * together + (i / run * columns + (j - first)) * run + i % run;
      if (types_.x == Element::kBFloat16) {
        static_cast<uint16_t*>(weights)[at] = float_to_bfloat16(v);
      } else if (types_.x == Element::kFloat16) {
        static_cast<uint16_t*>(weights)[at] = float_to_half(v);
      } else {
        static_cast<int8_t*>(weights)[at] = static_cast<int8_t>(v);
      }
    }
  }
}

void TypedMatrix::fill_byte_panels(const RoundedFilter& filter, char* weights) const {
  std::vector<int8_t> panel(static_cast<size_t>(groups_ * kByteGroupBytes));
  for (int64_t p = 0; p < panels_; ++p) {
    const int64_t first = p * kBytePanelColumns;
    const int64_t columns = std::min(kBytePanelColumns, n_ - first);
    std::fill(panel.begin(), panel.end(), int8_t{0});
    for (int64_t i = 0; i < k_; ++i)
      for (int64_t j = 0; j < columns; ++j)
        panel[static_cast<size_t>(i / 4 * kByteGroupBytes + 4 * j + i % 4)] =
            static_cast<int8_t>(filter.values[static_cast<size_t>(i * n_ + first + j)]);
    pack_byte_panel(panel.data(), groups_, weights);
    weights += byte_panel_bytes(groups_);
  }
}

void TypedMatrix::fill_correction(const RoundedFilter& filter, int32_t* correction) const {
  for (int64_t i = 0; i < k_; ++i)
    for (int64_t j = 0; j < n_; ++j)
      correction[j] += (dot_->x_offset - types_.in_zero) *
                       static_cast<int32_t>(filter.values[static_cast<size_t>(i * n_ + j)]);
}

size_t TypedMatrix::scratch_bytes(int64_t rows) const {
  if (dot_ != nullptr) return dot_->scratch_bytes != nullptr ? dot_->scratch_bytes(groups_) : 0;
  size_t bytes = whole_lines(rows * static_cast<int64_t>(sizeof(float*)));
  if (types_.x != Element::kFloat32) bytes += whole_lines(rows * k_ * kFloatBytes);
  if (!epilogue_in_panel()) bytes += whole_lines(rows * n_ * kFloatBytes);
  return bytes;
}

void TypedMatrix::run(const void* x, int64_t stride, int64_t rows, int64_t first, int64_t last,
                      void* y, int64_t ldy, void* scratch) const {
  if (dot_ == nullptr)
    return run_wide(x, stride, rows, first, last, y, ldy, static_cast<char*>(scratch));
  DotJob job;
  job.x = static_cast<const char*>(x);
  job.stride = stride;
  job.rows = rows;
  job.groups = groups_;
  job.b = static_cast<const uint32_t*>(packed_.raw());
  job.columns = n_;
  job.first = first;
  job.last = last;
  job.correction = correction_;
  job.epilogue = epilogue_.at(0);
  job.y = y;
  job.ldy = ldy;
  job.scratch = scratch;
  dot_->run(job);
}

void TypedMatrix::run_wide(const void* x, int64_t stride, int64_t rows, int64_t first, int64_t last,
                           void* y, int64_t ldy, char* scratch) const {
  const auto** pointers = reinterpret_cast<const float**>(scratch);
  scratch += whole_lines(rows * static_cast<int64_t>(sizeof(float*)));
  if (types_.x == Element::kFloat32) {
    for (int64_t i = 0; i < rows; ++i)
      pointers[i] = reinterpret_cast<const float*>(static_cast<const char*>(x) + i * stride);
  } else {
    auto* wide = reinterpret_cast<float*>(scratch);
    scratch += whole_lines(rows * k_ * kFloatBytes);
    set_->convert.widen({x, types_.x, rows, k_, stride / bytes_of(types_.x),
                         static_cast<float>(types_.in_zero), wide});
    for (int64_t i = 0; i < rows; ++i) pointers[i] = wide + i * k_;
  }
  const bool direct = epilogue_in_panel();
  const int64_t start = wide_.panel(first).column;
  PanelJob job;
  job.rows = pointers;
  job.row_count = rows;
  job.row_stride = rows;
  job.segments = 1;
  job.length = k_;
  job.clamp = direct ? clamp_of(types_.activation) : Clamp();
  job.ldc = direct ? ldy : n_;
  auto* c = direct ? static_cast<float*>(y) : reinterpret_cast<float*>(scratch);
  for (int64_t i = first; i < last; ++i) {
    const PackedMatrix::Panel panel = wide_.panel(i);
    job.b = panel.b;
    job.bias = panel.bias;
    job.vectors = panel.vectors;
    job.columns = panel.columns;
    job.c = c + panel.column;
    set_->gemm.panel(job);
  }
  if (direct) return;
  const PackedMatrix::Panel end = wide_.panel(last - 1);
  set_->convert.epilogue({c + start, rows, end.column + end.columns - start, n_,
                          epilogue_.at(start),
                          static_cast<char*>(y) + start * bytes_of(types_.result), ldy});
}

}  // namespace thaw::cpu
