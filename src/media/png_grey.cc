#include "media/png_grey.h"

#include <cmath>

namespace thaw {
namespace {

constexpr uint32_t kRed = 9797;
constexpr uint32_t kGreen = 19234;
constexpr uint32_t kBlue = 32768 - kRed - kGreen;
constexpr uint32_t kHalf = 16384;
// Of 16-bit samples that become 8 bits, libpng looks at 11.
constexpr int kNarrowedShift = 5;

uint32_t weighted(uint32_t red, uint32_t green, uint32_t blue) {
  return kRed * red + kGreen * green + kBlue * blue;
}

// Powers are kept as 100000 times the number.
double reciprocal(double power) { return std::floor(1e10 / power + 0.5); }
bool matters(double power) { return power < 95000 || power > 105000; }

// What i of `count` stands for, 0..largest, taken to the power.
std::vector<uint16_t> table_of(size_t count, double largest, double power) {
  std::vector<uint16_t> table(count);
  const double step = 1.0 / static_cast<double>(count - 1);
  for (size_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(i) * step;
    const double value = matters(power) ? std::pow(share, power * 0.00001) : share;
    table[i] = static_cast<uint16_t>(std::floor(largest * value + 0.5));
  }
  return table;
}

}  // namespace

PngGrey::PngGrey(uint32_t gamma, int bit_depth, bool narrowed) : narrowed_(narrowed) {
  if (gamma == 0 || (!matters(gamma) && !matters(reciprocal(gamma)))) return;
  if (narrowed) shift_ = kNarrowedShift;
  const size_t count = bit_depth == 16 ? size_t{1} << (16 - shift_) : 256;
  const double largest = bit_depth == 16 ? 65535 : 255;
  to_light_ = table_of(count, largest, reciprocal(gamma));
  from_light_ = table_of(count, largest, reciprocal(reciprocal(gamma)));
}

uint8_t PngGrey::of(const uint8_t* rgb) const {
  if (rgb[0] == rgb[1] && rgb[1] == rgb[2]) return rgb[0];
  if (to_light_.empty()) return static_cast<uint8_t>(weighted(rgb[0], rgb[1], rgb[2]) >> 15);
  const uint32_t light = weighted(to_light_[rgb[0]], to_light_[rgb[1]], to_light_[rgb[2]]);
  return static_cast<uint8_t>(from_light_[(light + kHalf) >> 15]);
}

uint16_t PngGrey::of(const uint16_t* rgb) const {
  if (rgb[0] == rgb[1] && rgb[1] == rgb[2]) return of_grey(rgb[0]);
  if (to_light_.empty())
    return static_cast<uint16_t>((weighted(rgb[0], rgb[1], rgb[2]) + kHalf) >> 15);
  const auto light = [&](int c) { return to_light_[static_cast<size_t>(rgb[c] >> shift_)]; };
  const uint32_t sum = weighted(light(0), light(1), light(2));
  return from_light_[((sum + kHalf) >> 15) >> shift_];
}

// Where light is computed with, narrowed samples are rounded (of their 11 bits) and not cut.
uint16_t PngGrey::of_grey(uint16_t sample) const {
  if (!narrowed_ || to_light_.empty()) return sample;
  const uint32_t seen = static_cast<uint32_t>(sample) >> shift_;
  uint32_t high = sample >> 8;
  const auto below = [&](uint32_t i) {
    return seen < ((i * 257 + 128) * 2047 + 32768) / 65535 + 1;
  };
  while (high > 0 && below(high - 1)) --high;
  while (high < 255 && !below(high)) ++high;
  return static_cast<uint16_t>(high * 257);
}

}  // namespace thaw
