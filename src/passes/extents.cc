#include "passes/extents.h"

#include <algorithm>

namespace thaw {
namespace {

constexpr int kMaxDepth = 100;                // of expressions followed through the graph
constexpr size_t kMaxTerms = 64;              // longer sums are not worth their time
constexpr int64_t kLimit = int64_t{1} << 31;  // of what is worth knowing; products must fit

Extent combine(const Extent& a, const Extent& b, int64_t factor) {
  Extent sum{a.constant + factor * b.constant, a.terms};
  for (const auto& [symbol, coefficient] : b.terms) {
    const std::pair<uint32_t, int64_t> term{symbol, factor * coefficient};
    const auto at = std::lower_bound(sum.terms.begin(), sum.terms.end(), term,
                                     [](auto& x, auto& y) { return x.first < y.first; });
    if (at == sum.terms.end() || at->first != symbol)
      sum.terms.insert(at, term);
    else if ((at->second += term.second) == 0)
      sum.terms.erase(at);
  }
  return sum;
}

// Whether arithmetic on it stays far from overflow.
bool is_small(const Extent& e) {
  if (e.constant > kLimit || e.constant < -kLimit || e.terms.size() > kMaxTerms) return false;
  for (const auto& [symbol, coefficient] : e.terms)
    if (coefficient > kLimit || coefficient < -kLimit) return false;
  return true;
}

}  // namespace

Extent operator+(const Extent& a, const Extent& b) { return combine(a, b, 1); }
Extent operator-(const Extent& a, const Extent& b) { return combine(a, b, -1); }
Extent operator*(const Extent& a, int64_t factor) { return combine({}, a, factor); }

Extent Extents::symbol(const Key& key) {
  const auto [at, inserted] = symbols_.try_emplace(key, static_cast<uint32_t>(symbols_.size()));
  return {0, {{at->second, 1}}};
}

int Extents::rank(ValueId value) const {
  const Shape& shape = graph_.value(value).type.shape;
  return shape.has_rank() ? shape.rank() : -1;
}

Extent Extents::min(const Extent& a, const Extent& b) {
  if (a == b) return a;
  if (a.is_constant() && b.is_constant()) return constant(std::min(a.constant, b.constant));
  return symbol({Kind::kMin, 0, 0, 0, std::min(a, b), std::max(a, b), {}});
}

Extent Extents::dim(ValueId value, int axis) {
  const Shape& shape = graph_.value(value).type.shape;
  if (shape.has_rank() && axis < shape.rank() && shape[axis] >= 0) return constant(shape[axis]);
  const auto known = dims_.find({value, axis});
  if (known != dims_.end()) return known->second;
  ++depth_;
  Extent e = find_dim(value, axis);
  --depth_;
  if (!is_small(e)) e = opaque(Kind::kDim, value, axis);
  return dims_[{value, axis}] = e;
}

Extent Extents::find_dim(ValueId value, int axis) {
  const Node* node = graph_.producer(value);
  const int r = rank(value);
  if (!node || depth_ > kMaxDepth || axis < 0 || axis >= r) return opaque(Kind::kDim, value, axis);
  return find_dim(*node, value, axis);
}

Extent Extents::find_dim(const Node& node, ValueId value, int axis) {
  switch (kind_of(node.op)) {
    case OpKind::kIdentity:
    case OpKind::kUnary:
    case OpKind::kCast:
      return dim(node.inputs[0], axis);
    case OpKind::kBinary:
      // Along what only one operand has, nothing is stretched.
      for (size_t k : {size_t{0}, size_t{1}})
        if (rank(node.inputs[k]) == rank(value) && rank(node.inputs[1 - k]) >= 0 &&
            axis < rank(value) - rank(node.inputs[1 - k]))
          return dim(node.inputs[k], axis);
      break;
    case OpKind::kSelect:
      if (!node.as<Select>()->broadcast) return dim(node.inputs[1], axis);
      break;
    case OpKind::kGather:
      return gathered(node, value, axis);
    case OpKind::kConcat:
      return concatenated(node, value, axis);
    case OpKind::kSlice:
      return sliced(node, axis);
    case OpKind::kReshape:
      return reshaped(node, value, axis);
    case OpKind::kUnpack:
      return dim(node.inputs[0], axis < node.as<Unpack>()->axis ? axis : axis + 1);
    case OpKind::kSplit: {
      const Tensor* along = graph_.constant_value(node.inputs[0]);
      if (along && along->num_elements() == 1 && along->int_at(0) != axis && along->int_at(0) >= 0)
        return dim(node.inputs[1], axis);
      break;
    }
    case OpKind::kExpandDims:
    case OpKind::kSqueeze:
      return unsqueezed(node, value, axis);
    case OpKind::kFill:
      return element(node.inputs[0], axis);
    case OpKind::kRange:
      if (element(node.inputs[0], 0) == constant(0) && element(node.inputs[2], 0) == constant(1))
        return element(node.inputs[1], 0);
      break;
    case OpKind::kNonMaxSuppression:  // as many scores as indices
      return opaque(Kind::kDim, node.outputs[0], axis);
    case OpKind::kTopK:
      if (axis == rank(value) - 1) return element(node.inputs[1], 0);
      return dim(node.inputs[0], axis);
    default:
      break;
  }
  return opaque(Kind::kDim, value, axis);
}

// The size of a slice may be -1 at run time: then it reaches to the end.
Extent Extents::sliced(const Node& node, int axis) {
  const Extent begin = element(node.inputs[1], axis);
  Extent size = element(node.inputs[2], axis);
  const Extent all = dim(node.inputs[0], axis);
  if (size == constant(-1)) return all - begin;
  if (size.is_constant()) return size;
  return symbol({Kind::kSliced, 0, 0, 0, size, begin, all});
}

// A -1 stands for the one extent of the input that isn't known, when all the others cancel.
Extent Extents::reshaped(const Node& node, ValueId value, int axis) {
  const Shape& in = graph_.value(node.inputs[0]).type.shape;
  const Shape& out = graph_.value(value).type.shape;
  if (!in.has_rank()) return opaque(Kind::kDim, value, axis);
  int64_t product = 1;
  int unknown = -1;
  for (int i = 0; i < in.rank(); ++i) {
    if (in[i] < 0 && unknown >= 0) return opaque(Kind::kDim, value, axis);
    if (in[i] < 0) unknown = i;
    if (in[i] >= 0) product *= std::min(in[i], kLimit);
    if (product > kLimit) return opaque(Kind::kDim, value, axis);
  }
  int64_t others = 1;
  for (int i = 0; i < out.rank(); ++i) {
    if (i == axis) continue;
    if (out[i] < 0) return opaque(Kind::kDim, value, axis);
    others *= std::min(out[i], kLimit);
    if (others > kLimit) return opaque(Kind::kDim, value, axis);
  }
  if (unknown >= 0 && product > 0 && product == others) return dim(node.inputs[0], unknown);
  return opaque(Kind::kDim, value, axis);
}

Extent Extents::concatenated(const Node& node, ValueId value, int axis) {
  const Tensor* along = graph_.constant_value(node.inputs.back());
  if (!along || along->num_elements() != 1) return opaque(Kind::kDim, value, axis);
  const int64_t at = along->int_at(0) < 0 ? along->int_at(0) + rank(value) : along->int_at(0);
  if (at != axis) return dim(node.inputs[0], axis);
  Extent sum;
  for (size_t i = 0; i + 1 < node.inputs.size(); ++i) {
    sum = sum + dim(node.inputs[i], axis);
    if (!is_small(sum)) return opaque(Kind::kDim, value, axis);
  }
  return sum;
}

Extent Extents::gathered(const Node& node, ValueId value, int axis) {
  const Tensor* along = graph_.constant_value(node.inputs[2]);
  const int indices = rank(node.inputs[1]);
  if (!along || along->num_elements() != 1 || along->int_at(0) != 0 || indices < 0 ||
      node.as<Gather>()->batch_dims != 0)
    return opaque(Kind::kDim, value, axis);
  if (axis < indices) return dim(node.inputs[1], axis);
  return dim(node.inputs[0], axis - indices + 1);
}

// Axes of extent 1 come or go; the others keep their order.
Extent Extents::unsqueezed(const Node& node, ValueId value, int axis) {
  const Shape& in = graph_.value(node.inputs[0]).type.shape;
  const Shape& out = graph_.value(value).type.shape;
  if (!in.has_rank() || !out.has_rank()) return opaque(Kind::kDim, value, axis);
  int skip = 0;  // unknown extents of `out` before this one; extents that go or come are known
  for (int i = 0; i < axis; ++i) skip += out[i] < 0;
  for (int i = 0; i < in.rank(); ++i)
    if (in[i] < 0 && skip-- == 0) return dim(node.inputs[0], i);
  return opaque(Kind::kDim, value, axis);
}

Extent Extents::element(ValueId value, int64_t i) {
  const auto known = elements_.find({value, i});
  if (known != elements_.end()) return known->second;
  ++depth_;
  Extent e = find_element(value, i);
  --depth_;
  if (!is_small(e)) e = opaque(Kind::kElement, value, i);
  return elements_[{value, i}] = e;
}

Extent Extents::element(ValueId value, int64_t row, int64_t column) {
  if (const Tensor* t = graph_.constant_value(value)) {
    const bool inside =
        t->rank() == 2 && is_integer(t->dtype()) && row < t->dim(0) && column < t->dim(1);
    if (inside) return constant(t->int_at(row * t->dim(1) + column));
  }
  const Node* node = graph_.producer(value);
  const Pack* pack = node ? node->as<Pack>() : nullptr;
  if (pack && rank(value) == 2) {
    const auto part = static_cast<size_t>(pack->axis == 0 ? row : column);
    if (part < node->inputs.size())
      return element(node->inputs[part], pack->axis == 0 ? column : row);
  }
  return opaque(Kind::kMatrixElement, value, row, column);
}

Extent Extents::find_element(ValueId value, int64_t i) {
  if (const Tensor* t = graph_.constant_value(value)) {
    if (is_integer(t->dtype()) && t->rank() <= 1 && i < t->num_elements())
      return constant(t->int_at(i));
    return opaque(Kind::kElement, value, i);
  }
  const Node* node = graph_.producer(value);
  const int r = rank(value);
  if (!node || depth_ > kMaxDepth || r < 0 || r > 1 || !is_integer(graph_.value(value).type.dtype))
    return opaque(Kind::kElement, value, i);
  return find_element(*node, value, i);
}

Extent Extents::find_element(const Node& node, ValueId value, int64_t i) {
  const int r = node.inputs.empty() ? -1 : rank(node.inputs[0]);
  switch (kind_of(node.op)) {
    case OpKind::kIdentity:
      return element(node.inputs[0], i);
    case OpKind::kCast:
      if (is_integer(graph_.value(node.inputs[0]).type.dtype)) return element(node.inputs[0], i);
      break;
    case OpKind::kReshape:
    case OpKind::kExpandDims:
    case OpKind::kSqueeze:
      if (r == 0 || r == 1) return element(node.inputs[0], i);
      break;
    case OpKind::kShapeOf:
      if (i < r) return dim(node.inputs[0], static_cast<int>(i));
      break;
    case OpKind::kSize:
      if (r == 1) return dim(node.inputs[0], 0);
      break;
    case OpKind::kPack:
      if (i < static_cast<int64_t>(node.inputs.size()))
        return element(node.inputs[static_cast<size_t>(i)], 0);
      break;
    case OpKind::kUnpack:
      if (r == 1) return element(node.inputs[0], graph_.value(value).index);
      break;
    case OpKind::kFill:
      return element(node.inputs[1], 0);
    case OpKind::kConcat:
      return element_of_concat(node, value, i);
    case OpKind::kStridedSlice:
    case OpKind::kSlice:
      return element_of_slice(node, value, i);
    case OpKind::kBinary:
      return element_of_binary(node, value, i);
    default:
      break;
  }
  return opaque(Kind::kElement, value, i);
}

Extent Extents::element_of_binary(const Node& node, ValueId value, int64_t i) {
  const auto operand = [&](size_t k) {
    return element(node.inputs[k], rank(node.inputs[k]) == 0 ? 0 : i);
  };
  const Shape& shape = graph_.value(value).type.shape;
  for (ValueId v : node.inputs)  // a vector of one may be stretched
    if (rank(v) != 0 && graph_.value(v).type.shape != shape)
      return opaque(Kind::kElement, value, i);
  const Extent a = operand(0);
  const Extent b = operand(1);
  switch (node.as<Binary>()->kind) {
    case BinaryKind::kAdd:
      return a + b;
    case BinaryKind::kSub:
      return a - b;
    case BinaryKind::kMul:
      if (a.is_constant()) return b * a.constant;
      if (b.is_constant()) return a * b.constant;
      break;
    case BinaryKind::kMinimum:
      return min(a, b);
    default:
      break;
  }
  return opaque(Kind::kElement, value, i);
}

// From a vector, forward and without gaps.
Extent Extents::element_of_slice(const Node& node, ValueId value, int64_t i) {
  const Tensor* begin = graph_.constant_value(node.inputs[1]);
  if (rank(node.inputs[0]) != 1 || !begin || begin->num_elements() != 1)
    return opaque(Kind::kElement, value, i);
  int64_t first = begin->int_at(0);
  if (const StridedSlice* op = node.as<StridedSlice>()) {
    const Tensor* strides = graph_.constant_value(node.inputs[3]);
    if (op->ellipsis_mask || op->new_axis_mask || !strides || strides->num_elements() != 1 ||
        strides->int_at(0) != 1)
      return opaque(Kind::kElement, value, i);
    if (op->begin_mask) first = 0;
  }
  if (first < 0) return opaque(Kind::kElement, value, i);
  return element(node.inputs[0], first + i);
}

Extent Extents::element_of_concat(const Node& node, ValueId value, int64_t i) {
  int64_t at = i;
  for (size_t k = 0; k + 1 < node.inputs.size(); ++k) {
    const Shape& part = graph_.value(node.inputs[k]).type.shape;
    if (!part.is_static()) break;
    if (at < part.num_elements()) return element(node.inputs[k], at);
    at -= part.num_elements();
  }
  return opaque(Kind::kElement, value, i);
}

}  // namespace thaw
