#include "kernels/multi_class_nms.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "kernels/box_decode.h"
#include "thaw/error.h"

namespace thaw {
namespace {

[[noreturn]] void fail(const std::string& what) { throw InputError("MultiClassNms: " + what); }

void check_attributes(const MultiClassNms& op) {
  if (!(op.iou_threshold >= 0 && op.iou_threshold <= 1)) fail("iou_threshold outside [0, 1]");
  if (!(op.score_threshold >= 0)) fail("score_threshold is negative");
  if (op.max_per_class < 0 || op.max_total < 0) fail("a limit is negative");
}

const Tensor& require(const RunContext& context, size_t i, DType dtype, int rank,
                      const char* what) {
  const Tensor& t = context.input(i);
  if (t.dtype() != dtype || t.rank() != rank)
    fail(fmt::format("{} are {}, {} of rank {} was expected", what, t.str(), dtype_name(dtype),
                     rank));
  return t;
}

}  // namespace

int64_t MultiClassNmsSizes::valid(const MultiClassNms& op, const RunContext& context,
                                  int64_t image) {
  const int64_t boxes = context.input(0).dim(1);
  if (!op.has_valid) return boxes;
  const int64_t count = context.input(3).data<int32_t>()[image];
  if (count == -1) return boxes;  // as TF's Slice takes a size of -1
  if (count < 0 || count > boxes) fail(fmt::format("{} of {} boxes are valid", count, boxes));
  return count;
}

MultiClassNmsSizes multi_class_nms_sizes(const MultiClassNms& op, const RunContext& context) {
  check_attributes(op);
  MultiClassNmsSizes sizes;
  sizes.first_field = op.num_fixed_inputs();
  if (context.num_inputs() < sizes.first_field) fail("inputs are missing");
  const Tensor& boxes = require(context, 0, DType::kFloat32, 4, "boxes");
  const Tensor& scores = require(context, 1, DType::kFloat32, 3, "scores");
  const Tensor& window = require(context, 2, DType::kFloat32, 2, "clip windows");
  sizes.batch = boxes.dim(0);
  sizes.boxes = boxes.dim(1);
  sizes.box_classes = boxes.dim(2);
  sizes.columns = scores.dim(2);
  sizes.classes = sizes.columns - op.background;
  if (op.background < 0 || sizes.classes < 0)
    fail(fmt::format("{} background columns of {}", op.background, sizes.columns));
  if (boxes.dim(3) != 4 || scores.dim(0) != sizes.batch || scores.dim(1) != sizes.boxes ||
      (sizes.box_classes != 1 && sizes.box_classes != sizes.classes))
    fail(fmt::format("boxes {} and scores {} don't fit", boxes.str(), scores.str()));
  if (window.shape() != Shape{sizes.batch, 4}) fail(fmt::format("windows are {}", window.str()));
  if (op.has_valid && require(context, 3, DType::kInt32, 1, "counts").dim(0) != sizes.batch)
    fail(fmt::format("counts are {}", context.input(3).str()));
  if (op.decode) {
    const Tensor& anchors = require(context, sizes.first_field - 1, DType::kFloat32, 2, "anchors");
    sizes.anchors = anchors.dim(0);
    if (anchors.dim(1) != 4 || (boxes.num_elements() > 0 && sizes.anchors == 0))
      fail(fmt::format("anchors are {}", anchors.str()));
  }
  for (size_t i = sizes.first_field; i < context.num_inputs(); ++i) {
    const Tensor& f = context.input(i);
    if (dtype_size(f.dtype()) == 0 || f.rank() < 2 || f.dim(0) != sizes.batch ||
        f.dim(1) != sizes.boxes)
      fail(fmt::format("a field is {}", f.str()));
  }
  return sizes;
}

bool clip_to_window(const float* box, const float* window, float* clipped) {
  for (int i = 0; i < 4; ++i)
    clipped[i] = max_or_nan(min_or_nan(box[i], window[2 + i % 2]), window[i % 2]);
  return (clipped[2] - clipped[0]) * (clipped[3] - clipped[1]) > 0;
}

void change_to_window_frame(const float* window, float* box) {
  for (int i = 0; i < 4; ++i) {
    const float scale = 1.0F / (window[2 + i % 2] - window[i % 2]);
    box[i] = scale * (box[i] - window[i % 2]);
  }
}

void decode_box_of(const MultiClassNms& op, const MultiClassNmsSizes& sizes,
                   const RunContext& context, int64_t i, float* box) {
  decode_box(op, context.input(0).data<float>() + 4 * i,
             context.input(sizes.first_field - 1).data<float>() + 4 * (i % sizes.anchors), box);
}

void copy_field_rows(const MultiClassNmsSizes& sizes, RunContext& context, int64_t image,
                     int64_t box, int64_t row) {
  for (size_t i = sizes.first_field; i < context.num_inputs(); ++i) {
    const Tensor& from = context.input(i);
    Tensor& to = context.output(4 + i - sizes.first_field);
    const size_t bytes = from.num_bytes() / static_cast<size_t>(sizes.batch * sizes.boxes);
    std::memcpy(static_cast<char*>(to.raw()) + static_cast<size_t>(image * to.dim(1) + row) * bytes,
                static_cast<const char*>(from.raw()) +
                    static_cast<size_t>(image * sizes.boxes + box) * bytes,
                bytes);
  }
}

void make_multi_class_nms_outputs(const MultiClassNms& op, const MultiClassNmsSizes& sizes,
                                  RunContext& context) {
  const Shape rows{sizes.batch, op.max_total};
  context.output(0, DType::kFloat32, {sizes.batch, op.max_total, 4});
  context.output(1, DType::kFloat32, rows);
  context.output(2, DType::kFloat32, rows);
  context.output(3, DType::kInt32, {sizes.batch});
  for (size_t i = sizes.first_field; i < context.num_inputs(); ++i) {
    Shape shape = context.input(i).shape();
    shape[1] = op.max_total;
    context.output(4 + i - sizes.first_field, context.input(i).dtype(), shape);
  }
  for (size_t i = 0; i < context.num_outputs(); ++i) {
    Tensor& t = context.output(i);
    if (t.num_bytes() > 0) std::memset(t.raw(), 0, t.num_bytes());
  }
}

}  // namespace thaw
