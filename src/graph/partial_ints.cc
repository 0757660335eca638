// Integers that are known before the run, although no constant holds them: extents of partly known
// shapes and what is computed from them.
#include <algorithm>
#include <limits>

#include "graph/infer_util.h"
#include "graph/strided_slice.h"

namespace thaw {
namespace {

// More elements than this are no shape, and not worth the time.
constexpr int64_t kMaxElements = 64;
// Nodes that one reading may visit.
constexpr int kMaxVisits = 64;

using Result = std::optional<PartialInts>;

class Reader {
 public:
  explicit Reader(const Graph& graph) : graph_(graph) {}

  Result read(ValueId id) {
    if (const Tensor* constant = graph_.constant_value(id)) return from_constant(*constant);
    const TensorType& type = graph_.value(id).type;
    if (!is_integer(type.dtype) && type.dtype != DType::kBool) return {};
    if (type.shape.has_rank() && type.shape.rank() > 1) return {};
    const Node* node = graph_.producer(id);
    Result result;
    if (node && visits_++ < kMaxVisits) result = from_node(*node);
    if (result && !is_floating(type.dtype)) forget_what_wraps(*result, type.dtype);
    if (!result && type.shape.is_static() && type.shape.num_elements() <= kMaxElements)
      result = PartialInts(static_cast<size_t>(type.shape.num_elements()));
    return result;
  }

 private:
  static Result from_constant(const Tensor& t) {
    if (!is_integer(t.dtype()) && t.dtype() != DType::kBool) return {};
    if (t.rank() > 1 || t.num_elements() > kMaxElements) return {};
    PartialInts values;
    for (int64_t v : t.ints()) values.emplace_back(v);
    return values;
  }

  // Arithmetic here is on 64 bits; a result that the type can't hold would wrap at run time.
  static void forget_what_wraps(PartialInts& values, DType dtype) {
    const size_t bits = 8 * dtype_size(dtype);
    for (std::optional<int64_t>& v : values)
      if (v && bits < 64 && (*v >= int64_t{1} << (bits - 1) || *v < -(int64_t{1} << (bits - 1))))
        v.reset();
  }

  Result from_node(const Node& node) {
    switch (kind_of(node.op)) {
      case OpKind::kIdentity:
        return read(node.inputs[0]);
      case OpKind::kCast:
        return is_integer(type(node, 0).dtype) ? read(node.inputs[0]) : Result{};
      case OpKind::kReshape:
      case OpKind::kExpandDims:
      case OpKind::kSqueeze:
        // Only the shape differs, and of it only that the rank is at most 1 matters here.
        return read(node.inputs[0]);
      case OpKind::kShapeOf:
        return from_shape(type(node, 0).shape);
      case OpKind::kSize:
        if (!type(node, 0).shape.is_static()) return {};
        return PartialInts{type(node, 0).shape.num_elements()};
      case OpKind::kRank:
        if (!type(node, 0).shape.has_rank()) return {};
        return PartialInts{type(node, 0).shape.rank()};
      case OpKind::kPack:
        return concatenate(node, node.inputs.size(), true);
      case OpKind::kConcat:
        return concatenate(node, node.inputs.size() - 1, false);
      case OpKind::kStridedSlice:
        return strided_slice(node);
      case OpKind::kSlice:
        return slice(node);
      case OpKind::kGather:
        return gather(node);
      case OpKind::kBinary:
        return binary(node, node.as<Binary>()->kind);
      case OpKind::kReduce:
        return product(node, *node.as<Reduce>());
      default:
        return {};
    }
  }

  const TensorType& type(const Node& node, size_t i) const {
    return graph_.value(node.inputs[i]).type;
  }

  static Result from_shape(const Shape& shape) {
    if (!shape.has_rank()) return {};
    PartialInts values;
    for (int64_t d : shape) values.push_back(d < 0 ? std::nullopt : std::optional<int64_t>(d));
    return values;
  }

  Result concatenate(const Node& node, size_t count, bool scalars) {
    PartialInts all;
    for (size_t i = 0; i < count; ++i) {
      const Shape& shape = type(node, i).shape;
      if (!shape.has_rank() || shape.rank() != (scalars ? 0 : 1)) return {};
      const Result part = read(node.inputs[i]);
      if (!part || static_cast<int64_t>(all.size() + part->size()) > kMaxElements) return {};
      all.insert(all.end(), part->begin(), part->end());
    }
    return all;
  }

  Result strided_slice(const Node& node) {
    const Result x = read(node.inputs[0]);
    if (!x || type(node, 0).shape.rank() != 1) return {};
    const Result begin = read(node.inputs[1]);
    const Result end = read(node.inputs[2]);
    const Result strides = read(node.inputs[3]);
    if (!begin || !end || !strides) return {};
    const auto extent = static_cast<int64_t>(x->size());
    const SlicedAxes axes =
        resolve_strided_slice(*node.as<StridedSlice>(), {extent}, *begin, *end, *strides);
    if (!axes.error.empty() || axes.axes.size() != 1 || axes.axes[0].extent < 0) return {};
    PartialInts part;
    for (int64_t i = 0; i < axes.axes[0].extent; ++i)
      part.push_back((*x)[static_cast<size_t>(axes.axes[0].begin + i * axes.axes[0].stride)]);
    return part;
  }

