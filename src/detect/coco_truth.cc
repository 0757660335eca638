// COCO's instances format, read with suspicion.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "base/input_file.h"
#include "detect/json_reading.h"
#include "thaw/coco.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{256} << 20;
constexpr int64_t kMaxSide = 1'000'000;
constexpr double kMaxPosition = 1e9;
// An evaluation holds 12,120 precisions a category, and a count for each pair of categories.
constexpr size_t kMaxCategories = 10'000;

int side(const JsonObject& object, const char* field) {
  if (!object.has(field)) return 0;
  const int64_t value = object.integer(field);
  if (value < 1 || value > kMaxSide)
    object.fail(field, fmt::format("1 to {} pixels", kMaxSide), std::to_string(value));
  return static_cast<int>(value);
}

// The field "id", which no object before may have had.
int64_t new_id(const JsonObject& object, std::unordered_set<int64_t>& ids) {
  const int64_t id = object.integer("id");
  if (!ids.insert(id).second) object.fail("id", "an id of its own", fmt::format("{} again", id));
  return id;
}

int64_t known_id(const JsonObject& object, const char* field, const char* list,
                 const std::unordered_set<int64_t>& ids) {
  const int64_t id = object.integer(field);
  if (ids.count(id) == 0)
    object.fail(field, fmt::format("an id from \"{}\"", list), std::to_string(id));
  return id;
}

// 0 or 1.
bool flag(const JsonObject& object, const char* field) {
  if (!object.has(field)) return false;
  const int64_t value = object.integer(field);
  if (value != 0 && value != 1) object.fail(field, "0 or 1", std::to_string(value));
  return value == 1;
}

CocoBox box_of(const JsonObject& object) {
  const std::vector<double> numbers = object.numbers("bbox", 4);
  for (const double number : numbers)
    if (std::abs(number) > kMaxPosition)
      object.fail("bbox", fmt::format("pixels up to {}", kMaxPosition), fmt::format("{}", number));
  if (numbers[2] < 0 || numbers[3] < 0)
    object.fail("bbox", "x, y and a width and height of 0 or more",
                fmt::format("{} x {}", numbers[2], numbers[3]));
  return {numbers[0], numbers[1], numbers[2], numbers[3]};
}

class Reader {
 public:
  CocoTruth read(const JsonObject& root) {
    for (const JsonObject& object : root.objects("images")) add_image(object);
    const std::vector<JsonObject> categories = root.objects("categories");
    if (categories.size() > kMaxCategories)
      root.fail("categories", fmt::format("up to {} of them", kMaxCategories),
                std::to_string(categories.size()));
    for (const JsonObject& object : categories) add_category(object);
    for (const JsonObject& object : root.objects("annotations")) add_object(object);
    std::sort(truth_.categories.begin(), truth_.categories.end(),
              [](const CocoCategory& a, const CocoCategory& b) { return a.id < b.id; });
    return std::move(truth_);
  }

 private:
  void add_image(const JsonObject& object) {
    CocoImage image;
    image.id = new_id(object, images_);
    image.file = object.text("file_name");
    image.width = side(object, "width");
    image.height = side(object, "height");
    if (object.has("tags")) image.tags = object.texts("tags");
    truth_.images.push_back(std::move(image));
  }

  void add_category(const JsonObject& object) {
    const int64_t id = new_id(object, categories_);
    truth_.categories.push_back({id, object.text("name")});
  }

  void add_object(const JsonObject& object) {
    CocoObject out;
    out.id = new_id(object, objects_);
    out.image_id = known_id(object, "image_id", "images", images_);
    out.category_id = known_id(object, "category_id", "categories", categories_);
    out.box = box_of(object);
    out.area = object.has("area") ? object.number("area") : out.box[2] * out.box[3];
    out.crowd = flag(object, "iscrowd");
    truth_.objects.push_back(out);
  }

  CocoTruth truth_;
  std::unordered_set<int64_t> images_;
  std::unordered_set<int64_t> categories_;
  std::unordered_set<int64_t> objects_;
};

}  // namespace

CocoTruth CocoTruth::parse(std::string_view text, const std::string& name) {
  const nlohmann::json json =
      parse_json(text, name,
                 {"images", "annotations", "categories", "id", "file_name", "width", "height",
                  "tags", "image_id", "category_id", "bbox", "area", "iscrowd", "name"});
  return Reader().read(JsonObject(json, name));
}

CocoTruth CocoTruth::read(const std::string& path) {
  return parse(InputFile(path).read_all(kMaxBytes), path);
}

CocoTruth CocoTruth::of_images(const std::vector<int64_t>& ids) const {
  const std::unordered_set<int64_t> wanted(ids.begin(), ids.end());
  CocoTruth part;
  part.categories = categories;
  for (const CocoImage& image : images)
    if (wanted.count(image.id) != 0) part.images.push_back(image);
  for (const CocoObject& object : objects)
    if (wanted.count(object.image_id) != 0) part.objects.push_back(object);
  return part;
}

}  // namespace thaw
