#include "passes/match.h"

#include <cstring>

namespace thaw {
namespace {

constexpr int kMaxDepth = 64;

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof(a)) == 0; }

std::optional<float> splat_of_constant(const Tensor& t) {
  if (t.num_elements() == 0) return {};
  if (is_integer(t.dtype())) {
    for (int64_t i = 1; i < t.num_elements(); ++i)
      if (t.int_at(i) != t.int_at(0)) return {};
    return static_cast<float>(t.int_at(0));
  }
  if (t.dtype() != DType::kFloat32) return {};
  for (int64_t i = 1; i < t.num_elements(); ++i)
    if (!same_bits(t.data<float>()[i], t.data<float>()[0])) return {};
  return t.data<float>()[0];
}

std::optional<float> find_splat(const Graph& graph, ValueId value, int depth) {
  if (const Tensor* t = graph.constant_value(value)) return splat_of_constant(*t);
  const Node* node = graph.producer(value);
  if (!node || depth > kMaxDepth) return {};
  if (node->as<Identity>() || node->as<Reshape>() || node->as<Tile>())
    return find_splat(graph, node->inputs[0], depth + 1);
  if (node->as<Fill>()) return find_splat(graph, node->inputs[1], depth + 1);
  if (const Unary* unary = node->as<Unary>()) {
    if (unary->kind == UnaryKind::kZerosLike) return 0.0F;
    if (unary->kind == UnaryKind::kOnesLike) return 1.0F;
    return {};
  }
  const Binary* binary = node->as<Binary>();
  if (!binary || binary->activation != Activation::kNone) return {};
  if (graph.value(value).type.dtype != DType::kFloat32) return {};
  const std::optional<float> a = find_splat(graph, node->inputs[0], depth + 1);
  const std::optional<float> b = find_splat(graph, node->inputs[1], depth + 1);
  if (!a || !b) return {};
  if (binary->kind == BinaryKind::kAdd) return *a + *b;
  if (binary->kind == BinaryKind::kMul) return *a * *b;
  return {};
}

}  // namespace

ValueId behind_identities(const Graph& graph, ValueId value) {
  while (const Node* node = graph.producer(value)) {
    if (!node->as<Identity>()) break;
    value = node->inputs[0];
  }
  return value;
}

const Node* maker(const Graph& graph, ValueId value) {
  return graph.producer(behind_identities(graph, value));
}

const Node* binary_maker(const Graph& graph, ValueId value, BinaryKind kind) {
  const Node* node = maker<Binary>(graph, value);
  const bool fits = node && node->as<Binary>()->kind == kind &&
                    node->as<Binary>()->activation == Activation::kNone;
  return fits ? node : nullptr;
}

const Node* unary_maker(const Graph& graph, ValueId value, UnaryKind kind) {
  const Node* node = maker<Unary>(graph, value);
  return node && node->as<Unary>()->kind == kind ? node : nullptr;
}

bool is_result(const Graph& graph, ValueId value, const Node* node, size_t i) {
  return node && i < node->outputs.size() && behind_identities(graph, value) == node->outputs[i];
}

std::optional<float> constant_float(const Graph& graph, ValueId value) {
  const Tensor* t = graph.constant_value(behind_identities(graph, value));
  if (!t || t->dtype() != DType::kFloat32 || t->num_elements() != 1) return {};
  return t->data<float>()[0];
}

std::optional<int64_t> constant_int(const Graph& graph, ValueId value) {
  const Tensor* t = graph.constant_value(behind_identities(graph, value));
  if (!t || !is_integer(t->dtype()) || t->num_elements() != 1) return {};
  return t->int_at(0);
}

bool is_int(const Graph& graph, ValueId value, int64_t expected) {
  const std::optional<int64_t> found = constant_int(graph, value);
  return found && *found == expected;
}

bool is_ints(const Graph& graph, ValueId value, const std::vector<int64_t>& expected) {
  const Tensor* t = graph.constant_value(behind_identities(graph, value));
  return t && is_integer(t->dtype()) &&
         t->num_elements() == static_cast<int64_t>(expected.size()) && t->ints() == expected;
}

