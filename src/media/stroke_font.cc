#include "media/stroke_font.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr char kFirst = ' ';
constexpr char kLast = '~';
constexpr float kDegreesAStep = 10;

struct Drawing {
  float width;
  // M x y: lift the pen and set it down there; L x y: a line; Q cx cy x y: a quadratic curve;
  // O cx cy rx ry from to: an arc of an ellipse, degrees clockwise from the right, joined by a
  // line when the pen is down.
  const char* path;
};

constexpr std::array<Drawing, kLast - kFirst + 1> kDrawings = {{
    {2, ""},                                                                    // space
    {0, "M 0 0 L 0 9.4 M 0 13.8 L 0 14"},                                       // !
    {3, "M 0 0 L 0 3.6 M 3 0 L 3 3.6"},                                         // "
    {9, "M 3 0 L 1.6 14 M 7.4 0 L 6 14 M 0.4 4.6 L 9 4.6 M 0 9.4 L 8.6 9.4"},   // #
    {8, "O 4 3.6 3.8 3.6 -30 -270 O 4 10.6 4 3.4 -90 155 M 4 -1.6 L 4 15.6"},   // $
    {12, "O 2.6 3.2 2.6 3.2 0 360 O 9.4 10.8 2.6 3.2 0 360 M 9.6 0 L 2.4 14"},  // %
    {9.8F,
     "M 9.8 14 L 2 5 Q 0.4 0 4 0 Q 7.4 0 6 4 Q 5 6 2 7.6 Q -0.6 9.4 0 11 "
     "Q 1 14 4.2 14 Q 8 13.8 9.2 8.2"},                                      // &
    {0, "M 0 0 L 0 3.6"},                                                    // '
    {3.2F, "M 3.2 -0.6 Q -2.4 7.4 3.2 15.8"},                                // (
    {3.2F, "M 0 -0.6 Q 5.6 7.4 0 15.8"},                                     // )
    {6, "M 3 0 L 3 6 M 0.4 1.5 L 5.6 4.5 M 5.6 1.5 L 0.4 4.5"},              // *
    {8, "M 0 8 L 8 8 M 4 4 L 4 12"},                                         // +
    {1, "M 0.8 13.4 L 0 16"},                                                // ,
    {5, "M 0 9 L 5 9"},                                                      // -
    {0, "M 0 13.8 L 0 14"},                                                  // .
    {5.5F, "M 5.5 -0.5 L 0 15.5"},                                           // /
    {8, "O 4 7 4 7 0 360"},                                                  // 0
    {4, "M 0 2.8 L 3.8 0 L 3.8 14"},                                         // 1
    {8, "O 3.9 4 3.8 4 -165 35 L 0 14 L 8 14"},                              // 2
    {8, "O 3.8 3.5 3.5 3.5 -155 90 O 3.8 10.5 4 3.5 -90 155"},               // 3
    {8.6F, "M 6.2 14 L 6.2 0 L 0 9.8 L 8.6 9.8"},                            // 4
    {8, "M 7.2 0 L 1.1 0 L 0.56 6.4 O 3.7 9.4 4.1 4.6 -140 150"},            // 5
    {8, "O 4 9.6 4 4.4 0 360 M 6.4 0 Q 0.6 2.6 0 9.6"},                      // 6
    {8, "M 0 0 L 8 0 L 2.8 14"},                                             // 7
    {8, "O 4 3.4 3.4 3.4 0 360 O 4 10.4 4 3.6 0 360"},                       // 8
    {8, "O 4 4.4 4 4.4 0 360 M 8 4.4 Q 7.4 11.4 1.6 14"},                    // 9
    {0, "M 0 6.2 L 0 6.4 M 0 13.8 L 0 14"},                                  // :
    {1, "M 0.6 6.2 L 0.6 6.4 M 0.8 13.4 L 0 16"},                            // ;
    {7.5F, "M 7.5 3.6 L 0 8 L 7.5 12.4"},                                    // <
    {8, "M 0 6.2 L 8 6.2 M 0 10 L 8 10"},                                    // =
    {7.5F, "M 0 3.6 L 7.5 8 L 0 12.4"},                                      // >
    {7, "O 3.5 3.6 3.5 3.6 -170 60 Q 3.5 7.8 3.5 9.8 M 3.5 13.8 L 3.5 14"},  // ?
    {13,
     "O 6.4 8 2.8 3 0 360 M 9.2 5 L 9.2 9 Q 9.4 11 11 11 Q 13 10.6 13 8 "
     "O 6.5 8 6.5 7.2 0 -310"},                        // @
    {10, "M 0 14 L 5 0 L 10 14 M 1.8 9.2 L 8.2 9.2"},  // A
    {8.5F,
     "M 0 0 L 0 14 L 5 14 O 5 10.4 3.5 3.6 90 -90 L 0 6.8 M 0 0 L 4.6 0 "
     "O 4.6 3.4 3.2 3.4 -90 90"},                                                        // B
    {9, "O 5 7 5 7 -45 -315"},                                                           // C
    {9, "M 0 0 L 0 14 L 3.5 14 O 3.5 7 5.5 7 90 -90 L 0 0"},                             // D
    {7.5F, "M 7.5 0 L 0 0 L 0 14 L 7.5 14 M 0 6.8 L 6.3 6.8"},                           // E
    {7.2F, "M 7.2 0 L 0 0 L 0 14 M 0 7 L 6 7"},                                          // F
    {10, "O 5 7 5 7 -45 -360 L 6 7"},                                                    // G
    {9, "M 0 0 L 0 14 M 9 0 L 9 14 M 0 6.9 L 9 6.9"},                                    // H
    {0, "M 0 0 L 0 14"},                                                                 // I
    {6, "M 6 0 L 6 10.5 O 3 10.5 3 3.5 0 170"},                                          // J
    {8.5F, "M 0 0 L 0 14 M 8 0 L 0 8.6 M 3 5.6 L 8.5 14"},                               // K
    {7, "M 0 0 L 0 14 L 7 14"},                                                          // L
    {11, "M 0 14 L 0 0 L 5.5 9.5 L 11 0 L 11 14"},                                       // M
    {9, "M 0 14 L 0 0 L 9 14 L 9 0"},                                                    // N
    {11, "O 5.5 7 5.5 7 0 360"},                                                         // O
    {8, "M 0 14 L 0 0 L 4.2 0 O 4.2 3.9 3.8 3.9 -90 90 L 0 7.8"},                        // P
    {11, "O 5.5 7 5.5 7 0 360 M 6.8 10.6 L 10.8 15"},                                    // Q
    {8.5F, "M 0 14 L 0 0 L 4.2 0 O 4.2 3.9 3.8 3.9 -90 90 L 0 7.8 M 4.2 7.8 L 8.5 14"},  // R
    {8, "O 4 3.6 3.8 3.6 -30 -270 O 4 10.6 4 3.4 -90 155"},                              // S
    {9, "M 0 0 L 9 0 M 4.5 0 L 4.5 14"},                                                 // T
    {9, "M 0 0 L 0 9.5 O 4.5 9.5 4.5 4.5 180 0 L 9 0"},                                  // U
    {10, "M 0 0 L 5 14 L 10 0"},                                                         // V
    {14, "M 0 0 L 3.6 14 L 7 2.5 L 10.4 14 L 14 0"},                                     // W
    {9, "M 0 0 L 9 14 M 9 0 L 0 14"},                                                    // X
    {9.5F, "M 0 0 L 4.75 7.2 L 9.5 0 M 4.75 7.2 L 4.75 14"},                             // Y
    {8.5F, "M 0 0 L 8.5 0 L 0 14 L 8.5 14"},                                             // Z
    {3, "M 3 -0.8 L 0 -0.8 L 0 16 L 3 16"},                                              // [
    {5.5F, "M 0 -0.5 L 5.5 15.5"},           // backslash
    {3, "M 0 -0.8 L 3 -0.8 L 3 16 L 0 16"},  // ]
    {7, "M 0 5 L 3.5 0 L 7 5"},              // ^
    {8, "M 0 16.5 L 8 16.5"},                // _
    {2.4F, "M 0 0 L 2.4 2.6"},               // `
    {6.6F,
     "O 3.3 8.3 3.3 3.3 -155 0 L 6.6 14 M 6.6 9.2 L 3.1 9.2 O 3.1 11.6 3.1 2.4 -90 -270 "
     "Q 5.8 14 6.6 11.6"},                                                   // a
    {7, "M 0 0 L 0 14 O 3.5 9.5 3.5 4.5 180 540"},                           // b
    {6.3F, "O 3.5 9.5 3.5 4.5 -40 -320"},                                    // c
    {7, "M 7 0 L 7 14 M 7 9.5 O 3.5 9.5 3.5 4.5 0 360"},                     // d
    {7, "M 0 9.4 L 7 9.4 O 3.5 9.5 3.5 4.5 0 -315"},                         // e
    {4.8F, "O 4.8 3 2.9 3 -90 -180 L 1.9 14 M 0 5 L 4.6 5"},                 // f
    {7, "O 3.5 9.5 3.5 4.5 0 360 M 7 5 L 7 14.6 O 3.5 14.6 3.5 3.6 0 150"},  // g
    {6.5F, "M 0 0 L 0 14 M 0 8.3 O 3.25 8.3 3.25 3.3 180 360 L 6.5 14"},     // h
    {0, "M 0 5 L 0 14 M 0 0.9 L 0 1.1"},                                     // i
    {2, "M 2 5 L 2 15.4 O -0.2 15.4 2.2 2.6 0 90 M 2 0.9 L 2 1.1"},          // j
    {6.5F, "M 0 0 L 0 14 M 6 5 L 0 10.6 M 2.4 8.6 L 6.5 14"},                // k
    {0, "M 0 0 L 0 14"},                                                     // l
    {11,
     "M 0 5 L 0 14 M 0 8 O 2.75 8 2.75 3 180 360 L 5.5 14 M 5.5 8 "
     "O 8.25 8 2.75 3 180 360 L 11 14"},                                     // m
    {6.5F, "M 0 5 L 0 14 M 0 8.3 O 3.25 8.3 3.25 3.3 180 360 L 6.5 14"},     // n
    {7.4F, "O 3.7 9.5 3.7 4.5 0 360"},                                       // o
    {7, "M 0 5 L 0 18.2 M 0 9.5 O 3.5 9.5 3.5 4.5 180 540"},                 // p
    {7, "M 7 5 L 7 18.2 M 7 9.5 O 3.5 9.5 3.5 4.5 0 360"},                   // q
    {4.2F, "M 0 5 L 0 14 M 0 8.6 O 3.6 8.6 3.6 3.6 180 280"},                // r
    {6, "O 3 7.2 2.8 2.2 -25 -270 O 3 11.7 3 2.3 -90 155"},                  // s
    {4.8F, "M 1.9 1.4 L 1.9 11.2 O 4.7 11.2 2.8 2.8 180 90 M 0 5 L 4.6 5"},  // t
    {6.5F, "M 0 5 L 0 10.7 O 3.25 10.7 3.25 3.3 180 0 M 6.5 5 L 6.5 14"},    // u
    {7.2F, "M 0 5 L 3.6 14 L 7.2 5"},                                        // v
    {11, "M 0 5 L 2.8 14 L 5.5 6 L 8.2 14 L 11 5"},                          // w
    {7, "M 0 5 L 7 14 M 7 5 L 0 14"},                                        // x
    {7.2F, "M 0 5 L 3.7 13.8 M 7.2 5 L 3.2 15.6 Q 2.2 18 0 17.8"},           // y
    {6.4F, "M 0 5 L 6.4 5 L 0 14 L 6.4 14"},                                 // z
    {4, "M 4 -0.8 L 2.4 0 L 2.4 6.4 L 0.4 7.6 L 2.4 8.8 L 2.4 15 L 4 16"},   // {
    {0, "M 0 -1 L 0 17"},                                                    // |
    {4, "M 0 -0.8 L 1.6 0 L 1.6 6.4 L 3.6 7.6 L 1.6 8.8 L 1.6 15 L 0 16"},   // }
    {8.8F, "M 0 9 Q 2.2 6 4.4 8.2 Q 6.6 10.4 8.8 7.4"},                      // ~
}};

