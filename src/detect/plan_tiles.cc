#include "detect/plan_tiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr float kMaxOverlap = 0.9F;

// The first and the last pixel's end along one side.
std::pair<int, int> pixel_range(float from, float to, int extent) {
  // 0.7F * 10 is a little less than 7: what lies this close to a pixel's edge is meant to be on it.
  constexpr double kSlack = 1e-3;
  const double begin = std::floor(static_cast<double>(from) * extent + kSlack);
  const double end = std::ceil(static_cast<double>(to) * extent - kSlack);
  const int first = std::min(static_cast<int>(begin), extent - 1);
  return {first, std::clamp(static_cast<int>(end), first + 1, extent)};
}

struct Axis {
  int extent = 0;           // of a tile
  std::vector<int> starts;  // ascending, each once
};

Axis cut(int start, int extent, int count, double overlap) {
  Axis axis;
  const double tile = extent / (count - (count - 1) * overlap);
  axis.extent = std::min(extent, static_cast<int>(std::ceil(tile - 1e-6)));
  for (int i = 0; i < count; ++i) {
    const double step = count == 1 ? 0 : static_cast<double>(extent - axis.extent) / (count - 1);
    const int at = start + static_cast<int>(std::lround(step * i));
    if (axis.starts.empty() || at > axis.starts.back()) axis.starts.push_back(at);
  }
  return axis;
}

}  // namespace

PixelBox region_pixels(const std::array<float, 4>& region, int width, int height) {
  const auto [ymin, xmin, ymax, xmax] = region;
  if (!(0 <= ymin && ymin < ymax && ymax <= 1 && 0 <= xmin && xmin < xmax && xmax <= 1))
    throw UsageError(fmt::format(
        "region {},{},{},{}: top < bottom and left < right, all within 0..1, were expected", ymin,
        xmin, ymax, xmax));
  const auto [top, bottom] = pixel_range(ymin, ymax, height);
  const auto [left, right] = pixel_range(xmin, xmax, width);
  return {left, top, right, bottom};
}

std::vector<PixelBox> plan_tiles(const PixelBox& area, const TileOptions& options) {
  const bool counts_fit = options.rows >= 1 && options.columns >= 1 &&
                          int64_t{options.rows} * options.columns <= kMaxTiles;
  if (!counts_fit)
    throw UsageError(fmt::format("{}x{} tiles: 1 to {} were expected", options.rows,
                                 options.columns, kMaxTiles));
  if (!(options.overlap >= 0 && options.overlap <= kMaxOverlap))
    throw UsageError(fmt::format("tiles that overlap by {}: 0 to {} was expected", options.overlap,
                                 kMaxOverlap));
  const auto overlap = static_cast<double>(options.overlap);
  const Axis rows = cut(area.top, area.height(), options.rows, overlap);
  const Axis columns = cut(area.left, area.width(), options.columns, overlap);
  std::vector<PixelBox> tiles;
  for (const int top : rows.starts)
    for (const int left : columns.starts)
      tiles.push_back({left, top, left + columns.extent, top + rows.extent});
  return tiles;
}

Picture crop(const Picture& picture, const PixelBox& part) {
  Picture out{part.width(), part.height(), {}};
  const size_t row_bytes = static_cast<size_t>(part.width()) * 3;
  out.rgb.reserve(row_bytes * static_cast<size_t>(part.height()));
  for (int y = part.top; y < part.bottom; ++y) {
    const size_t at = (static_cast<size_t>(y) * static_cast<size_t>(picture.width) +
                       static_cast<size_t>(part.left)) *
                      3;
    const auto row = picture.rgb.begin() + static_cast<std::ptrdiff_t>(at);
    out.rgb.insert(out.rgb.end(), row, row + static_cast<std::ptrdiff_t>(row_bytes));
  }
  return out;
}

}  // namespace thaw
