// Where the parts of a picture lie that a detector looks at one by one.
#pragma once

#include <array>
#include <vector>

#include "media/draw.h"
#include "thaw/detection.h"
#include "thaw/picture.h"

namespace thaw {

constexpr int kMaxTiles = 256;  // of one picture

// The pixels of a picture that a region (DetectOptions::region) touches, at least one. Throws
// UsageError for edges outside 0..1 or in the wrong order.
PixelBox region_pixels(const std::array<float, 4>& region, int width, int height);

// The tiles of `area`, row by row, all of one size. They cover it, the outer ones end at its edges,
// and neighbours share at least the overlap, less a pixel where positions are rounded. An area of
// fewer pixels than tiles has fewer tiles. Throws UsageError for counts or overlaps out of range.
std::vector<PixelBox> plan_tiles(const PixelBox& area, const TileOptions& options);

// The pixels of `part`, which lies inside the picture.
Picture crop(const Picture& picture, const PixelBox& part);

}  // namespace thaw
