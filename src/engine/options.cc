#include "thaw/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr std::array<const char*, 4> kPrecisions = {"FP32", "FP16", "BF16", "INT8"};

}  // namespace

const char* precision_name(Precision precision) {
  return kPrecisions[static_cast<size_t>(precision)];
}

Precision precision_from_name(const std::string& name) {
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (size_t i = 0; i < kPrecisions.size(); ++i)
    if (upper == kPrecisions[i]) return static_cast<Precision>(i);
  throw UsageError(fmt::format("precision {}: FP32, FP16, BF16 or INT8 was expected", name));
}

}  // namespace thaw