// Base letters of U+00C0 to U+017F.
constexpr std::string_view kWithoutAccents =
    "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSs"
    "Ss"
    "SsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
static_assert(kWithoutAccents.size() == 0x180 - 0xC0);

class PathReader {
 public:
  explicit PathReader(const char* path) : path_(path) {}

  Glyph read(float width) {
    Glyph glyph;
    glyph.width = width;
    while (skip_blanks(), !path_.empty()) {
      const char command = path_[0];
      path_.remove_prefix(1);
      if (command == 'M') {
        glyph.strokes.push_back({point()});
        continue;
      }
      if (glyph.strokes.empty()) glyph.strokes.emplace_back();
      if (command == 'L') glyph.strokes.back().push_back(point());
      if (command == 'Q') curve(glyph.strokes.back());
      if (command == 'O') arc(glyph.strokes);
    }
    return glyph;
  }

 private:
  void skip_blanks() { path_.remove_prefix(std::min(path_.find_first_not_of(' '), path_.size())); }

  float number() {
    skip_blanks();
    float value = 0;
    const auto [end, error] = std::from_chars(path_.data(), path_.data() + path_.size(), value);
    if (error != std::errc()) throw InternalError("the stroke font has a broken glyph");
    path_.remove_prefix(static_cast<size_t>(end - path_.data()));
    return value;
  }