  Result slice(const Node& node) {
    const Result x = read(node.inputs[0]);
    const Result begin = read(node.inputs[1]);
    const Result size = read(node.inputs[2]);
    if (!x || !begin || !size || begin->size() != 1 || size->size() != 1) return {};
    if (!(*begin)[0] || !(*size)[0]) return {};
    const auto extent = static_cast<int64_t>(x->size());
    const int64_t first = *(*begin)[0];
    if (first < 0 || first > extent) return {};
    const int64_t count = *(*size)[0] < 0 ? extent - first : *(*size)[0];
    if (count > extent - first) return {};
    return PartialInts(x->begin() + first, x->begin() + first + count);
  }

  Result gather(const Node& node) {
    const Result x = read(node.inputs[0]);
    const Result indices = read(node.inputs[1]);
    if (!x || !indices || type(node, 0).shape.rank() != 1) return {};
    PartialInts picked;
    for (const std::optional<int64_t>& i : *indices) {
      if (i && (*i < 0 || *i >= static_cast<int64_t>(x->size()))) return {};
      picked.push_back(i ? (*x)[static_cast<size_t>(*i)] : std::nullopt);
    }
    return picked;
  }

  Result binary(const Node& node, BinaryKind kind) {
    if (!is_integer(type(node, 0).dtype)) return {};
    const Result a = read(node.inputs[0]);
    const Result b = read(node.inputs[1]);
    if (!a || !b || a->empty() || b->empty()) return {};
    if (a->size() != b->size() && a->size() != 1 && b->size() != 1) return {};
    PartialInts result(std::max(a->size(), b->size()));
    for (size_t i = 0; i < result.size(); ++i) {
      const auto& left = (*a)[a->size() == 1 ? 0 : i];
      const auto& right = (*b)[b->size() == 1 ? 0 : i];
      if (left && right) result[i] = compute(kind, *left, *right);
    }
    return result;
  }

  static std::optional<int64_t> compute(BinaryKind kind, int64_t a, int64_t b) {
    int64_t r = 0;
    switch (kind) {
      case BinaryKind::kAdd:
        return __builtin_add_overflow(a, b, &r) ? std::nullopt : std::optional<int64_t>(r);
      case BinaryKind::kSub:
        return __builtin_sub_overflow(a, b, &r) ? std::nullopt : std::optional<int64_t>(r);
      case BinaryKind::kMul:
        return __builtin_mul_overflow(a, b, &r) ? std::nullopt : std::optional<int64_t>(r);
      case BinaryKind::kMaximum:
        return std::max(a, b);
      case BinaryKind::kMinimum:
        return std::min(a, b);
      case BinaryKind::kFloorDiv:
      case BinaryKind::kDiv:
        if (a < 0 || b <= 0) return {};
        return a / b;
      case BinaryKind::kEqual:
        return a == b;
      case BinaryKind::kNotEqual:
        return a != b;
      case BinaryKind::kLess:
        return a < b;
      case BinaryKind::kLessEqual:
        return a <= b;
      case BinaryKind::kGreater:
        return a > b;
      case BinaryKind::kGreaterEqual:
        return a >= b;
      default:
        return {};
    }
  }

  // tf.reduce_prod(tf.shape(x)[i:j])
  Result product(const Node& node, const Reduce& op) {
    if (op.kind != ReduceKind::kProd || node.inputs.size() != 2) return {};
    const Result x = read(node.inputs[0]);
    const Result axes = read(node.inputs[1]);
    if (!x || !axes || axes->size() != 1 || type(node, 0).shape.rank() != 1) return {};
    std::optional<int64_t> total = 1;
    for (const std::optional<int64_t>& v : *x)
      total = total && v ? compute(BinaryKind::kMul, *total, *v) : std::nullopt;
    return PartialInts{total};
  }

  const Graph& graph_;
  int visits_ = 0;
};

}  // namespace

std::optional<PartialInts> partial_ints(const Graph& graph, ValueId value) {
  return Reader(graph).read(value);
}

std::optional<PartialInts> partial_ints(const InferContext& context, size_t input) {
  return partial_ints(context.graph(), context.node().inputs[input]);
}

std::optional<std::vector<int64_t>> known_ints(const InferContext& context, size_t input) {
  const std::optional<PartialInts> partial = partial_ints(context, input);
  if (!partial) return {};
  std::vector<int64_t> values;
  for (const std::optional<int64_t>& v : *partial) {
    if (!v) return {};
    values.push_back(*v);
  }
  return values;
}

std::optional<int64_t> known_int(const InferContext& context, size_t input) {
  const std::optional<PartialInts> partial = partial_ints(context, input);
  if (!partial || partial->size() != 1) return {};
  return (*partial)[0];
}

}  // namespace thaw
