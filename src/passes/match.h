// Questions that recognisers ask of values: what made them, and whether it is the expected.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace thaw {

// The value itself, behind any identities.
ValueId behind_identities(const Graph& graph, ValueId value);
// The node behind identities that makes the value; nullptr for an input.
const Node* maker(const Graph& graph, ValueId value);
// The same when its op is a T, else nullptr.
template <class T>
const Node* maker(const Graph& graph, ValueId value) {
  const Node* node = maker(graph, value);
  return node && node->as<T>() ? node : nullptr;
}
const Node* binary_maker(const Graph& graph, ValueId value, BinaryKind kind);
const Node* unary_maker(const Graph& graph, ValueId value, UnaryKind kind);
// Output i of `node`, behind identities.
bool is_result(const Graph& graph, ValueId value, const Node* node, size_t i);

// The only element of a float constant; the only element of an integer one.
std::optional<float> constant_float(const Graph& graph, ValueId value);
std::optional<int64_t> constant_int(const Graph& graph, ValueId value);
bool is_int(const Graph& graph, ValueId value, int64_t expected);
// The integer constant has just these elements.
bool is_ints(const Graph& graph, ValueId value, const std::vector<int64_t>& expected);

// What all elements of a tensor are, whatever their number; of a number or integer type.
std::optional<float> splat(const Graph& graph, ValueId value);
// 0, 1, 2, ... of whatever length.
bool is_iota(const Graph& graph, ValueId value);
// The tensors behind a concatenation along the first axis, or the value itself.
std::vector<ValueId> concatenated_rows(const Graph& graph, ValueId value);

// One element of a float vector: of a value, or a constant.
struct FloatElement {
  ValueId vector = kNone;
  int64_t index = 0;
  float constant = 0;  // when there is no vector
  bool operator==(const FloatElement& o) const;
};
std::optional<FloatElement> float_element(const Graph& graph, ValueId scalar);
// All elements of a vector of `count`, through constants and Pack.
std::optional<std::vector<FloatElement>> float_elements(const Graph& graph, ValueId vector,
                                                        size_t count);

// `value` under another shape: nothing is added when it has that shape already, and a reshape
// before it is skipped.
ValueId reshape_to(Graph& graph, ValueId value, const Shape& shape);

}  // namespace thaw
