#include "detect/detection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/half.h"
#include "thaw/error.h"

namespace thaw {
namespace {

double value_at(const Tensor& tensor, int64_t i) {
  switch (tensor.dtype()) {
    case DType::kFloat32:
      return static_cast<double>(tensor.data<float>()[i]);
    case DType::kFloat64:
      return tensor.data<double>()[i];
    case DType::kFloat16:
      return static_cast<double>(half_to_float(tensor.data<uint16_t>()[i]));
    case DType::kBFloat16:
      return static_cast<double>(bfloat16_to_float(tensor.data<uint16_t>()[i]));
    default:
      return static_cast<double>(tensor.int_at(i));
  }
}

// The outputs of a batch, checked.
class Rows {
 public:
  explicit Rows(const DetectorOutputs& outputs) : outputs_(outputs) {
    const Tensor& boxes = outputs.boxes;
    const int rank = boxes.defined() ? boxes.rank() : 0;
    if (!is_float(boxes) || (rank != 2 && rank != 3) || boxes.dim(rank - 1) != 4)
      fail("detection_boxes", boxes, "batch,n,4");
    batch_ = rank == 3 ? boxes.dim(0) : 1;
    slots_ = boxes.dim(rank - 2);
    check("detection_scores", outputs.scores, false, {batch_, slots_});
    check("detection_classes", outputs.classes, true, {batch_, slots_});
    if (outputs.num_detections.defined())
      check("num_detections", outputs.num_detections, true, {batch_});
  }

  int64_t batch() const { return batch_; }
  int64_t slots() const { return slots_; }
  int64_t count(int64_t image) const {
    if (!outputs_.num_detections.defined()) return slots_;
    const double claimed = value_at(outputs_.num_detections, image);
    return claimed > 0 ? static_cast<int64_t>(std::min(claimed, static_cast<double>(slots_))) : 0;
  }

 private:
  static bool is_float(const Tensor& tensor) {
    return tensor.defined() && is_floating(tensor.dtype());
  }

  // A batch of one may be missing.
  void check(const char* name, const Tensor& tensor, bool may_be_integer,
             const std::vector<int64_t>& extents) const {
    const bool type_fits =
        is_float(tensor) || (may_be_integer && tensor.defined() && is_integer(tensor.dtype()));
    const bool fits =
        type_fits && (tensor.shape() == Shape(extents) ||
                      (batch_ == 1 && tensor.shape() == Shape(std::vector<int64_t>(
                                                            extents.begin() + 1, extents.end()))));
    if (!fits) fail(name, tensor, fmt::format("{}", fmt::join(extents, ",")));
  }

  [[noreturn]] static void fail(const char* name, const Tensor& tensor, const std::string& wanted) {
    throw InputError(fmt::format("the model's output {} is {}; float32[{}] was expected", name,
                                 tensor.defined() ? tensor.str() : "missing", wanted));
  }

  const DetectorOutputs& outputs_;
  int64_t batch_ = 0;
  int64_t slots_ = 0;
};

bool is_finite_box(const std::array<float, 4>& box) {
  return std::all_of(box.begin(), box.end(), [](float edge) { return std::isfinite(edge); });
}

}  // namespace

bool DetectionFilter::passes(int class_id, float score_of_it) const {
  if (!classes.empty() && std::find(classes.begin(), classes.end(), class_id) == classes.end())
    return false;
  const auto own = class_scores.find(class_id);
  return score_of_it >= (own == class_scores.end() ? score : own->second);
}

std::vector<Detection> filtered(std::vector<Detection> detections, const DetectionFilter& filter) {
  const auto fails = [&](const Detection& d) { return !filter.passes(d.class_id, d.score); };
  detections.erase(std::remove_if(detections.begin(), detections.end(), fails), detections.end());
  return detections;
}

std::vector<Detection> collect_detections(const DetectorOutputs& outputs, int64_t image,
                                          const LabelMap& labels, const DetectionFilter& filter) {
  const Rows rows(outputs);
  if (image < 0 || image >= rows.batch())
    throw InputError(fmt::format("the model's outputs are of {} pictures, {} were expected",
                                 rows.batch(), image + 1));
  std::vector<Detection> found;
  const int64_t first = image * rows.slots();
  for (int64_t i = first; i < first + rows.count(image); ++i) {
    const double score = value_at(outputs.scores, i);
    std::array<float, 4> box{};
    for (int64_t k = 0; k < 4; ++k)
      box[static_cast<size_t>(k)] = static_cast<float>(value_at(outputs.boxes, i * 4 + k));
    const double class_number = std::round(value_at(outputs.classes, i));
    if (!std::isfinite(score) || !is_finite_box(box) ||
        !(std::abs(class_number) <= std::numeric_limits<int>::max()))
      continue;
    Detection detection;
    detection.class_id = static_cast<int>(class_number);
    detection.score = static_cast<float>(score);
    if (!filter.passes(detection.class_id, detection.score)) continue;
    detection.label = labels.name(detection.class_id);
    detection.box = box;
    found.push_back(std::move(detection));
  }
  return found;
}

}  // namespace thaw
