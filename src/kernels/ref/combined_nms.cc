// Reference kernel of CombinedNms: the steps of TensorFlow's kernel, with the same standard
// algorithms on the same records, because what these do with equal scores is part of the result.
#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <queue>

#include "kernels/ref/non_max_suppression.h"
#include "kernels/ref/ref.h"

namespace thaw::ref {
namespace {

constexpr const char* kOp = "CombinedNms";

struct Candidate {
  int box;
  float score;
};

struct Detection {
  int box = -1;
  float score = -std::numeric_limits<float>::infinity();
  int label = -1;
  float corners[4] = {0, 0, 0, 0};
};

struct Sizes {
  int64_t batch;
  int64_t boxes;
  int64_t box_classes;
  int64_t classes;
  int64_t per_class;  // detections of a class, at most the boxes
  int64_t rows;       // of the outputs
  float iou_threshold;
  float score_threshold;
};

float scalar_float(const Tensor& t, const char* what) {
  if (t.dtype() != DType::kFloat32 || t.rank() != 0)
    fail(kOp, fmt::format("{} must be a float32, got {}", what, t.str()));
  return t.data<float>()[0];
}

Sizes read_sizes(const CombinedNms& op, const RunContext& context) {
  const Tensor& boxes = context.input(0);
  const Tensor& scores = context.input(1);
  if (boxes.dtype() != DType::kFloat32 || scores.dtype() != DType::kFloat32 || boxes.rank() != 4 ||
      scores.rank() != 3 || boxes.dim(0) != scores.dim(0) || boxes.dim(1) != scores.dim(1) ||
      (boxes.dim(2) != 1 && boxes.dim(2) != scores.dim(2)) || boxes.dim(3) != 4)
    fail(kOp, fmt::format("boxes {} and scores {} don't fit", boxes.str(), scores.str()));
  if (std::max(boxes.num_elements(), scores.num_elements()) > std::numeric_limits<int32_t>::max())
    fail(kOp, fmt::format("too many boxes: {}, scores {}", boxes.str(), scores.str()));
  const int64_t per_class = scalar_int(kOp, context.input(2), "max_output_size_per_class");
  const int64_t total = scalar_int(kOp, context.input(3), "max_total_size");
  if (per_class < 1 || total < 1 ||
      std::max(per_class, total) > std::numeric_limits<int32_t>::max())
    fail(kOp, fmt::format("at most {} boxes a class, {} in all", per_class, total));
  Sizes s{boxes.dim(0), boxes.dim(1), boxes.dim(2), scores.dim(2), 0, total, 0, 0};
  s.per_class = std::min(per_class, s.boxes);
  if (op.pad_per_class) s.rows = std::min(total, per_class * s.classes);
  s.iou_threshold = scalar_float(context.input(4), "iou_threshold");
  s.score_threshold = scalar_float(context.input(5), "score_threshold");
  if (!(s.iou_threshold >= 0 && s.iou_threshold <= 1)) fail(kOp, "iou_threshold outside [0, 1]");
  return s;
}

// The class's boxes that stay, at its own place among all. `boxes` and `scores` are the image's.
void choose_of_class(const Sizes& s, const float* boxes, const float* scores, int label,
                     std::vector<Detection>& all) {
  const auto worse = [](const Candidate& a, const Candidate& b) { return a.score < b.score; };
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(worse)> queue(worse);
  for (int64_t i = 0; i < s.boxes; ++i) {
    const float score = scores[i * s.classes + label];
    if (score > s.score_threshold) queue.push({static_cast<int>(i), score});
  }
  const int64_t first = label * s.per_class;
  int64_t count = 0;
  for (; count < s.per_class && !queue.empty(); queue.pop()) {
    const Candidate next = queue.top();
    const float* corners = boxes + 4 * (next.box * s.box_classes + (s.box_classes > 1 ? label : 0));
    bool hidden = false;
    for (int64_t j = first + count; !hidden && j-- > first;)
      hidden =
          intersection_over_union(corners, all[static_cast<size_t>(j)].corners) > s.iou_threshold;
    if (hidden) continue;
    Detection& d = all[static_cast<size_t>(first + count++)];
    d.box = next.box;
    d.score = next.score;
    d.label = label;
    std::copy_n(corners, 4, d.corners);
  }
}

void run_image(const CombinedNms& op, const Sizes& s, RunContext& context, int64_t image) {
  std::vector<Detection> all(static_cast<size_t>(s.per_class * s.classes));
  const float* boxes = context.input(0).data<float>() + 4 * image * s.boxes * s.box_classes;
  const float* scores = context.input(1).data<float>() + image * s.boxes * s.classes;
  for (int c = 0; c < s.classes; ++c) choose_of_class(s, boxes, scores, c, all);
  std::sort(all.begin(), all.end(),
            [](const Detection& a, const Detection& b) { return b.score < a.score; });
  const int64_t found =
      std::count_if(all.begin(), all.end(), [](const Detection& d) { return d.box >= 0; });
  const int64_t count = std::min(found, s.rows);
  context.output(3).data<int32_t>()[image] = static_cast<int32_t>(count);
  for (int64_t row = 0; row < count; ++row) {
    const Detection& d = all[static_cast<size_t>(row)];
    const int64_t at = image * s.rows + row;
    for (int i = 0; i < 4; ++i)
      context.output(0).data<float>()[4 * at + i] =
          op.clip_boxes ? std::max(std::min(d.corners[i], 1.0F), 0.0F) : d.corners[i];
    context.output(1).data<float>()[at] = d.score;
    context.output(2).data<float>()[at] = static_cast<float>(d.label);
  }
}

}  // namespace

void run(const CombinedNms& op, RunContext& context) {
  const Sizes s = read_sizes(op, context);
  for (size_t i : {0, 1, 2}) {
    const Shape shape = i == 0 ? Shape{s.batch, s.rows, 4} : Shape{s.batch, s.rows};
    Tensor& out = context.output(i, DType::kFloat32, shape);
    std::fill_n(out.data<float>(), out.num_elements(), 0.0F);
  }
  context.output(3, DType::kInt32, {s.batch});
  for (int64_t i = 0; i < s.batch; ++i) run_image(op, s, context, i);
}

}  // namespace thaw::ref
