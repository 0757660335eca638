// Which detections find which objects: one picture, one category, every IoU threshold.
#include <algorithm>
#include <cmath>

#include "detect/coco_eval.h"

namespace thaw {
namespace {

bool is_outside(double value, const CocoArea& area) {
  return value < area.least || value > area.most;
}

struct Candidate {
  const CocoObject* object;
  bool ignored;  // a crowd, or of another size
  bool taken = false;
};

// Those that count come first, otherwise in the file's order.
std::vector<Candidate> ordered_candidates(const CocoCell& cell, const CocoArea& area) {
  std::vector<Candidate> candidates;
  candidates.reserve(cell.objects.size());
  for (const CocoObject* object : cell.objects)
    candidates.push_back({object, object->crowd || is_outside(object->area, area)});
  std::stable_partition(candidates.begin(), candidates.end(),
                        [](const Candidate& candidate) { return !candidate.ignored; });
  return candidates;
}

// The candidate that a detection with these overlaps takes, or null. The last of equals wins, and
// one that counts is never given up for one that does not.
Candidate* best_candidate(std::vector<Candidate>& candidates, const double* ious,
                          double threshold) {
  Candidate* best = nullptr;
  double least = std::min(threshold, 1 - 1e-10);
  for (size_t i = 0; i < candidates.size(); ++i) {
    Candidate& candidate = candidates[i];
    if (candidate.taken && !candidate.object->crowd) continue;
    if (best != nullptr && !best->ignored && candidate.ignored) break;
    if (ious[i] < least) continue;
    least = ious[i];
    best = &candidate;
  }
  return best;
}

}  // namespace

double coco_iou(const CocoBox& detection, const CocoBox& object, bool crowd) {
  const double width = std::fmin(detection[0] + detection[2], object[0] + object[2]) -
                       std::fmax(detection[0], object[0]);
  const double height = std::fmin(detection[1] + detection[3], object[1] + object[3]) -
                        std::fmax(detection[1], object[1]);
  if (!(width > 0) || !(height > 0)) return 0;
  const double intersection = width * height;
  const double area = detection[2] * detection[3];
  return intersection / (crowd ? area : area + object[2] * object[3] - intersection);
}

double coco_iou_threshold(size_t i) {
  constexpr double kStep = (0.95 - 0.5) / 9;
  return i == 9 ? 0.95 : 0.5 + static_cast<double>(i) * kStep;
}

double coco_recall_step(size_t i) {
  constexpr double kStep = 1.0 / 100;
  return i == 100 ? 1.0 : static_cast<double>(i) * kStep;
}

size_t match_coco_cell(const CocoCell& cell, const CocoArea& area,
                       std::vector<CocoVerdict>& verdicts) {
  std::vector<Candidate> candidates = ordered_candidates(cell, area);
  const size_t first = verdicts.size();
  std::vector<double> ious;
  for (const CocoDetection* detection : cell.detections) {
    for (const Candidate& candidate : candidates)
      ious.push_back(coco_iou(detection->box, candidate.object->box, candidate.object->crowd));
    verdicts.push_back({detection->score, verdicts.size() - first});
  }
  for (size_t t = 0; t < CocoEvaluation::kIous; ++t) {
    for (Candidate& candidate : candidates) candidate.taken = false;
    for (size_t d = 0; d < cell.detections.size(); ++d) {
      CocoVerdict& verdict = verdicts[first + d];
      const CocoBox& box = cell.detections[d]->box;
      Candidate* found =
          best_candidate(candidates, ious.data() + d * candidates.size(), coco_iou_threshold(t));
      if (found != nullptr) found->taken = true;
      const bool ignored = found != nullptr ? found->ignored : is_outside(box[2] * box[3], area);
      if (found != nullptr) verdict.matched |= 1U << t;
      if (ignored) verdict.ignored |= 1U << t;
    }
  }
  return static_cast<size_t>(std::count_if(candidates.begin(), candidates.end(),
                                           [](const Candidate& c) { return !c.ignored; }));
}

}  // namespace thaw
