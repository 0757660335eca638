// CRC-32C (Castagnoli), the checksum of TensorFlow's checkpoints.
#pragma once

#include <cstddef>
#include <cstdint>

namespace thaw {

// Continues `crc` (0 to begin with) over `count` bytes.
uint32_t crc32c(uint32_t crc, const void* data, size_t count);
// The same with tables only; what machines without the instruction use.
uint32_t crc32c_portable(uint32_t crc, const void* data, size_t count);

// LevelDB stores checksums rotated and shifted, so that a checksum over data that holds checksums
// stays a good one.
constexpr uint32_t crc32c_mask(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }
constexpr uint32_t crc32c_unmask(uint32_t masked) {
  const uint32_t rotated = masked - 0xa282ead8u;
  return (rotated >> 17) | (rotated << 15);
}

}  // namespace thaw
