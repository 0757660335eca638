// Pictures of the report: A left, B right, what changed below at full resolution.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "detect/compare/html.h"
#include "detect/compare/match_detections.h"
#include "media/jpeg.h"
#include "media/shrink.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kMaxHeight = 720;
constexpr int kCropWidth = 168;
constexpr int kCropHeight = 126;
constexpr size_t kMaxCrops = 7;
constexpr size_t kMaxLabelled = 14;  // boxes of a side; with more, those that changed alone
constexpr int kQuality = 80;

using Box = std::array<float, 4>;

std::string jpeg_uri(const Picture& picture) {
  return "data:image/jpeg;base64," + base64(encode_jpeg(picture, kQuality));
}

// An area of the picture and how many report pixels stand for one of it.
struct View {
  double left = 0;
  double top = 0;
  double scale = 1;
  int picture_width = 0;
  int picture_height = 0;

  double x(float position) const {
    return (static_cast<double>(position) * picture_width - left) * scale;
  }
  double y(float position) const {
    return (static_cast<double>(position) * picture_height - top) * scale;
  }
  std::string rect(const char* type, const Box& box) const {
    const double width = std::max(x(box[3]) - x(box[1]), 1.0);
    const double height = std::max(y(box[2]) - y(box[0]), 1.0);
    return fmt::format(R"(<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>)",
                       type, x(box[1]), y(box[0]), width, height);
  }
};

const Detection* at(const std::vector<Detection>& detections, int index) {
  return index < 0 ? nullptr : &detections[static_cast<size_t>(index)];
}

// Places labels where they hide no other, if there is such a place.
class Labels {
 public:
  Labels(const View& view, double width, double height)
      : view_(view), width_(width), height_(height) {}

  std::string add(const Detection& detection) {
    const std::string text = fmt::format("{} {:.2f}", detection.label, detection.score);
    const double length = kCharacter * static_cast<double>(text.size()) + 8;
    const Place place = best_place(detection.box, length);
    placed_.push_back(place);
    return fmt::format(
        R"(<rect class="label" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.0f}" rx="2"/>)"
        R"(<text x="{:.1f}" y="{:.1f}">{}</text>)",
        place.x, place.y, length, kHeight, place.x + 4, place.y + 11.5, html_text(text));
  }

 private:
  static constexpr double kCharacter = 6.3;  // mean width at 11 pixels
  static constexpr double kHeight = 15;

  struct Place {
    double x = 0;
    double y = 0;
    double length = 0;
  };

  // Above the box, below, inside at its top, beside it.
  Place best_place(const Box& box, double length) const {
    const double left = view_.x(box[1]) - 1;
    const double right = view_.x(box[3]) + 1;
    const double top = view_.y(box[0]);
    Place best;
    double least = -1;
    for (const auto& [x, y] :
         {std::pair{left, top - kHeight - 1}, std::pair{right - length, top - kHeight - 1},
          std::pair{left, view_.y(box[2]) + 1}, std::pair{left, top}, std::pair{right + 1, top},
          std::pair{left - length - 2, top}}) {
      const Place place{std::clamp(x, 0.0, std::max(0.0, width_ - length)),
                        std::clamp(y, 0.0, std::max(0.0, height_ - kHeight)), length};
      const double hidden = hidden_by(place);
      if (least >= 0 && hidden >= least) continue;
      least = hidden;
      best = place;
    }
    return best;
  }

  double hidden_by(const Place& place) const {
    double area = 0;
    for (const Place& other : placed_)
      area += std::max(0.0, std::min(place.x + place.length, other.x + other.length) -
                                std::max(place.x, other.x)) *
              std::max(0.0, kHeight - std::abs(place.y - other.y));
    return area;
  }

  const View& view_;
  double width_;
  double height_;
  std::vector<Place> placed_;
};

std::string found_box(const View& view, const DetectionPair& pair, const Detection& detection,
                      const std::string& title, bool is_faint) {
  return fmt::format(R"(<g class="found {}{}">{}{}<title>{}</title>)", pair_kind_name(pair.kind),
                     is_faint ? " faint" : "", view.rect("back", detection.box),
                     view.rect("edge", detection.box), html_text(title));
}

