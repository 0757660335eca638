// What FakeQuant and QuantizeDequantize nodes say of the levels of a value.
#pragma once

#include <optional>

#include "graph/graph.h"

namespace thaw {

// How uint8 levels stand for real numbers: scale * (level - zero).
struct Levels {
  float scale = 0;
  int64_t zero = 0;
};

// A value that such a node has brought to 256 levels or fewer, of one range for all channels.
struct FakeLevels {
  Levels levels;
  ValueId source = kNone;  // what the node rounds
  bool all = false;        // its levels are all of uint8's: rounding to those does the same
};

// Of what the node makes, where its range is constant; nothing for other nodes.
std::optional<FakeLevels> fake_levels_of(const Graph& graph, const Node& node);

}  // namespace thaw
