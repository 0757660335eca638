#include "detect/compare/compare_truth.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "detect/compare/name_index.h"
#include "detect/label_text.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Which category a detection's class is.
class CategoryFinder {
 public:
  explicit CategoryFinder(const CocoTruth& truth) {
    for (const CocoCategory& category : truth.categories) {
      by_name_.emplace(lower_case(category.name), &category);
      by_id_[category.id] = &category;
    }
  }

  // Null for a class that the truth does not have.
  const CocoCategory* find(const Detection& detection) const {
    const auto named = by_name_.find(lower_case(detection.label));
    if (named != by_name_.end()) return named->second;
    if (detection.label != std::to_string(detection.class_id)) return nullptr;
    const auto numbered = by_id_.find(detection.class_id);
    return numbered == by_id_.end() ? nullptr : numbered->second;
  }

 private:
  std::unordered_map<std::string, const CocoCategory*> by_name_;
  std::unordered_map<int64_t, const CocoCategory*> by_id_;
};

// A picture and its entry in the truth.
struct Entry {
  ComparedPicture* picture;
  const CocoImage* image;

  double width() const { return image->width > 0 ? image->width : picture->width; }
  double height() const { return image->height > 0 ? image->height : picture->height; }
};

class TruthComparer {
 public:
  TruthComparer(const std::string& file, const CocoTruth& truth, Comparison& comparison)
      : file_(file), comparison_(comparison), truth_(truth), categories_(truth_) {}

  void run() {
    find_entries();
    show_objects();
    name_classes();
    collect(&ComparedPicture::a, found_a_);
    collect(&ComparedPicture::b, found_b_);
    std::vector<int64_t> ids;
    for (const Entry& entry : entries_) ids.push_back(entry.image->id);
    evaluate(truth_.of_images(ids));
    evaluate_tags();
    tell_unknown_classes();
    comparison_.truth = std::move(out_);
  }

 private:
  void find_entries() {
    NameIndex names;
    for (const CocoImage& image : truth_.images) names.add(image.file);
    std::map<int, std::string> taken;
    size_t without = 0;
    for (ComparedPicture& picture : comparison_.pictures) {
      if (!picture.error.empty()) continue;
      const int place = names.find(picture.file, file_);
      without += place < 0 ? 1 : 0;
      if (place < 0) continue;
      const auto [other, is_new] = taken.emplace(place, picture.file);
      const CocoImage& image = truth_.images[static_cast<size_t>(place)];
      if (!is_new)
        throw InputError(fmt::format("{}: image {} is both {} and {}", file_, image.file,
                                     other->second, picture.file));
      add_entry({&picture, &image});
    }
    if (entries_.empty())
      throw InputError(fmt::format("{}: none of the pictures is among its {} images", file_,
                                   truth_.images.size()));
    if (without > 0)
      warn("{} of the pictures are not among its images and are left out of the evaluation",
           without);
    const size_t missing = truth_.images.size() - entries_.size();
    if (missing > 0) warn("{} of its images are not among the pictures and are left out", missing);
  }

  void add_entry(const Entry& entry) {
    if (entry.width() < 1 || entry.height() < 1)
      throw InputError(
          fmt::format("{}: image {} has no \"width\" and \"height\", nor do the "
                      "detections tell",
                      file_, entry.image->file));
    entry.picture->has_truth = true;
    entry.picture->tags = entry.image->tags;
    entries_.push_back(entry);
  }

  void warn(const char* text, size_t count) {
    comparison_.warnings.push_back(
        fmt::format("{}: {}", file_, fmt::format(fmt::runtime(text), count)));
  }

  // The objects of each picture as detections.
  void show_objects() {
    std::unordered_map<int64_t, const Entry*> by_id;
    std::unordered_map<int64_t, const std::string*> names;
    for (const Entry& entry : entries_) by_id[entry.image->id] = &entry;
    for (const CocoCategory& category : truth_.categories) names[category.id] = &category.name;
    for (const CocoObject& object : truth_.objects) {
      const auto entry = by_id.find(object.image_id);
      if (entry == by_id.end() || object.crowd) continue;
      const double width = entry->second->width();
      const double height = entry->second->height();
      const CocoBox& box = object.box;
      Detection shown{static_cast<int>(object.category_id), *names.at(object.category_id), 1, {}};
      shown.box = {static_cast<float>(box[1] / height), static_cast<float>(box[0] / width),
                   static_cast<float>((box[1] + box[3]) / height),
                   static_cast<float>((box[0] + box[2]) / width)};
      entry->second->picture->objects.push_back(std::move(shown));
    }
  }