std::string title_of(const ComparedPicture& picture, const DetectionPair& pair) {
  if (pair.kind != PairKind::kMatched) return pair_text(picture, pair);
  const Detection& a = *at(picture.a, pair.a);
  return fmt::format("{} {:.3f}, {:.3f} in B; IoU {:.3f}", a.label, a.score,
                     at(picture.b, pair.b)->score, pair.iou);
}

// All boxes of one side; what is below the score (the counterpart of a lost one) is dashed.
std::string boxes(const ComparedPicture& picture, const View& view, bool is_a, float score,
                  double width, double height) {
  std::string out;
  for (const Detection& object : picture.objects) out += view.rect("truth", object.box);
  const auto& detections = is_a ? picture.a : picture.b;
  const bool all_labels = picture.pairs.size() <= kMaxLabelled;
  Labels labels(view, width, height);
  std::string texts;
  for (auto pair = picture.pairs.rbegin(); pair != picture.pairs.rend(); ++pair) {
    const Detection* detection = at(detections, is_a ? pair->a : pair->b);
    if (detection == nullptr) continue;
    out += found_box(view, *pair, *detection, title_of(picture, *pair), detection->score < score) +
           "</g>";
    if (all_labels || pair->kind != PairKind::kMatched)
      texts += fmt::format(R"(<g class="found {}">{}</g>)", pair_kind_name(pair->kind),
                           labels.add(*detection));
  }
  return out + texts;
}

std::string pair_of_views(const ComparedPicture& picture, const Picture& pixels, size_t number,
                          float score, const HtmlReportOptions& options) {
  const double scale = std::min({1.0, static_cast<double>(options.picture_width) / pixels.width,
                                 static_cast<double>(kMaxHeight) / pixels.height});
  const int width = std::max(1, static_cast<int>(std::lround(pixels.width * scale)));
  const int height = std::max(1, static_cast<int>(std::lround(pixels.height * scale)));
  const Picture small = shrunk(pixels, {0, 0, pixels.width, pixels.height}, width, height);
  const View view{0, 0, scale, pixels.width, pixels.height};
  const std::string open = fmt::format(R"(<svg viewBox="0 0 {} {}">)", width, height);
  // The bytes stand in A's drawing; B's uses them.
  const std::string image = fmt::format(R"(<image id="p{}" width="{}" height="{}" href="{}"/>)",
                                        number, width, height, jpeg_uri(small));
  return fmt::format(
      "<div class=\"pair\"><figure><figcaption><span class=\"chip a\">A</span>{}</figcaption>"
      "{}{}{}</svg></figure><figure><figcaption><span class=\"chip b\">B</span>{}</figcaption>"
      "{}<use href=\"#p{}\"/>{}</svg></figure></div>",
      picture.ms_a < 0 ? "" : html_ms(picture.ms_a) + " ms", open, image,
      boxes(picture, view, true, score, width, height),
      picture.ms_b < 0 ? "" : html_ms(picture.ms_b) + " ms", open, number,
      boxes(picture, view, false, score, width, height));
}

// The surroundings of both boxes in the crop's proportions, inside the picture.
PixelBox crop_around(const Box& box, const Picture& pixels) {
  const double width = pixels.width;
  const double height = pixels.height;
  const double box_width = std::max(static_cast<double>(box[3] - box[1]) * width, 8.0);
  const double box_height = std::max(static_cast<double>(box[2] - box[0]) * height, 8.0);
  double crop_height =
      std::max({box_height * 1.8, box_width * 1.8 * kCropHeight / kCropWidth, 48.0});
  crop_height = std::min({crop_height, height, width * kCropHeight / kCropWidth});
  const double crop_width = std::min(width, crop_height * kCropWidth / kCropHeight);
  const double x = static_cast<double>(box[1] + box[3]) / 2 * width - crop_width / 2;
  const double y = static_cast<double>(box[0] + box[2]) / 2 * height - crop_height / 2;
  PixelBox crop;
  crop.left = static_cast<int>(std::clamp(x, 0.0, width - crop_width));
  crop.top = static_cast<int>(std::clamp(y, 0.0, height - crop_height));
  crop.right = std::min(pixels.width, crop.left + std::max(1, static_cast<int>(crop_width)));
  crop.bottom = std::min(pixels.height, crop.top + std::max(1, static_cast<int>(crop_height)));
  return crop;
}

