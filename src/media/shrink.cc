#include "media/shrink.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace thaw {
namespace {

// One output sample covers the input samples first .. first + weights.size().
struct Span {
  int first = 0;
  std::vector<float> weights;
};

// `count` spans of equal length over `length` samples; weights add up to 1.
std::vector<Span> spans_of(int length, int count) {
  std::vector<Span> spans(static_cast<size_t>(count));
  const double step = static_cast<double>(length) / count;
  for (int i = 0; i < count; ++i) {
    const double begin = i * step;
    const double end = std::min<double>(begin + step, length);
    Span& span = spans[static_cast<size_t>(i)];
    span.first = std::min(static_cast<int>(begin), length - 1);
    for (int at = span.first; at < length && at < end; ++at) {
      const double covered = std::min<double>(end, at + 1) - std::max<double>(begin, at);
      span.weights.push_back(static_cast<float>(covered / step));
    }
    if (span.weights.empty()) span.weights.push_back(1);
  }
  return spans;
}

}  // namespace

Picture shrunk(const Picture& picture, const PixelBox& part, int width, int height) {
  const std::vector<Span> columns = spans_of(part.width(), width);
  const std::vector<Span> rows = spans_of(part.height(), height);
  const auto stride = static_cast<size_t>(picture.width) * 3;
  const auto row_samples = static_cast<size_t>(part.width()) * 3;
  Picture out{width, height, {}};
  out.rgb.reserve(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  std::vector<float> mean(row_samples);
  for (const Span& row : rows) {
    std::fill(mean.begin(), mean.end(), 0.0F);
    for (size_t k = 0; k < row.weights.size(); ++k) {
      const size_t y = static_cast<size_t>(part.top + row.first) + k;
      const uint8_t* in = picture.rgb.data() + y * stride + static_cast<size_t>(part.left) * 3;
      for (size_t i = 0; i < row_samples; ++i)
        mean[i] += row.weights[k] * static_cast<float>(in[i]);
    }
    for (const Span& column : columns)
      for (size_t c = 0; c < 3; ++c) {
        float sum = 0;
        for (size_t k = 0; k < column.weights.size(); ++k)
          sum += column.weights[k] * mean[(static_cast<size_t>(column.first) + k) * 3 + c];
        out.rgb.push_back(static_cast<uint8_t>(std::clamp(std::lround(sum), 0L, 255L)));
      }
  }
  return out;
}

}  // namespace thaw
