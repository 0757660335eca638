// Any bytes as a COCO truth and as a document of detections: an evaluation of the objects against
// themselves whose figures lie in their range, or an InputError.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "detect/compare/detections_file.h"
#include "detect/compare/match_detections.h"
#include "thaw/coco.h"
#include "thaw/error.h"

namespace {

void evaluate(std::string_view text) {
  const thaw::CocoTruth truth = thaw::CocoTruth::parse(text, "truth.json");
  std::vector<thaw::CocoDetection> detections;
  for (const thaw::CocoObject& object : truth.objects)
    detections.push_back({object.image_id, object.category_id, object.box, object.area});
  for (const double line : thaw::evaluate_coco(truth, detections).lines)
    if (line != -1 && !(line >= 0 && line <= 1 + 1e-9)) __builtin_trap();
  const thaw::CocoConfusion counts = thaw::count_confusions(truth, detections, 0);
  for (const int64_t count : counts.counts)
    if (count < 0) __builtin_trap();
}

void match(std::string_view text) {
  for (thaw::PictureResult& result : thaw::parse_detections(text, "found.json").pictures) {
    thaw::ComparedPicture picture;
    picture.a = picture.b = result.detections;
    thaw::match_detections(picture, 0.5F);
    if (picture.changes() != 0) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto use : {evaluate, match}) {
    try {
      use(text);
    } catch (const thaw::InputError&) {
    }
  }
  return 0;
}