  // As the truth calls them.
  void name_classes() {
    for (ComparedPicture& picture : comparison_.pictures)
      for (auto* side : {&picture.a, &picture.b})
        for (Detection& detection : *side) {
          const CocoCategory* category = categories_.find(detection);
          if (category != nullptr) detection.label = category->name;
        }
  }

  void collect(const std::vector<Detection> ComparedPicture::*side,
               std::vector<CocoDetection>& found) {
    for (const Entry& entry : entries_)
      for (const Detection& detection : entry.picture->*side) {
        const CocoCategory* category = categories_.find(detection);
        if (category == nullptr)
          unknown_.insert(detection.label);
        else
          found.push_back(detection_of(detection, entry, category->id));
      }
  }

  static CocoDetection detection_of(const Detection& detection, const Entry& entry,
                                    int64_t category) {
    std::array<double, 4> edges{};
    for (size_t i = 0; i < 4; ++i)
      edges[i] =
          static_cast<double>(detection.box[i]) * (i % 2 == 0 ? entry.height() : entry.width());
    return {entry.image->id,
            category,
            {edges[1], edges[0], edges[3] - edges[1], edges[2] - edges[0]},
            static_cast<double>(detection.score)};
  }

  void evaluate(const CocoTruth& part) {
    out_.file = file_;
    out_.images = part.images.size();
    out_.categories = part.categories;
    for (const CocoCategory& category : part.categories)
      out_.category_objects.push_back(static_cast<size_t>(
          std::count_if(part.objects.begin(), part.objects.end(), [&](const CocoObject& object) {
            return object.category_id == category.id && !object.crowd;
          })));
    for (const size_t count : out_.category_objects) out_.objects += count;
    out_.a = evaluate_coco(part, found_a_);
    out_.b = evaluate_coco(part, found_b_);
    const auto score = static_cast<double>(comparison_.score);
    out_.confusion_a = count_confusions(part, found_a_, score);
    out_.confusion_b = count_confusions(part, found_b_, score);
  }

  void evaluate_tags() {
    std::map<std::string, std::vector<int64_t>> tags;
    for (const Entry& entry : entries_)
      for (const std::string& tag :
           std::set<std::string>(entry.image->tags.begin(), entry.image->tags.end()))
        tags[tag].push_back(entry.image->id);
    for (const auto& [tag, ids] : tags) {
      const CocoTruth part = truth_.of_images(ids);
      ComparedTag row;
      row.tag = tag;
      row.images = part.images.size();
      row.objects = static_cast<size_t>(std::count_if(
          part.objects.begin(), part.objects.end(), [](const CocoObject& o) { return !o.crowd; }));
      row.a = evaluate_coco(part, found_a_).lines;
      row.b = evaluate_coco(part, found_b_).lines;
      out_.tags.push_back(std::move(row));
    }
  }

  void tell_unknown_classes() {
    if (unknown_.empty()) return;
    std::string names;
    size_t shown = 0;
    for (const std::string& name : unknown_) {
      if (++shown > 5) break;
      names += (names.empty() ? "" : ", ") + name;
    }
    if (unknown_.size() > 5) names += fmt::format(" and {} more", unknown_.size() - 5);
    comparison_.warnings.push_back(fmt::format(
        "{}: has no categories for these classes, which are left out: {}", file_, names));
  }

  std::string file_;
  Comparison& comparison_;
  const CocoTruth& truth_;
  CategoryFinder categories_;
  std::vector<Entry> entries_;
  std::vector<CocoDetection> found_a_;
  std::vector<CocoDetection> found_b_;
  std::set<std::string> unknown_;
  ComparedTruth out_;
};

}  // namespace

void compare_with_truth(const std::string& file, const CocoTruth& truth, Comparison& comparison) {
  TruthComparer(file, truth, comparison).run();
}

}  // namespace thaw
