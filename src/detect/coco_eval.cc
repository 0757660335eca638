// COCO's evaluation: verdicts of all pictures made into precision over recall, and the 12 lines.
#include "detect/coco_eval.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace thaw {
namespace {

constexpr size_t kMaxima[] = {1, 10, 100};
constexpr CocoArea kAreas[] = {
    {0, 1e10}, {0, 32.0 * 32}, {32.0 * 32, 96.0 * 96}, {96.0 * 96, 1e10}};
constexpr double kEpsilon = 2.220446049250313e-16;  // numpy's spacing(1)

size_t precision_index(size_t iou, size_t recall, size_t category, size_t area, size_t maximum,
                       size_t categories) {
  const size_t row = (iou * CocoEvaluation::kRecalls + recall) * categories + category;
  return (row * CocoEvaluation::kAreas + area) * CocoEvaluation::kMaxima + maximum;
}

size_t recall_index(size_t iou, size_t category, size_t area, size_t maximum, size_t categories) {
  const size_t row = iou * categories + category;
  return (row * CocoEvaluation::kAreas + area) * CocoEvaluation::kMaxima + maximum;
}

// By category and picture, both in ascending order of ids.
using Cells = std::map<std::pair<int64_t, int64_t>, CocoCell>;

Cells sort_into_cells(const CocoTruth& truth, const std::vector<CocoDetection>& detections) {
  std::unordered_map<int64_t, bool> images;
  std::unordered_map<int64_t, bool> categories;
  for (const CocoImage& image : truth.images) images[image.id] = true;
  for (const CocoCategory& category : truth.categories) categories[category.id] = true;
  const auto is_known = [&](const auto& item) {
    return images.count(item.image_id) != 0 && categories.count(item.category_id) != 0;
  };
  Cells cells;
  for (const CocoObject& object : truth.objects)
    if (is_known(object)) cells[{object.category_id, object.image_id}].objects.push_back(&object);
  for (const CocoDetection& detection : detections)
    if (is_known(detection))
      cells[{detection.category_id, detection.image_id}].detections.push_back(&detection);
  for (auto& [key, cell] : cells) {
    auto& found = cell.detections;
    std::stable_sort(
        found.begin(), found.end(),
        [](const CocoDetection* a, const CocoDetection* b) { return a->score > b->score; });
    found.resize(std::min(found.size(), kMaxima[2]));
  }
  return cells;
}

// Fills in one category, area and maximum.
class CurveWriter {
 public:
  CurveWriter(CocoEvaluation& out, size_t category, size_t area, size_t maximum)
      : out_(out), category_(category), area_(area), maximum_(maximum) {}

  // `verdicts` best score first; `objects`: how many there are to find, not 0.
  void write(const std::vector<CocoVerdict>& verdicts, size_t objects) {
    for (size_t t = 0; t < CocoEvaluation::kIous; ++t) write_threshold(verdicts, objects, t);
  }

 private:
  void write_threshold(const std::vector<CocoVerdict>& verdicts, size_t objects, size_t t) {
    precision_.clear();
    recall_.clear();
    double hits = 0;
    double alarms = 0;
    for (const CocoVerdict& verdict : verdicts) {
      if (verdict.rank >= kMaxima[maximum_]) continue;
      const bool counts = (verdict.ignored >> t & 1U) == 0;
      const bool is_hit = (verdict.matched >> t & 1U) != 0;
      if (counts) (is_hit ? hits : alarms) += 1;
      recall_.push_back(hits / static_cast<double>(objects));
      precision_.push_back(hits / (alarms + hits + kEpsilon));
    }
    for (size_t i = precision_.size(); i-- > 1;)
      precision_[i - 1] = std::max(precision_[i - 1], precision_[i]);
    const size_t count = out_.categories.size();
    out_.recall[recall_index(t, category_, area_, maximum_, count)] =
        recall_.empty() ? 0 : recall_.back();
    size_t at = 0;
    for (size_t r = 0; r < CocoEvaluation::kRecalls; ++r) {
      while (at < recall_.size() && recall_[at] < coco_recall_step(r)) ++at;
      out_.precision[precision_index(t, r, category_, area_, maximum_, count)] =
          at < precision_.size() ? precision_[at] : 0;
    }
  }