std::optional<float> splat(const Graph& graph, ValueId value) {
  return find_splat(graph, value, 0);
}

bool is_iota(const Graph& graph, ValueId value) {
  value = behind_identities(graph, value);
  if (const Tensor* t = graph.constant_value(value)) {
    if (!is_integer(t->dtype()) || t->rank() != 1) return false;
    for (int64_t i = 0; i < t->num_elements(); ++i)
      if (t->int_at(i) != i) return false;
    return true;
  }
  const Node* range = maker<Range>(graph, value);
  return range && is_int(graph, range->inputs[0], 0) && is_int(graph, range->inputs[2], 1);
}

std::vector<ValueId> concatenated_rows(const Graph& graph, ValueId value) {
  const Node* node = maker<Concat>(graph, value);
  if (!node) return {behind_identities(graph, value)};
  const Shape& shape = graph.value(node->outputs[0]).type.shape;
  const std::optional<int64_t> axis = constant_int(graph, node->inputs.back());
  const bool rows = axis && (*axis == 0 || (shape.has_rank() && *axis == -shape.rank()));
  if (!rows) return {behind_identities(graph, value)};
  return {node->inputs.begin(), node->inputs.end() - 1};
}

bool FloatElement::operator==(const FloatElement& o) const {
  return vector == o.vector && index == o.index && same_bits(constant, o.constant);
}

std::optional<FloatElement> float_element(const Graph& graph, ValueId scalar) {
  scalar = behind_identities(graph, scalar);
  if (const std::optional<float> c = constant_float(graph, scalar))
    return FloatElement{kNone, 0, *c};
  const Node* node = graph.producer(scalar);
  if (!node || node->inputs.empty()) return {};
  const ValueId vector = behind_identities(graph, node->inputs[0]);
  const Shape& shape = graph.value(vector).type.shape;
  if (!shape.has_rank() || shape.rank() != 1) return {};
  if (node->as<Unpack>()) return FloatElement{vector, graph.value(scalar).index, 0};
  if (const StridedSlice* slice = node->as<StridedSlice>()) {
    const std::optional<int64_t> begin = constant_int(graph, node->inputs[1]);
    const bool one = slice->shrink_axis_mask == 1 && slice->begin_mask == 0 &&
                     slice->ellipsis_mask == 0 && slice->new_axis_mask == 0;
    if (!one || !begin || *begin < 0) return {};
    return FloatElement{vector, *begin, 0};
  }
  if (node->as<Gather>() && graph.value(scalar).type.shape == Shape{}) {
    const std::optional<int64_t> index = constant_int(graph, node->inputs[1]);
    if (index && *index >= 0) return FloatElement{vector, *index, 0};
  }
  return {};
}

std::optional<std::vector<FloatElement>> float_elements(const Graph& graph, ValueId vector,
                                                        size_t count) {
  vector = behind_identities(graph, vector);
  std::vector<FloatElement> elements;
  if (const Tensor* t = graph.constant_value(vector)) {
    if (t->dtype() != DType::kFloat32 || t->num_elements() != static_cast<int64_t>(count))
      return {};
    for (size_t i = 0; i < count; ++i) elements.push_back({kNone, 0, t->data<float>()[i]});
    return elements;
  }
  const Node* pack = maker<Pack>(graph, vector);
  if (!pack || pack->inputs.size() != count) return {};
  for (ValueId v : pack->inputs) {
    const std::optional<FloatElement> e = float_element(graph, v);
    if (!e || graph.value(v).type.shape != Shape{}) return {};
    elements.push_back(*e);
  }
  return elements;
}

ValueId reshape_to(Graph& graph, ValueId value, const Shape& shape) {
  if (graph.value(value).type.shape == shape) return value;
  const Node* before = maker<Reshape>(graph, value);
  if (before) return reshape_to(graph, before->inputs[0], shape);
  return graph.add(Reshape{}, {value, graph.constant_ints(shape.dims())});
}

}  // namespace thaw
