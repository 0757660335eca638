#include "detect/annotate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "media/stroke_font.h"
#include "thaw/detector.h"

namespace thaw {
namespace {

constexpr float kMinCapHeight = 5;
constexpr size_t kMaxLabelCharacters = 60;

// Oklch (lightness 0..1, chroma, hue in turns) to linear sRGB, which may lie outside 0..1.
void oklch_to_linear(float lightness, float chroma, float turns, float rgb[3]) {
  const float angle = turns * 2 * 3.14159265F;
  const float a = chroma * std::cos(angle);
  const float b = chroma * std::sin(angle);
  const auto cube = [](float x) { return x * x * x; };
  const float l = cube(lightness + 0.3963377774F * a + 0.2158037573F * b);
  const float m = cube(lightness - 0.1055613458F * a - 0.0638541728F * b);
  const float s = cube(lightness - 0.0894841775F * a - 1.2914855480F * b);
  rgb[0] = 4.0767416621F * l - 3.3077115913F * m + 0.2309699292F * s;
  rgb[1] = -1.2684380046F * l + 2.6097574011F * m - 0.3413193965F * s;
  rgb[2] = -0.0041960863F * l - 0.7034186147F * m + 1.7076147010F * s;
}

uint8_t to_byte(float linear) {
  const float clipped = std::clamp(linear, 0.0F, 1.0F);
  const float coded =
      clipped <= 0.0031308F ? 12.92F * clipped : 1.055F * std::pow(clipped, 1 / 2.4F) - 0.055F;
  return static_cast<uint8_t>(std::lround(coded * 255));
}

// What all marks of one picture have in common.
struct Style {
  int line = 2;     // thickness
  float cap = 9;    // height of capitals
  int padding = 2;  // around a label's text; half of it below, where descenders leave room

