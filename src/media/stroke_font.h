// A font of strokes: letters as lines and arcs, which look the same at every size.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace thaw {

struct Point {
  float x = 0;
  float y = 0;
};

// The middle lines of a glyph's pen strokes. Units: capitals reach from y 0 down to the baseline at
// kFontCapHeight, descenders to kFontDepth; x begins at 0.
struct Glyph {
  float width = 0;
  std::vector<std::vector<Point>> strokes;
};

constexpr float kFontCapHeight = 14;
constexpr float kFontDepth = 18.2F;
constexpr float kFontPen = 2;      // width of a stroke
constexpr float kFontSpacing = 4;  // between the middle lines of two letters

// ASCII from ' ' to '~'; anything else gives '?'.
const Glyph& glyph_of(char c);

// The text in the font's characters: accented Latin letters lose their accents, what the font does
// not have becomes '?'.
std::string to_font_characters(std::string_view utf8);

}  // namespace thaw