  Point point() {
    const float x = number();
    return {x, number()};
  }

  void curve(std::vector<Point>& stroke) {
    constexpr int kSteps = 10;
    const Point from = stroke.back();
    const Point control = point();
    const Point to = point();
    for (int i = 1; i <= kSteps; ++i) {
      const float t = static_cast<float>(i) / kSteps;
      const float a = (1 - t) * (1 - t);
      const float b = 2 * t * (1 - t);
      const float c = t * t;
      stroke.push_back(
          {a * from.x + b * control.x + c * to.x, a * from.y + b * control.y + c * to.y});
    }
  }

  // Joined to the stroke so far only where it begins there; else a stroke of its own.
  void arc(std::vector<std::vector<Point>>& strokes) {
    constexpr float kRadians = 3.14159265F / 180;
    const Point centre = point();
    const Point radius = point();
    const float from = number();
    const float to = number();
    const auto at = [&](float degrees) {
      return Point{centre.x + radius.x * std::cos(degrees * kRadians),
                   centre.y + radius.y * std::sin(degrees * kRadians)};
    };
    const Point start = at(from);
    const std::vector<Point>& last = strokes.back();
    if (!last.empty() && std::hypot(last.back().x - start.x, last.back().y - start.y) > 0.6F)
      strokes.emplace_back();
    const int steps = static_cast<int>(std::ceil(std::abs(to - from) / kDegreesAStep));
    for (int i = 0; i <= steps; ++i)
      strokes.back().push_back(
          at(from + (to - from) * static_cast<float>(i) / static_cast<float>(steps)));
  }

  std::string_view path_;
};

std::vector<Glyph> all_glyphs() {
  std::vector<Glyph> glyphs;
  glyphs.reserve(kDrawings.size());
  for (const Drawing& drawing : kDrawings)
    glyphs.push_back(PathReader(drawing.path).read(drawing.width));
  return glyphs;
}

}  // namespace

const Glyph& glyph_of(char c) {
  static const std::vector<Glyph> kGlyphs = all_glyphs();
  return kGlyphs[static_cast<size_t>((c < kFirst || c > kLast ? '?' : c) - kFirst)];
}

std::string to_font_characters(std::string_view utf8) {
  std::string out;
  while (!utf8.empty()) {
    const size_t length = utf8_length(utf8);
    if (length == 1) {
      out += utf8[0] < kFirst ? ' ' : utf8[0] > kLast ? '?' : utf8[0];
    } else {
      const auto lead = static_cast<unsigned char>(utf8[0]);
      const size_t code =
          length == 2 ? (lead & 0x1FU) << 6 | (static_cast<unsigned char>(utf8[1]) & 0x3FU) : 0;
      out += code >= 0xC0 && code < 0x180 ? kWithoutAccents[code - 0xC0] : '?';
    }
    utf8.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace thaw