std::string crop_item(const ComparedPicture& picture, const Picture& pixels,
                      const DetectionPair& pair) {
  const Detection* a = at(picture.a, pair.a);
  const Detection* b = at(picture.b, pair.b);
  Box around = (a != nullptr ? a : b)->box;
  if (a != nullptr && b != nullptr)
    around = {std::min(a->box[0], b->box[0]), std::min(a->box[1], b->box[1]),
              std::max(a->box[2], b->box[2]), std::max(a->box[3], b->box[3])};
  const PixelBox crop = crop_around(around, pixels);
  const int width = std::min(crop.width(), 2 * kCropWidth);
  const int height = std::max(1, crop.height() * width / crop.width());
  const View view{static_cast<double>(crop.left), static_cast<double>(crop.top),
                  static_cast<double>(kCropWidth) / crop.width(), pixels.width, pixels.height};
  std::string drawn;
  for (const Detection& object : picture.objects)
    if (box_iou(object.box, around) >= 0.2) drawn += view.rect("truth", object.box);
  const Detection& main = *(pair.kind == PairKind::kNew ? b : a);
  drawn += found_box(view, pair, main, title_of(picture, pair), false) + "</g>";
  const std::string kind = pair_kind_name(pair.kind);
  std::string text = pair_text(picture, pair);
  if (text.rfind(kind + " ", 0) == 0) text.erase(0, kind.size() + 1);
  return fmt::format(
      R"(<li><svg viewBox="0 0 {0} {1}"><image width="{0}" height="{1}" preserveAspectRatio="none" )"
      R"(href="{2}"/>{3}</svg><span class="word {4}">{4}</span> {5}</li>)",
      kCropWidth, kCropHeight, jpeg_uri(shrunk(pixels, crop, width, height)), drawn, kind,
      html_text(text));
}

std::string head_of(const ComparedPicture& picture) {
  std::string out = fmt::format("<div class=\"head\"><b>{}</b><span>{} \xC3\x97 {}</span>",
                                html_text(picture.file), picture.width, picture.height);
  for (const std::string& tag : picture.tags)
    out += fmt::format("<span class=\"tag\">{}</span>", html_text(tag));
  std::string counts;
  for (const PairKind kind :
       {PairKind::kMatched, PairKind::kRelabelled, PairKind::kLost, PairKind::kNew})
    if (picture.count(kind) > 0)
      counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", picture.count(kind),
                            pair_kind_name(kind));
  return out + "<span>" + (counts.empty() ? "nothing found" : counts) + "</span></div>";
}

}  // namespace

std::string pair_text(const ComparedPicture& picture, const DetectionPair& pair) {
  const Detection* a = at(picture.a, pair.a);
  const Detection* b = at(picture.b, pair.b);
  if (pair.kind == PairKind::kLost)
    return fmt::format("lost {} {:.2f}{}", a->label, a->score,
                       b != nullptr ? fmt::format(" ({:.2f} in B)", b->score) : "");
  if (pair.kind == PairKind::kNew)
    return fmt::format("new {} {:.2f}{}", b->label, b->score,
                       a != nullptr ? fmt::format(" ({:.2f} in A)", a->score) : "");
  return fmt::format("{} {} {:.2f} is {} {:.2f} in B", pair_kind_name(pair.kind), a->label,
                     a->score, b->label, b->score);
}

std::string picture_section(const ComparedPicture& picture, size_t number, float score,
                            const HtmlReportOptions& options) {
  std::string out = "<section class=\"card shot\">" + head_of(picture);
  Picture pixels;
  try {
    pixels = read_picture(picture.file);
  } catch (const InputError& error) {
    return out + "<p class=\"note\">" + html_text(error.what()) + "</p></section>";
  }
  out += pair_of_views(picture, pixels, number, score, options);
  std::string items;
  size_t crops = 0;
  for (const DetectionPair& pair : picture.pairs)
    if (pair.kind != PairKind::kMatched && crops++ < kMaxCrops)
      items += crop_item(picture, pixels, pair);
  if (!items.empty()) out += "<ul class=\"changes\">" + items + "</ul>";
  if (crops > kMaxCrops)
    out += fmt::format("<p class=\"note\">and {} more change{}</p>", crops - kMaxCrops,
                       crops == kMaxCrops + 1 ? "" : "s");
  return out + "</section>";
}

}  // namespace thaw
