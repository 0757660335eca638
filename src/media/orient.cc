#include "media/orient.h"

#include <cstddef>
#include <utility>

namespace thaw {

Picture turned_upright(Picture&& picture, int orientation) {
  if (orientation < 2 || orientation > 8) return std::move(picture);
  // Stored -> upright: 2 mirrored, 3 half a turn, 4 flipped, 5 transposed, 6 quarter turn
  // clockwise, 7 transposed along the other diagonal, 8 quarter turn counter-clockwise.
  const bool swaps = orientation >= 5;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const auto width = static_cast<ptrdiff_t>(picture.width);
  const auto height = static_cast<ptrdiff_t>(picture.height);
  Picture out;
  out.width = swaps ? picture.height : picture.width;
  out.height = swaps ? picture.width : picture.height;
  out.rgb.resize(picture.rgb.size());
  const ptrdiff_t step_x = (from_right ? -1 : 1) * ptrdiff_t{3};
  const ptrdiff_t step_y = (from_bottom ? -1 : 1) * width * 3;
  const uint8_t* origin = picture.rgb.data() + (from_right ? (width - 1) * 3 : 0) +
                          (from_bottom ? (height - 1) * width * 3 : 0);
  const ptrdiff_t along_row = swaps ? step_y : step_x;
  const ptrdiff_t along_column = swaps ? step_x : step_y;
  uint8_t* to = out.rgb.data();
  for (ptrdiff_t y = 0; y < out.height; ++y) {
    for (ptrdiff_t x = 0; x < out.width; ++x, to += 3) {
      const uint8_t* from = origin + y * along_column + x * along_row;
      for (int c = 0; c < 3; ++c) to[c] = from[c];
    }
  }
  return out;
}

}  // namespace thaw
