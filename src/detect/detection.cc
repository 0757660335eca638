#include "detect/detection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thaw/error.h"

namespace thaw {
namespace {

// `extents` behind the batch; -1 fits any.
void check_output(const char* name, const Tensor& tensor, int64_t batch,
                  const std::vector<int64_t>& extents, bool may_be_integer) {
  const bool type_fits = tensor.dtype() == DType::kFloat32 ||
                         (may_be_integer && tensor.defined() && is_integer(tensor.dtype()));
  bool fits = type_fits && tensor.rank() == static_cast<int>(extents.size()) + 1 &&
              (batch < 0 || tensor.dim(0) == batch);
  for (size_t i = 0; fits && i < extents.size(); ++i)
    fits = extents[i] < 0 || tensor.dim(static_cast<int>(i) + 1) == extents[i];
  if (fits) return;
  std::string wanted = batch < 0 ? "batch" : std::to_string(batch);
  for (int64_t extent : extents) wanted += extent < 0 ? ",n" : "," + std::to_string(extent);
  throw InputError(fmt::format("the model's output {} is {}; float32[{}] was expected", name,
                               tensor.defined() ? tensor.str() : "missing", wanted));
}

double value_at(const Tensor& tensor, int64_t i) {
  if (tensor.dtype() == DType::kFloat32) return static_cast<double>(tensor.data<float>()[i]);
  return static_cast<double>(tensor.int_at(i));
}

bool is_finite_box(const float* box) {
  return std::all_of(box, box + 4, [](float edge) { return std::isfinite(edge); });
}

bool is_wanted(int class_id, float score, const DetectOptions& options) {
  const auto& classes = options.classes;
  if (!classes.empty() && std::find(classes.begin(), classes.end(), class_id) == classes.end())
    return false;
  const auto own = options.class_scores.find(class_id);
  return score >= (own == options.class_scores.end() ? options.score : own->second);
}

}  // namespace

std::vector<Detection> collect_detections(const DetectorOutputs& outputs, int64_t image,
                                          const LabelMap& labels, const DetectOptions& options) {
  check_output("detection_scores", outputs.scores, -1, {-1}, false);
  const int64_t batch = outputs.scores.dim(0);
  const int64_t slots = outputs.scores.dim(1);
  check_output("detection_boxes", outputs.boxes, batch, {slots, 4}, false);
  check_output("detection_classes", outputs.classes, batch, {slots}, true);
  check_output("num_detections", outputs.num_detections, batch, {}, true);
  if (image < 0 || image >= batch)
    throw InternalError(fmt::format("picture {} of a batch of {} was asked for", image, batch));
  const double claimed = value_at(outputs.num_detections, image);
  const int64_t count =
      claimed > 0 ? static_cast<int64_t>(std::min(claimed, static_cast<double>(slots))) : 0;
  std::vector<Detection> found;
  for (int64_t i = image * slots; i < image * slots + count; ++i) {
    const float score = outputs.scores.data<float>()[i];
    const float* box = outputs.boxes.data<float>() + i * 4;
    const double class_number = std::round(value_at(outputs.classes, i));
    if (!std::isfinite(score) || !is_finite_box(box) ||
        !(std::abs(class_number) <= std::numeric_limits<int>::max()))
      continue;
    Detection detection;
    detection.class_id = static_cast<int>(class_number);
    detection.score = score;
    if (!is_wanted(detection.class_id, score, options)) continue;
    detection.label = labels.name(detection.class_id);
    std::copy(box, box + 4, detection.box.begin());
    found.push_back(std::move(detection));
  }
  return found;
}

}  // namespace thaw
