#include "kernels/ref/non_max_suppression.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>

#include "kernels/ref/ref.h"

namespace thaw::ref {
namespace {

constexpr const char* kOp = "NonMaxSuppression";

struct Candidate {
  int32_t box;
  float score;
  size_t compared;  // with so many of the chosen boxes already
};

struct Worse {  // the lower index goes first among equal scores
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.score < b.score || (a.score == b.score && a.box > b.box);
  }
};

// Compares with the boxes chosen since the last time, newest first; false when one of them hides
// the candidate altogether, otherwise its score is lowered.
bool survives(Candidate& candidate, const float* boxes, const std::vector<int32_t>& chosen,
              const NmsLimits& limits) {
  const bool soft = limits.soft_nms_sigma > 0;
  const float scale = soft ? -0.5F / limits.soft_nms_sigma : 0.0F;
  for (size_t j = chosen.size(); j-- > candidate.compared;) {
    const float iou = intersection_over_union(boxes + 4 * candidate.box, boxes + 4 * chosen[j]);
    const float weight = std::exp(scale * iou * iou);
    candidate.score *= soft || iou <= limits.iou_threshold ? weight : 0.0F;
    if (!soft && iou > limits.iou_threshold) return false;
    if (candidate.score <= limits.score_threshold) break;
  }
  return true;
}

float scalar_float(const Tensor& t, const char* what) {
  if (t.dtype() != DType::kFloat32 || t.num_elements() != 1)
    fail(kOp, fmt::format("{} must be one float32, got {}", what, t.str()));
  return t.data<float>()[0];
}

NmsLimits read_limits(const NonMaxSuppression& op, const RunContext& context) {
  NmsLimits limits;
  limits.max_output_size = scalar_int(kOp, context.input(2), "max_output_size");
  if (limits.max_output_size < 0) fail(kOp, "max_output_size is negative");
  limits.iou_threshold = scalar_float(context.input(3), "iou_threshold");
  if (!(limits.iou_threshold >= 0 && limits.iou_threshold <= 1))
    fail(kOp, "iou_threshold must lie in [0, 1]");
  limits.score_threshold = op.version >= 3 ? scalar_float(context.input(4), "score_threshold")
                                           : std::numeric_limits<float>::lowest();
  if (op.version >= 5) limits.soft_nms_sigma = scalar_float(context.input(5), "soft_nms_sigma");
  if (!(limits.soft_nms_sigma >= 0)) fail(kOp, "soft_nms_sigma is negative");
  return limits;
}

void check_boxes(const Tensor& boxes, const Tensor& scores) {
  if (boxes.dtype() != DType::kFloat32 || boxes.rank() != 2 || boxes.dim(1) != 4)
    fail(kOp, fmt::format("boxes are {}, float32[n,4] was expected", boxes.str()));
  if (scores.dtype() != DType::kFloat32 || scores.rank() != 1 || scores.dim(0) != boxes.dim(0))
    fail(kOp, fmt::format("scores are {} for boxes {}", scores.str(), boxes.str()));
  if (boxes.dim(0) > std::numeric_limits<int32_t>::max()) fail(kOp, "too many boxes");
}

}  // namespace

float intersection_over_union(const float* a, const float* b) {
  const float ymin_a = std::min<float>(a[0], a[2]);
  const float xmin_a = std::min<float>(a[1], a[3]);
  const float ymax_a = std::max<float>(a[0], a[2]);
  const float xmax_a = std::max<float>(a[1], a[3]);
  const float ymin_b = std::min<float>(b[0], b[2]);
  const float xmin_b = std::min<float>(b[1], b[3]);
  const float ymax_b = std::max<float>(b[0], b[2]);
  const float xmax_b = std::max<float>(b[1], b[3]);
  const float area_a = (ymax_a - ymin_a) * (xmax_a - xmin_a);
  const float area_b = (ymax_b - ymin_b) * (xmax_b - xmin_b);
  if (area_a <= 0 || area_b <= 0) return 0;
  const float ymin = std::max<float>(ymin_a, ymin_b);
  const float xmin = std::max<float>(xmin_a, xmin_b);
  const float ymax = std::min<float>(ymax_a, ymax_b);
  const float xmax = std::min<float>(xmax_a, xmax_b);
  const float common = std::max<float>(ymax - ymin, 0.0F) * std::max<float>(xmax - xmin, 0.0F);
  return common / (area_a + area_b - common);
}

NmsResult greedy_nms(const float* boxes, const float* scores, int64_t count,
                     const NmsLimits& limits) {
  std::priority_queue<Candidate, std::vector<Candidate>, Worse> queue;
  for (int64_t i = 0; i < count; ++i)
    if (scores[i] > limits.score_threshold) queue.push({static_cast<int32_t>(i), scores[i], 0});
  NmsResult result;
  while (static_cast<int64_t>(result.indices.size()) < limits.max_output_size && !queue.empty()) {
    check_stop();
    Candidate next = queue.top();
    queue.pop();
    const float score = next.score;
    if (!survives(next, boxes, result.indices, limits)) continue;
    next.compared = result.indices.size();
    if (next.score == score) {
      result.indices.push_back(next.box);
      result.scores.push_back(next.score);
    } else if (next.score > limits.score_threshold) {
      queue.push(next);
    }
  }
  return result;
}

void run(const NonMaxSuppression& op, RunContext& context) {
  const size_t inputs = op.version == 2 ? 4 : op.version == 5 ? 6 : 5;
  if (op.version < 2 || op.version > 5 || context.num_inputs() != inputs)
    fail(kOp, fmt::format("version {} with {} inputs", op.version, context.num_inputs()));
  const Tensor& boxes = context.input(0);
  const Tensor& scores = context.input(1);
  check_boxes(boxes, scores);
  const NmsLimits limits = read_limits(op, context);
  const NmsResult result =
      greedy_nms(boxes.data<float>(), scores.data<float>(), boxes.dim(0), limits);
  const auto valid = static_cast<int64_t>(result.indices.size());
  const int64_t size = op.pad_to_max_output_size ? limits.max_output_size : valid;
  Tensor& indices = context.output(0, DType::kInt32, {size});
  std::fill_n(std::copy_n(result.indices.begin(), valid, indices.data<int32_t>()), size - valid, 0);
  if (op.version == 5) {
    Tensor& kept = context.output(1, DType::kFloat32, {size});
    std::fill_n(std::copy_n(result.scores.begin(), valid, kept.data<float>()), size - valid, 0.0F);
  }
  if (op.version >= 4)
    context.output(op.version == 5 ? 2 : 1, DType::kInt32, {}).data<int32_t>()[0] =
        static_cast<int32_t>(valid);
}

}  // namespace thaw::ref
