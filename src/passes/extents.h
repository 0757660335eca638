// Extents of tensors and integers computed from them, as far as they can be told before the run:
// linear expressions over symbols for what is only known then. Equal expressions are equal in
// every run; different ones say nothing.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace thaw {

// constant + sum of coefficient * symbol.
struct Extent {
  int64_t constant = 0;
  std::vector<std::pair<uint32_t, int64_t>> terms;  // by symbol; no coefficient is 0

  bool is_constant() const { return terms.empty(); }
  bool operator==(const Extent& o) const { return constant == o.constant && terms == o.terms; }
  bool operator!=(const Extent& o) const { return !(*this == o); }
  bool operator<(const Extent& o) const {
    return std::tie(constant, terms) < std::tie(o.constant, o.terms);
  }
};

Extent operator+(const Extent& a, const Extent& b);
Extent operator-(const Extent& a, const Extent& b);
Extent operator*(const Extent& a, int64_t factor);

class Extents {
 public:
  explicit Extents(const Graph& graph) : graph_(graph) {}

  static Extent constant(int64_t value) { return {value, {}}; }
  // The extent of a value along an axis, counted from the front and inside its rank.
  Extent dim(ValueId value, int axis);
  // Element i of an integer vector (or the scalar), element (row, column) of an integer matrix.
  Extent element(ValueId value, int64_t i);
  Extent element(ValueId value, int64_t row, int64_t column);
  Extent scalar(ValueId value) { return element(value, 0); }
  Extent min(const Extent& a, const Extent& b);

 private:
  enum class Kind : uint8_t { kDim, kElement, kMatrixElement, kMin, kSliced };
  using Key = std::tuple<Kind, uint32_t, int64_t, int64_t, Extent, Extent, Extent>;

  Extent symbol(const Key& key);
  Extent opaque(Kind kind, ValueId value, int64_t i, int64_t j = 0) {
    return symbol({kind, value, i, j, {}, {}, {}});
  }
  Extent find_dim(ValueId value, int axis);
  Extent find_dim(const Node& node, ValueId value, int axis);
  Extent sliced(const Node& node, int axis);
  Extent reshaped(const Node& node, ValueId value, int axis);
  Extent concatenated(const Node& node, ValueId value, int axis);
  Extent gathered(const Node& node, ValueId value, int axis);
  Extent unsqueezed(const Node& node, ValueId value, int axis);
  Extent find_element(ValueId value, int64_t i);
  Extent find_element(const Node& node, ValueId value, int64_t i);
  Extent element_of_binary(const Node& node, ValueId value, int64_t i);
  Extent element_of_slice(const Node& node, ValueId value, int64_t i);
  Extent element_of_concat(const Node& node, ValueId value, int64_t i);
  int rank(ValueId value) const;

  const Graph& graph_;
  std::map<Key, uint32_t> symbols_;
  std::map<std::pair<ValueId, int64_t>, Extent> dims_;
  std::map<std::pair<ValueId, int64_t>, Extent> elements_;
  int depth_ = 0;
};

}  // namespace thaw
