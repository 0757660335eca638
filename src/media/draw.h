// Rectangles and text painted on pictures; what lies outside the picture is cut off.
#pragma once

#include <cstdint>
#include <string>

#include "thaw/picture.h"

namespace thaw {

struct Colour {
  uint8_t r = 0;
  uint8_t g = 0;
  uint8_t b = 0;
};

// Pixels x in [left, right), y in [top, bottom).
struct PixelBox {
  int left = 0;
  int top = 0;
  int right = 0;
  int bottom = 0;

  int width() const { return right - left; }
  int height() const { return bottom - top; }
};

void fill_box(Picture& picture, const PixelBox& box, Colour colour, float opacity = 1);
// The rim of the box, `thickness` pixels inwards.
void draw_frame(Picture& picture, const PixelBox& box, int thickness, Colour colour,
                float opacity = 1);

// Size of a line of text whose capitals are `cap_height` pixels high, pen and descenders included.
int text_width(const std::string& text, float cap_height);
int text_height(float cap_height);
// With smooth edges; `left` and `top` are the corner of the area that the two functions above give.
void draw_text(Picture& picture, const std::string& text, int left, int top, float cap_height,
               Colour colour);

}  // namespace thaw
