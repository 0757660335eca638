#include "kernels/cpu/depthwise/dot_depthwise.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kTapsBlock = 32;
constexpr int64_t kTapsWords = 10 * 32;  // of 32 bits
constexpr int64_t kColumnsVectors = 12 + 3 * 4;
constexpr int64_t kWordPairsBlock = 16;
constexpr int64_t kWordPairsWords = 16 * (5 + 3);
constexpr int64_t kFloatsBlock = 8;
constexpr int64_t kFloatsWords = 10 * 8;
constexpr int64_t kBytesBlock = 16;
constexpr int64_t kBytesWords = (10 + 3 * 4) * 4;

void pack_taps(const float* filter, int64_t channels, bool split, const Epilogue& epilogue,
               uint32_t* out) {
  for (int64_t c = 0; c < channels; ++c) {
    uint32_t* block = out + c / kTapsBlock * kTapsWords;
    const int64_t in = c % kTapsBlock;
    const int64_t at = split ? in % 2 * 16 + in / 2 : in;
    for (int64_t tap = 0; tap < 9; ++tap)
      std::memcpy(&block[tap * kTapsBlock + at], &filter[tap * channels + c], sizeof(float));
    std::memcpy(&block[9 * kTapsBlock + at], &epilogue.bias[c], sizeof(float));
  }
}

void pack_float16_taps(const float* filter, int64_t channels, const Epilogue& epilogue,
                       uint16_t* out) {
  for (int64_t c = 0; c < channels; ++c) {
    uint16_t* block = out + c / kTapsBlock * kTapsWords + c % kTapsBlock;
    for (int64_t tap = 0; tap < 9; ++tap)
      block[tap * kTapsBlock] = float_to_half(filter[tap * channels + c]);
    block[9 * kTapsBlock] = float_to_half(epilogue.bias[c]);
  }
}

void pack_columns(const float* filter, int64_t channels, int in_zero, const Epilogue& epilogue,
                  uint32_t* out) {
  for (int64_t c = 0; c < channels; ++c) {
    const int64_t first = c / 64 * 64;
    const int64_t n = channels - first > 32 ? 16 : 8;  // of a quarter
    uint32_t* block = out + first / 4 * kColumnsVectors;
    const int64_t in = c - first;
    const int64_t quarter = in % 16 / 4;
    const int64_t at = quarter * n + in / 16 * 4 + in % 4;
    int32_t sum = 0;
    for (int64_t kx = 0; kx < 3; ++kx) {
      uint32_t rows = 0;
      for (int64_t ky = 0; ky < 3; ++ky) {
        const auto weight = static_cast<int8_t>(filter[(ky * 3 + kx) * channels + c]);
        rows |= static_cast<uint32_t>(static_cast<uint8_t>(weight)) << (8 * ky);
        sum += weight;
      }
      block[kx * 4 * n + at] = rows;
    }
    const int32_t correction = -in_zero * sum;
    std::memcpy(&block[12 * n + at], &epilogue.scale[c], sizeof(float));
    std::memcpy(&block[16 * n + at], &epilogue.bias[c], sizeof(float));
    std::memcpy(&block[20 * n + at], &correction, sizeof correction);
  }
}

void pack_word_pairs(const float* filter, int64_t channels, int in_zero, const Epilogue& epilogue,
                     uint32_t* block) {
  // Taps of the pairs, -1 for none.
  constexpr int64_t kPairs[5][2] = {{0, 3}, {1, 4}, {2, 5}, {6, 7}, {8, -1}};
  const int64_t blocks = (channels + kWordPairsBlock - 1) / kWordPairsBlock;
  for (int64_t b = 0; b < blocks; ++b, block += kWordPairsWords) {
    const int64_t first = std::min(b * kWordPairsBlock, channels - kWordPairsBlock);
    for (int64_t in = 0; in < kWordPairsBlock; ++in) {
      const int64_t c = first + in;
      const int64_t at = in % 8 / 4 * 8 + in / 8 * 4 + in % 4;
      int32_t sum = 0;
      const auto weight = [&](int64_t tap) -> uint32_t {
        const auto w = static_cast<int16_t>(tap < 0 ? 0.0F : filter[tap * channels + c]);
        sum += w;
        return static_cast<uint16_t>(w);
      };
      for (int64_t pair = 0; pair < 5; ++pair)
        block[pair * 16 + at] = weight(kPairs[pair][0]) | weight(kPairs[pair][1]) << 16;
      const int32_t correction = -in_zero * sum;
      std::memcpy(&block[5 * 16 + at], &epilogue.scale[c], sizeof(float));
      std::memcpy(&block[6 * 16 + at], &epilogue.bias[c], sizeof(float));
      std::memcpy(&block[7 * 16 + at], &correction, sizeof correction);
    }
  }
}

