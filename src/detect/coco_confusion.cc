#include <algorithm>
#include <unordered_map>

#include "detect/coco_eval.h"

namespace thaw {
namespace {

struct ImageContent {
  std::vector<const CocoObject*> objects;
  std::vector<const CocoObject*> crowds;
  std::vector<const CocoDetection*> detections;
};

class Counter {
 public:
  explicit Counter(const CocoTruth& truth) {
    for (const CocoCategory& category : truth.categories) {
      places_[category.id] = out_.categories.size();
      out_.categories.push_back(category.id);
    }
    outside_ = out_.categories.size();
    out_.counts.assign((outside_ + 1) * (outside_ + 1), 0);
  }

  bool knows(int64_t category) const { return places_.count(category) != 0; }

  void count(ImageContent& content, double iou) {
    std::stable_sort(
        content.detections.begin(), content.detections.end(),
        [](const CocoDetection* a, const CocoDetection* b) { return a->score > b->score; });
    for (const CocoDetection* detection : content.detections) {
      const auto object = best_object(content.objects, *detection, iou);
      if (object != content.objects.end()) {
        add(places_.at((*object)->category_id), places_.at(detection->category_id));
        content.objects.erase(object);
      } else if (!lies_in_crowd(content.crowds, *detection)) {
        add(outside_, places_.at(detection->category_id));
      }
    }
    for (const CocoObject* object : content.objects) add(places_.at(object->category_id), outside_);
  }

  CocoConfusion take() { return std::move(out_); }

 private:
  using Objects = std::vector<const CocoObject*>;

  static Objects::iterator best_object(Objects& objects, const CocoDetection& detection,
                                       double iou) {
    auto best = objects.end();
    double most = iou;
    for (auto it = objects.begin(); it != objects.end(); ++it) {
      const double overlap = coco_iou(detection.box, (*it)->box, false);
      if (best == objects.end() ? overlap < most : overlap <= most) continue;
      most = overlap;
      best = it;
    }
    return best;
  }

  static bool lies_in_crowd(const Objects& crowds, const CocoDetection& detection) {
    return std::any_of(crowds.begin(), crowds.end(), [&](const CocoObject* crowd) {
      return coco_iou(detection.box, crowd->box, true) >= 0.5;
    });
  }

  void add(size_t row, size_t column) { ++out_.counts[row * (outside_ + 1) + column]; }

  CocoConfusion out_;
  size_t outside_ = 0;
  std::unordered_map<int64_t, size_t> places_;
};

}  // namespace

CocoConfusion count_confusions(const CocoTruth& truth, const std::vector<CocoDetection>& detections,
                               double score, double iou) {
  Counter counter(truth);
  std::unordered_map<int64_t, ImageContent> images;
  for (const CocoImage& image : truth.images) images[image.id];
  for (const CocoObject& object : truth.objects) {
    const auto image = images.find(object.image_id);
    if (image == images.end() || !counter.knows(object.category_id)) continue;
    (object.crowd ? image->second.crowds : image->second.objects).push_back(&object);
  }
  for (const CocoDetection& detection : detections) {
    const auto image = images.find(detection.image_id);
    if (image == images.end() || !counter.knows(detection.category_id)) continue;
    if (detection.score >= score) image->second.detections.push_back(&detection);
  }
  for (auto& [id, content] : images) counter.count(content, iou);
  return counter.take();
}

}  // namespace thaw
