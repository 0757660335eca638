#include "media/draw.h"

#include <algorithm>
#include <cmath>

#include "media/stroke_font.h"

namespace thaw {
namespace {

void blend(Picture& picture, int x, int y, Colour colour, float opacity) {
  const size_t at =
      (static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x)) * 3;
  uint8_t* pixel = picture.rgb.data() + at;
  const uint8_t wanted[] = {colour.r, colour.g, colour.b};
  for (int c = 0; c < 3; ++c) {
    const float mixed = pixel[c] + (static_cast<float>(wanted[c]) - pixel[c]) * opacity;
    pixel[c] = static_cast<uint8_t>(std::lround(mixed));
  }
}

float distance_to_segment(Point p, Point a, Point b) {
  const float dx = b.x - a.x;
  const float dy = b.y - a.y;
  const float length2 = dx * dx + dy * dy;
  const float along =
      length2 > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length2, 0.0F, 1.0F) : 0;
  return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

// How much of each pixel the ink covers, for an area of the picture.
class Ink {
 public:
  Ink(int width, int height)
      : width_(width),
        height_(height),
        coverage_(static_cast<size_t>(width) * static_cast<size_t>(height)) {}

  // A line with round ends; overlapping lines don't add up.
  void line(Point a, Point b, float pen) {
    const float reach = pen / 2 + 1;
    const int left = std::max(0, static_cast<int>(std::min(a.x, b.x) - reach));
    const int right = std::min(width_ - 1, static_cast<int>(std::max(a.x, b.x) + reach));
    const int top = std::max(0, static_cast<int>(std::min(a.y, b.y) - reach));
    const int bottom = std::min(height_ - 1, static_cast<int>(std::max(a.y, b.y) + reach));
    for (int y = top; y <= bottom; ++y) {
      for (int x = left; x <= right; ++x) {
        const Point middle{static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F};
        const float covered = pen / 2 + 0.5F - distance_to_segment(middle, a, b);
        float& pixel = coverage_[index(x, y)];
        pixel = std::max(pixel, std::clamp(covered, 0.0F, 1.0F));
      }
    }
  }

  void print(Picture& picture, int left, int top, Colour colour) const {
    for (int y = std::max(0, -top); y < height_ && top + y < picture.height; ++y)
      for (int x = std::max(0, -left); x < width_ && left + x < picture.width; ++x)
        if (const float covered = coverage_[index(x, y)]; covered > 0)
          blend(picture, left + x, top + y, colour, covered);
  }

 private:
  size_t index(int x, int y) const {
    return static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x);
  }

  int width_;
  int height_;
  std::vector<float> coverage_;
};

float pen_width(float cap_height) { return std::max(1.2F, kFontPen * cap_height / kFontCapHeight); }

}  // namespace

void fill_box(Picture& picture, const PixelBox& box, Colour colour, float opacity) {
  for (int y = std::max(0, box.top); y < std::min(picture.height, box.bottom); ++y)
    for (int x = std::max(0, box.left); x < std::min(picture.width, box.right); ++x)
      blend(picture, x, y, colour, opacity);
}

void draw_frame(Picture& picture, const PixelBox& box, int thickness, Colour colour,
                float opacity) {
  const int t = std::min({thickness, (box.width() + 1) / 2, (box.height() + 1) / 2});
  fill_box(picture, {box.left, box.top, box.right, box.top + t}, colour, opacity);
  const int lower = std::max(box.top + t, box.bottom - t);
  fill_box(picture, {box.left, lower, box.right, box.bottom}, colour, opacity);
  fill_box(picture, {box.left, box.top + t, box.left + t, lower}, colour, opacity);
  const int right = std::max(box.left + t, box.right - t);
  fill_box(picture, {right, box.top + t, box.right, lower}, colour, opacity);
}

int text_width(const std::string& text, float cap_height) {
  const float scale = cap_height / kFontCapHeight;
  float width = 0;
  for (char c : text) width += (glyph_of(c).width + kFontSpacing) * scale;
  if (!text.empty()) width -= kFontSpacing * scale;
  return static_cast<int>(std::ceil(width + pen_width(cap_height))) + 1;
}

int text_height(float cap_height) {
  const float scale = cap_height / kFontCapHeight;
  return static_cast<int>(std::ceil(kFontDepth * scale + pen_width(cap_height))) + 1;
}

void draw_text(Picture& picture, const std::string& text, int left, int top, float cap_height,
               Colour colour) {
  const float scale = cap_height / kFontCapHeight;
  const float pen = pen_width(cap_height);
  Ink ink(text_width(text, cap_height), text_height(cap_height));
  Point origin{pen / 2 + 0.5F, pen / 2 + 0.5F};
  for (char c : text) {
    const Glyph& glyph = glyph_of(c);
    for (const auto& stroke : glyph.strokes)
      for (size_t i = 1; i < stroke.size(); ++i)
        ink.line({origin.x + stroke[i - 1].x * scale, origin.y + stroke[i - 1].y * scale},
                 {origin.x + stroke[i].x * scale, origin.y + stroke[i].y * scale}, pen);
    origin.x += (glyph.width + kFontSpacing) * scale;
  }
  ink.print(picture, left, top, colour);
}

}  // namespace thaw