  CocoEvaluation& out_;
  size_t category_;
  size_t area_;
  size_t maximum_;
  std::vector<double> precision_;
  std::vector<double> recall_;
};

// Cells [begin, end) are those of one category.
void evaluate_category(Cells::const_iterator begin, Cells::const_iterator end, size_t category,
                       CocoEvaluation& out) {
  for (size_t a = 0; a < CocoEvaluation::kAreas; ++a) {
    std::vector<CocoVerdict> verdicts;
    size_t objects = 0;
    for (auto it = begin; it != end; ++it)
      objects += match_coco_cell(it->second, kAreas[a], verdicts);
    if (objects == 0) continue;
    std::stable_sort(verdicts.begin(), verdicts.end(),
                     [](const CocoVerdict& x, const CocoVerdict& y) { return x.score > y.score; });
    for (size_t m = 0; m < CocoEvaluation::kMaxima; ++m)
      CurveWriter(out, category, a, m).write(verdicts, objects);
  }
}

// Mean of what is not -1; -1 when nothing is left.
class Mean {
 public:
  void add(double value) {
    if (value <= -1) return;
    sum_ += value;
    ++count_;
  }
  double value() const {
    return count_ == 0 ? -1 : static_cast<double>(sum_ / static_cast<long double>(count_));
  }

 private:
  long double sum_ = 0;
  size_t count_ = 0;
};

double mean_precision(const CocoEvaluation& e, size_t first_iou, size_t last_iou, size_t area) {
  Mean mean;
  for (size_t t = first_iou; t <= last_iou; ++t)
    for (size_t r = 0; r < CocoEvaluation::kRecalls; ++r)
      for (size_t k = 0; k < e.categories.size(); ++k)
        mean.add(e.precision[precision_index(t, r, k, area, 2, e.categories.size())]);
  return mean.value();
}

double mean_recall(const CocoEvaluation& e, size_t area, size_t maximum) {
  Mean mean;
  for (size_t t = 0; t < CocoEvaluation::kIous; ++t)
    for (size_t k = 0; k < e.categories.size(); ++k)
      mean.add(e.recall[recall_index(t, k, area, maximum, e.categories.size())]);
  return mean.value();
}

void summarize(CocoEvaluation& e) {
  e.lines = {mean_precision(e, 0, 9, 0), mean_precision(e, 0, 0, 0), mean_precision(e, 5, 5, 0),
             mean_precision(e, 0, 9, 1), mean_precision(e, 0, 9, 2), mean_precision(e, 0, 9, 3),
             mean_recall(e, 0, 0),       mean_recall(e, 0, 1),       mean_recall(e, 0, 2),
             mean_recall(e, 1, 2),       mean_recall(e, 2, 2),       mean_recall(e, 3, 2)};
}

}  // namespace

const std::array<const char*, kCocoLines> kCocoLineNames = {
    "AP",   "AP50",  "AP75",   "AP small", "AP medium", "AP large",
    "AR 1", "AR 10", "AR 100", "AR small", "AR medium", "AR large"};
const std::array<const char*, kCocoLines> kCocoLineKeys = {
    "ap",   "ap50",  "ap75",   "ap_small", "ap_medium", "ap_large",
    "ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"};

double CocoEvaluation::precision_at(size_t iou, size_t recall_step, size_t category) const {
  return precision[precision_index(iou, recall_step, category, 0, 2, categories.size())];
}

double CocoEvaluation::category_ap(size_t category) const {
  Mean mean;
  for (size_t t = 0; t < kIous; ++t)
    for (size_t r = 0; r < kRecalls; ++r) mean.add(precision_at(t, r, category));
  return mean.value();
}

double CocoEvaluation::category_ap50(size_t category) const {
  Mean mean;
  for (size_t r = 0; r < kRecalls; ++r) mean.add(precision_at(0, r, category));
  return mean.value();
}

CocoEvaluation evaluate_coco(const CocoTruth& truth, const std::vector<CocoDetection>& detections) {
  CocoEvaluation out;
  for (const CocoCategory& category : truth.categories) out.categories.push_back(category.id);
  std::sort(out.categories.begin(), out.categories.end());
  const size_t curves = CocoEvaluation::kIous * out.categories.size() * CocoEvaluation::kAreas *
                        CocoEvaluation::kMaxima;
  out.recall.assign(curves, -1);
  out.precision.assign(curves * CocoEvaluation::kRecalls, -1);
  const Cells cells = sort_into_cells(truth, detections);
  for (size_t k = 0; k < out.categories.size(); ++k) {
    const int64_t id = out.categories[k];
    evaluate_category(cells.lower_bound({id, INT64_MIN}), cells.upper_bound({id, INT64_MAX}), k,
                      out);
  }
  summarize(out);
  return out;
}

}  // namespace thaw
