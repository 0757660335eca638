// int8 weights for instructions that multiply them by uint8 activations, sum two products in 16
// bits and saturate, as AVX2's do: arranged so that no such sum can be too large.
//
// A group is four rows of a panel of 8 columns; its products make two sums in each column. Groups
// whose weights could overflow a sum are split into two halves of smaller weights. Then two groups
// are matched whenever even their sums together fit: these are widened to 32 bits only once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace thaw::cpu {

constexpr int64_t kBytePanelColumns = 8;
constexpr int64_t kByteGroupBytes = 4 * kBytePanelColumns;

// A panel begins with this. 64 bytes on are the groups' offsets within a row of activations, in
// bytes, an int32 each: the two of each pair, then those of single groups. `weights_at` bytes from
// the start are the groups' weights in the same order, each [8 columns][4].
struct BytePanel {
  int32_t pairs;
  int32_t singles;
  int32_t weights_at;
  int32_t bytes;  // from one panel to the next
};
constexpr int64_t kByteOffsetsAt = 64;

size_t byte_panel_bytes(int64_t groups);
// w is [groups][8 columns][4]; writes all of a panel's bytes.
void pack_byte_panel(const int8_t* w, int64_t groups, void* panel);

}  // namespace thaw::cpu