// Calls pack(channel, block, place in the block) for whole blocks of `size` channels.
template <class Pack>
void for_blocks(int64_t channels, int64_t size, const Pack& pack) {
  for (int64_t block = 0; block * size < channels; ++block) {
    const int64_t first = std::min(block * size, channels - size);
    for (int64_t i = 0; i < size; ++i) pack(first + i, block, i);
  }
}

void pack_floats(const float* filter, int64_t channels, const Epilogue& epilogue, uint32_t* out) {
  for_blocks(channels, kFloatsBlock, [&](int64_t c, int64_t b, int64_t at) {
    uint32_t* block = out + b * kFloatsWords + at;
    for (int64_t tap = 0; tap < 9; ++tap)
      std::memcpy(&block[tap * kFloatsBlock], &filter[tap * channels + c], sizeof(float));
    std::memcpy(&block[9 * kFloatsBlock], &epilogue.bias[c], sizeof(float));
  });
}

void pack_bytes(const float* filter, int64_t channels, int in_zero, const Epilogue& epilogue,
                uint32_t* out) {
  for_blocks(channels, kBytesBlock, [&](int64_t c, int64_t b, int64_t at) {
    uint32_t* block = out + b * kBytesWords;
    auto* bytes = reinterpret_cast<int8_t*>(block) + at;
    int32_t sum = 0;
    for (int64_t tap = 0; tap < 9; ++tap) {
      bytes[tap * kBytesBlock] = static_cast<int8_t>(filter[tap * channels + c]);
      sum += bytes[tap * kBytesBlock];
    }
    bytes[9 * kBytesBlock] = static_cast<int8_t>(std::isnan(epilogue.bias[c]) ? 0 : -1);
    const int32_t correction = (128 - in_zero) * sum;
    std::memcpy(&block[40 + at], &epilogue.scale[c], sizeof(float));
    std::memcpy(&block[56 + at], &epilogue.bias[c], sizeof(float));
    std::memcpy(&block[72 + at], &correction, sizeof correction);
  });
}

}  // namespace

size_t dot_depthwise_bytes(DotLayout layout, int64_t channels) {
  const int64_t blocks = (channels + 31) / 32;  // of 32 channels
  switch (layout) {
    case DotLayout::kSplitTaps:
    case DotLayout::kTaps:
      return static_cast<size_t>(blocks * kTapsWords) * 4;
    case DotLayout::kFloat16Taps:
      return static_cast<size_t>(blocks * kTapsWords) * 2;
    case DotLayout::kColumns:
      return static_cast<size_t>(blocks * 8 * kColumnsVectors) * 4;
    case DotLayout::kWordPairs:
      return static_cast<size_t>((channels + 15) / 16 * kWordPairsWords) * 4;
    case DotLayout::kFloats:
      return static_cast<size_t>((channels + kFloatsBlock - 1) / kFloatsBlock * kFloatsWords) * 4;
    case DotLayout::kBytes:
      return static_cast<size_t>((channels + kBytesBlock - 1) / kBytesBlock * kBytesWords) * 4;
  }
  return 0;
}

void pack_dot_depthwise(DotLayout layout, const float* filter, int64_t channels, int in_zero,
                        const Epilogue& epilogue, void* blocks) {
  std::memset(blocks, 0, dot_depthwise_bytes(layout, channels));
  auto* words = static_cast<uint32_t*>(blocks);
  switch (layout) {
    case DotLayout::kSplitTaps:
    case DotLayout::kTaps:
      return pack_taps(filter, channels, layout == DotLayout::kSplitTaps, epilogue, words);
    case DotLayout::kFloat16Taps:
      return pack_float16_taps(filter, channels, epilogue, static_cast<uint16_t*>(blocks));
    case DotLayout::kColumns:
      return pack_columns(filter, channels, in_zero, epilogue, words);
    case DotLayout::kWordPairs:
      return pack_word_pairs(filter, channels, in_zero, epilogue, words);
    case DotLayout::kFloats:
      return pack_floats(filter, channels, epilogue, words);
    case DotLayout::kBytes:
      return pack_bytes(filter, channels, in_zero, epilogue, words);
  }
}

}  // namespace thaw::cpu
