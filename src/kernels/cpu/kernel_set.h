// The inner loops that are compiled once for each instruction set, and the table that hands them
// out. They work on one thread, on plain pointers, and allocate nothing; the drivers beside this
// file (gemm.h, depthwise.h, ...) split the work and choose the set at run time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu_features.h"
#include "kernels/cpu/nms/nms_loops.h"
#include "kernels/exactness.h"

namespace thaw::cpu {

// Result bounds of a fused activation; NaN passes through.
struct Clamp {
  float lo = -__builtin_inff();
  float hi = __builtin_inff();
};

// How activations lie in memory.
enum class Element : int { kFloat32, kFloat16, kBFloat16, kUInt8 };
constexpr int64_t kElementBytes[] = {4, 2, 2, 1};
inline int64_t bytes_of(Element e) { return kElementBytes[static_cast<int>(e)]; }

// What becomes of sums, channel by channel: clamp(sum * scale + bias), rounded to the type of the
// result, to nearest with ties to even; to a uint8 `zero` is added after rounding. The clamp keeps
// it in range, and a NaN becomes 0.
struct Epilogue {
  const float* scale;
  const float* bias;
  Clamp clamp;
  int zero;
  Element result;
  Epilogue from(int64_t channel) const {
    return {scale + channel, bias + channel, clamp, zero, result};
  }
};

// c[i][j] = clamp(bias[j] + sum over s, k of rows[s * row_stride + i][k] * b[s * length + k][j])
// for i < row_count and j < columns: one panel of packed weights against a block of rows, each of
// which is `segments` runs of `length` floats (the taps of a convolution; 1 for a plain product).
struct PanelJob {
  const float* const* rows;
  int64_t row_count;
  int64_t row_stride;  // pointers from one segment to the next
  int64_t segments;
  int64_t length;
  const float* b;     // [segments * length][vectors * width], zeros past `columns`
  const float* bias;  // [vectors * width]
  int vectors;        // 1 .. max_vectors
  int64_t columns;    // in ((vectors - 1) * width, vectors * width]
  Clamp clamp;
  float* c;
  int64_t ldc;  // floats from one row of c to the next
  // With kernels that prepare their weights the sums go through the epilogue to y in place of c;
  // bias and clamp don't count. The arrays of `epilogue` begin at the panel's first column.
  const void* prepared = nullptr;
  Epilogue epilogue{};
  void* y = nullptr;
  int64_t ldy = 0;  // elements
};

constexpr int kMaxPanelVectors = 4;

struct GemmKernels {
  int width;                       // floats in a vector
  int panel_vectors;               // the fastest panel
  int rows[kMaxPanelVectors + 1];  // rows of a tile, by the panel's vectors
  void (*panel)(const PanelJob& job);
  size_t prepared_bytes = 0;  // for each vector of a panel, of 64 bytes then
  void (*prepare)(const float* b, int64_t k, int vectors, void* prepared) = nullptr;
  bool has_epilogue() const { return prepare != nullptr; }
};

// out[p * channels + c] = clamp(bias[c] + sum over t of x[t][p * step + c] * w[t][c]): `count`
// neighbouring output pixels of any window, which have the same taps inside the picture.
struct DepthwisePixels {
  const float* const* x;  // the taps inside the picture, of the first pixel
  const float* const* w;
  int64_t taps;
  int64_t channels;
  int64_t step;  // floats
  int64_t count;
  const float* bias;
  Clamp clamp;
  float* out;
};

// `count` neighbouring output pixels of a 3x3 window that lies inside the three rows.
struct Depthwise3x3Run {
  const float* rows[3];  // first tap of the first pixel
  const float* w;        // [3][3][channels], `w_pitch` apart
  int64_t w_pitch;
  int64_t channels;
  int64_t stride;  // 1 or 2, in pixels
  int64_t count;
  const float* bias;
  Clamp clamp;
  float* out;
};

struct DepthwiseKernels {
  void (*pixels)(const DepthwisePixels& job);
  void (*run3x3)(const Depthwise3x3Run& job);
};

enum class UnaryFn : int {
  kAbs,
  kNeg,
  kExp,
  kSqrt,
  kRsqrt,
  kSquare,
  kReciprocal,
  kSigmoid,
  kTanh,
  kRelu,
  kRelu6,
  kCount,
};

enum class BinaryFn : int {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMaximum,
  kMinimum,
  kSquaredDifference,
  kCount,
};

// y[i] = clamp(f(a[i * a_step], b[i * b_step])); the steps are 0 or 1.
struct BinaryJob {
  const float* a;
  const float* b;
  int64_t a_step;
  int64_t b_step;
  int64_t n;
  Clamp clamp;
  float* y;
};

// y[r][c] = (x[r][c] - mean[c]) * factor[c] + offset[c]
struct NormalizeJob {
  const float* x;
  int64_t rows;
  int64_t channels;
  const float* mean;
  const float* factor;
  const float* offset;
  float* y;
};

// out[c] over the taps x[t][c]: the largest (NaN wins), or the sum divided by their number.
struct PoolPixel {
  const float* const* x;
  int64_t taps;
  int64_t channels;
  float* out;
};

// TensorFlow's FakeQuant of a range that is nudged already.
struct FakeQuantJob {
  const float* x;
  int64_t n;
  float lowest;
  float highest;
  float scale;
  float inverse;
  float zero_level;
  float* y;
};

// Where an output column lies between two input columns, in elements of a row.
struct ResizeTap {
  int32_t left;
  int32_t right;
  float weight;
};

// Columns [begin, end).
struct ColumnRange {
  int64_t begin = 0;
  int64_t end = 0;
};

// One row of a bilinear resize: out = lerp(top, bottom) * scale + offset, each step rounded.
template <class T>
struct ResizeRow {
  const T* top;
  const T* bottom;
  const ResizeTap* taps;
  int64_t columns;
  int64_t channels;
  // Columns from the left at which four elements may be read and written at a time.
  int64_t safe_columns;
  // Columns whose right pixel is the left one's neighbour, or does not count (weight 0), and from
  // whose left pixel on 16 elements may be read.
  ColumnRange paired;
  float weight;
  float scale;
  float offset;
  float* out;
};

struct VectorKernels {
  void (*unary[static_cast<int>(UnaryFn::kCount)])(const float* x, float* y, int64_t n);
  void (*binary[static_cast<int>(BinaryFn::kCount)])(const BinaryJob& job);
  void (*normalize)(const NormalizeJob& job);
  void (*softmax)(const float* x, float* y, int64_t rows, int64_t n);
  void (*pool_max)(const PoolPixel& job);
  void (*pool_average)(const PoolPixel& job);
  // out[c] = sum over r of x[r * pitch + c] for c < n
  void (*sum_rows)(const float* x, int64_t rows, int64_t pitch, int64_t n, float* out);
  void (*from_bytes)(const uint8_t* x, float* y, int64_t n);
  void (*fake_quant)(const FakeQuantJob& job);
  void (*resize_bytes)(const ResizeRow<uint8_t>& job);
  void (*resize_floats)(const ResizeRow<float>& job);
};

// y[i][j] = x[i][j] - zero as float32, for i < rows and j < n. The zero is a uint8's.
struct WidenJob {
  const void* x;
  Element type;
  int64_t rows;
  int64_t n;
  int64_t ldx;  // elements from one row of x to the next
  float zero;
  float* y;  // [rows][n]
};

// y[i][j] from sums[i][j] for i < rows and j < n.
struct EpilogueJob {
  const float* sums;
  int64_t rows;
  int64_t n;
  int64_t ld;  // floats from one row of sums to the next
  Epilogue epilogue;
  void* y;
  int64_t ldy;  // elements
};

// y[i] = round(clamp(x[i] / scale)) + zero
struct QuantizeJob {
  const float* x;
  int64_t n;
  float scale;
  Clamp clamp;
  int zero;
  uint8_t* y;
};

struct ConvertKernels {
  void (*widen)(const WidenJob& job);
  void (*epilogue)(const EpilogueJob& job);
  void (*quantize)(const QuantizeJob& job);
};

// Products over rows that are cut into groups of 32 bits, two 16-bit floats or four uint8: of rows
// [rows][groups], `stride` bytes apart, with weights of a matrix whose columns are cut into panels
// of `panel_vectors` vectors of 16, each [groups / n][vectors * 16][n] groups of weights as wide, n
// being column_bytes / 4 (with 2 bytes each group is [2][vectors * 16] weights). The last panel
// may have fewer vectors; its weights past `columns` are zeros. Panels of DotPanels::kBytes are
// those of byte_panels.h instead. Sums are float32, or int32 with `correction` added to them.
// With DotPanels::kSplitInt8 rows are of float32 or float16, and panels those of
// split_int8_panels.h.
struct DotJob {
  const char* x;
  int64_t stride;
  int64_t rows;
  int64_t groups;
  const uint32_t* b;
  int64_t columns;
  int64_t first;  // panels [first, last) are computed
  int64_t last;
  const int32_t*
      correction;  // [columns, to whole vectors], as epilogue.scale and epilogue.bias are
  Epilogue epilogue;
  void* y;  // column 0 of row 0
  int64_t ldy;
  void* scratch;  // aligned to 64
};

constexpr int64_t kDotWidth = 16;

enum class DotPanels : int { kVectors, kBytes, kSplitInt8 };

struct DotKernels {
  int64_t panel_vectors;                    // does not count with kBytes
  int64_t rows;                             // of a tile
  int64_t (*whole_groups)(int64_t groups);  // what groups must be filled up to
  void (*run)(const DotJob& job);
  DotPanels panels = DotPanels::kVectors;
  int64_t column_bytes = 4;  // of a column that lie side by side in a panel of vectors
  int x_offset = 0;          // what the products take off uint8 activations
  size_t (*scratch_bytes)(int64_t groups) = nullptr;  // null: none
  int64_t slices = 0;                                 // of numbers in panels of kSplitInt8
};

// `count` neighbouring output pixels of a 3x3 window, from and to bfloat16, float16 or uint8, or
// from float16 to bfloat16. `blocks` is what pack_dot_depthwise (dot_depthwise.h) made. Steps are
// bytes. Columns, counted from the first tap of the first pixel, outside `inside` are taken for
// zeros where the kernel clips; elsewhere there must be none.
struct DotDepthwiseRun {
  const char* rows[3];  // first tap of the first pixel
  int64_t step;         // from one pixel of x to the next
  int64_t stride;       // 1 or 2, in pixels
  int64_t count;
  int64_t channels;
  const void* blocks;
  Clamp clamp;
  Element result;
  int zero;  // of a uint8 result
  ColumnRange inside;
  char* out;
  int64_t out_step;
};

// How the constants lie: dot_depthwise.h has them.
enum class DotLayout : int {
  kSplitTaps,
  kTaps,
  kFloat16Taps,
  kColumns,
  kWordPairs,
  kFloats,
  kBytes
};

struct DotDepthwise {
  DotLayout layout;
  void (*run)(const DotDepthwiseRun& job);
  int64_t least_channels = 1;
  bool clips = false;
};

// Numbers in the rows that KernelSet::short_gemm multiplies, at most.
constexpr int64_t kShortLength = 32;

// One level's loops, which the families' tables (kernels.inc) fill in.
struct KernelSet {
  Isa isa;
  GemmKernels gemm;
  DepthwiseKernels depthwise;
  VectorKernels vector;
  ConvertKernels convert;
  NmsLoops nms;
  const GemmKernels* short_gemm;  // for results of 16 bits or fewer: kShortProducts; or null
  const DotKernels* dot_float32;
  const DotKernels* dot_bfloat16;
  const DotKernels* dot_float16;
  const DotKernels* dot_uint8;
  const DotDepthwise* depthwise_bfloat16;
  const DotDepthwise* depthwise_float16;               // to either of these types
  const DotDepthwise* depthwise_float16_accumulation;  // likewise, with sums in float16
  const DotDepthwise* depthwise_uint8;

  // The products of activations of type x; null when those in float32 are the best.
  const DotKernels* dot(Element x) const;
};

// Null when this build has none for `isa`. Whether the processor can run them is isa_enabled's
// answer.
const KernelSet* kernel_set(Isa isa);
// What the row of the loops at this address says.
Exactness exactness_of(const void* loops);

}  // namespace thaw::cpu