  explicit Style(const Picture& picture) {
    const auto side = static_cast<float>(std::min(picture.width, picture.height));
    line = std::max(2, static_cast<int>(std::lround(side / 240)));
    cap = std::max(8.0F, side / 58);
    padding = std::max(1, static_cast<int>(std::lround(cap / 4)));
  }
};

struct Mark {
  PixelBox box;
  PixelBox label;
  std::string text;
  float cap = 0;
  Colour colour;
};

int64_t overlap(const PixelBox& a, const PixelBox& b) {
  const int64_t width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const int64_t height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

// At least a pixel wide and high, inside the picture.
PixelBox to_pixels(const std::array<float, 4>& box, const Picture& picture) {
  const auto edge = [](float position, int size) {
    const float pixel = std::round(position * static_cast<float>(size));
    return static_cast<int>(std::clamp(pixel, 0.0F, static_cast<float>(size)));
  };
  PixelBox out;
  out.left = std::min(edge(std::min(box[1], box[3]), picture.width), picture.width - 1);
  out.top = std::min(edge(std::min(box[0], box[2]), picture.height), picture.height - 1);
  out.right = std::max(edge(std::max(box[1], box[3]), picture.width), out.left + 1);
  out.bottom = std::max(edge(std::max(box[0], box[2]), picture.height), out.top + 1);
  return out;
}

// Text and size of the label: smaller, then shorter, until it fits into the picture's width.
void fit_label(Mark& mark, const Style& style, int picture_width) {
  mark.cap = style.cap;
  const auto width = [&] { return text_width(mark.text, mark.cap) + 2 * style.padding; };
  while (width() > picture_width && mark.cap > kMinCapHeight)
    mark.cap = std::max(kMinCapHeight, mark.cap * 0.9F);
  while (width() > picture_width && mark.text.size() > 1) mark.text.pop_back();
  mark.label.right = std::min(width(), picture_width);
  mark.label.bottom = text_height(mark.cap) + style.padding + style.padding / 2;
}

PixelBox moved_inside(PixelBox label, int left, int top, const Picture& picture) {
  left = std::max(0, std::min(left, picture.width - label.width()));
  top = std::max(0, std::min(top, picture.height - label.height()));
  return {left, top, left + label.width(), top + label.height()};
}

// Places for a label of that size, best first: above the box, below, inside at its top and bottom,
// beside it.
std::vector<PixelBox> places_for(const PixelBox& box, const PixelBox& size,
                                 const Picture& picture) {
  const int right = box.right - size.width();
  const int above = box.top - size.height();
  const int low = box.bottom - size.height();
  std::vector<PixelBox> places;
  for (const auto& [left, top] :
       std::initializer_list<std::pair<int, int>>{{box.left, above},
                                                  {right, above},
                                                  {box.left, box.bottom},
                                                  {right, box.bottom},
                                                  {box.left, box.top},
                                                  {right, box.top},
                                                  {box.left, low},
                                                  {right, low},
                                                  {box.right, box.top},
                                                  {box.left - size.width(), box.top}})
    places.push_back(moved_inside(size, left, top, picture));
  return places;
}

// The place that hides least: of other labels first, then of what was detected.
void place_label(size_t index, std::vector<Mark>& marks, const Picture& picture) {
  constexpr int64_t kLabelWeight = 100;
  Mark& mark = marks[index];
  int64_t least = std::numeric_limits<int64_t>::max();
  PixelBox best;
  for (const PixelBox& place : places_for(mark.box, mark.label, picture)) {
    int64_t hidden = 0;
    for (size_t i = 0; i < marks.size(); ++i) {
      hidden += overlap(place, marks[i].box);
      if (i < index) hidden += kLabelWeight * overlap(place, marks[i].label);
    }
    if (hidden >= least) continue;
    least = hidden;
    best = place;
  }
  mark.label = best;
}

void paint(Picture& picture, const Mark& mark, const Style& style) {
  const PixelBox& box = mark.box;
  draw_frame(picture, {box.left - 1, box.top - 1, box.right + 1, box.bottom + 1}, style.line + 2,
             {0, 0, 0}, 0.35F);
  draw_frame(picture, box, style.line, mark.colour);
}

}  // namespace

Colour class_colour(int class_id) {
  // Golden angle steps of hue; lightness changes too, so that hues which come near stay apart.
  constexpr float kGolden = 0.61803399F;
  constexpr float kLightness[] = {0.72F, 0.82F, 0.62F};
  const float id = static_cast<float>(static_cast<unsigned>(class_id) % 9973);
  const float turns = std::fmod(0.08F + id * kGolden, 1.0F);
  const float lightness = kLightness[static_cast<unsigned>(class_id) % 3];
  float rgb[3];
  float chroma = 0.2F;
  do {
    oklch_to_linear(lightness, chroma, turns, rgb);
    chroma -= 0.01F;
  } while (chroma > 0 &&
           (*std::min_element(rgb, rgb + 3) < -0.001F || *std::max_element(rgb, rgb + 3) > 1.001F));
  return {to_byte(rgb[0]), to_byte(rgb[1]), to_byte(rgb[2])};
}

Colour text_colour_on(Colour background) {
  const int luma = 299 * background.r + 587 * background.g + 114 * background.b;
  return luma > 130'000 ? Colour{0, 0, 0} : Colour{255, 255, 255};
}

Picture annotate(const Picture& picture, const std::vector<Detection>& detections) {
  Picture out = picture;
  if (picture.width <= 0 || picture.height <= 0) return out;
  const Style style(picture);
  std::vector<Mark> marks;
  for (const Detection& detection : detections) {
    if (!std::all_of(detection.box.begin(), detection.box.end(),
                     [](float edge) { return std::isfinite(edge); }))
      continue;
    Mark mark;
    mark.box = to_pixels(detection.box, picture);
    mark.colour = class_colour(detection.class_id);
    mark.text = fmt::format("{} {:.0f}%",
                            to_font_characters(detection.label).substr(0, kMaxLabelCharacters),
                            std::isfinite(detection.score) ? detection.score * 100 : 0);
    fit_label(mark, style, picture.width);
    marks.push_back(std::move(mark));
  }
  for (size_t i = 0; i < marks.size(); ++i) place_label(i, marks, picture);
  // The best come first in the list and last on the picture, on top of the others.
  for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) paint(out, *mark, style);
  for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) {
    fill_box(out, mark->label, mark->colour);
    draw_text(out, mark->text, mark->label.left + style.padding, mark->label.top + style.padding,
              mark->cap, text_colour_on(mark->colour));
  }
  return out;
}

}  // namespace thaw
