// COCO's ground truth and its evaluation of box detections, as pycocotools computes it.
// Functions here may be called from any thread, several at the same time too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thaw {

// Pixels of the picture: x and y of the left upper corner, width, height.
using CocoBox = std::array<double, 4>;

struct CocoImage {
  int64_t id = 0;
  std::string file;  // "file_name"
  int width = 0;     // 0: the file does not say
  int height = 0;
  std::vector<std::string> tags;  // of thaw's own validation sets: "dusk", "far"
};

struct CocoCategory {
  int64_t id = 0;
  std::string name;
};

struct CocoObject {
  int64_t id = 0;
  int64_t image_id = 0;
  int64_t category_id = 0;
  CocoBox box{};
  double area = 0;     // decides small, medium, large; of the segment where there is one
  bool crowd = false;  // "iscrowd": takes any number of detections, which then do not count
};

// The instances format. "ignore" is passed over, as pycocotools does; "iscrowd" counts.
struct CocoTruth {
  std::vector<CocoImage> images;
  std::vector<CocoCategory> categories;  // in ascending order of ids
  std::vector<CocoObject> objects;

  // Throws InputError naming file and field for text that is no JSON, missing or mistyped fields,
  // ids that occur twice and ids of images and categories that there are not. "area" defaults to
  // that of the box; files of more than 256 MiB are refused.
  static CocoTruth read(const std::string& path);
  static CocoTruth parse(std::string_view text, const std::string& name);

  // The part of the images that have these ids, with their objects and with all categories.
  CocoTruth of_images(const std::vector<int64_t>& ids) const;
};

struct CocoDetection {
  int64_t image_id = 0;
  int64_t category_id = 0;
  CocoBox box{};
  double score = 0;
};

// The 12 lines that COCO prints, in its order. -1 where there is nothing to measure.
constexpr size_t kCocoLines = 12;
extern const std::array<const char*, kCocoLines> kCocoLineNames;  // "AP", "AP50", "AP small" ...
extern const std::array<const char*, kCocoLines> kCocoLineKeys;   // "ap", "ap50", "ap_small" ...

enum CocoLine : size_t { kAp, kAp50, kAp75, kApSmall, kApMedium, kApLarge, kAr1, kAr10, kAr100 };

struct CocoEvaluation {
  static constexpr size_t kIous = 10;      // 0.50, 0.55 ... 0.95
  static constexpr size_t kRecalls = 101;  // 0.00, 0.01 ... 1.00
  static constexpr size_t kAreas = 4;      // all, below 32^2 pixels, up to 96^2, above
  static constexpr size_t kMaxima = 3;     // 1, 10, 100 detections of a category and picture

  std::array<double, kCocoLines> lines{};
  std::vector<int64_t> categories;  // ids in ascending order
  // [iou][recall][category][area][maximum]; -1 for a category without objects in that area.
  std::vector<double> precision;
  std::vector<double> recall;  // [iou][category][area][maximum]

  // Over all areas and with 100 detections a picture.
  double precision_at(size_t iou, size_t recall_step, size_t category) const;
  // Mean over thresholds and recalls, -1 for a category without objects.
  double category_ap(size_t category) const;
  // The same for the IoU threshold 0.5.
  double category_ap50(size_t category) const;
};

// Detections of images and categories that the truth does not have are passed over. Scores must be
// numbers; detections of equal score count in the order given. Agrees with pycocotools 2.0 on every
// input but one: there an object whose id is 0 can never be found.
CocoEvaluation evaluate_coco(const CocoTruth& truth, const std::vector<CocoDetection>& detections);

// Who was taken for whom. Row: the object's category, the last one for detections where there is no
// object; column: the detection's category, the last one for objects that were missed.
struct CocoConfusion {
  std::vector<int64_t> categories;
  std::vector<int64_t> counts;  // [categories + 1][categories + 1]

  int64_t at(size_t row, size_t column) const {
    return counts[row * (categories.size() + 1) + column];
  }
};

// In each picture the detections of at least `score`, best first, take the free object that they
// overlap most, whatever its category, when the IoU is at least `iou`. What then lies in a crowd by
// half or more is not counted.
CocoConfusion count_confusions(const CocoTruth& truth, const std::vector<CocoDetection>& detections,
                               double score, double iou = 0.5);

}  // namespace thaw
