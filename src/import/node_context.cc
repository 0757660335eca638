#include "import/node_context.h"

#include <fmt/format.h>

#include "import/graph_index.h"
#include "import/op_outputs.h"
#include "import/tensor_proto.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int64_t kMaxCount = 1 << 16;  // of inputs or outputs of one node

const char* kind_name(tf::AttrValue::ValueCase kind) {
  switch (kind) {
    case tf::AttrValue::kS:
      return "a string";
    case tf::AttrValue::kI:
      return "an integer";
    case tf::AttrValue::kF:
      return "a float";
    case tf::AttrValue::kB:
      return "a bool";
    case tf::AttrValue::kType:
      return "a type";
    case tf::AttrValue::kShape:
      return "a shape";
    case tf::AttrValue::kTensor:
      return "a tensor";
    case tf::AttrValue::kList:
      return "a list";
    case tf::AttrValue::kFunc:
      return "a function";
    case tf::AttrValue::kPlaceholder:
      return "a placeholder";
    case tf::AttrValue::VALUE_NOT_SET:
      break;
  }
  return "nothing";
}

}  // namespace

void NodeContext::fail(const std::string& what) const {
  throw InputError(fmt::format("{}: {}", shown(def_), what));
}

void NodeContext::expect_inputs(size_t min, size_t max) const {
  const size_t found = inputs_.size();
  if (found >= min && found <= max) return;
  const std::string expected = min == max        ? fmt::format("{}", min)
                               : max == SIZE_MAX ? fmt::format("at least {}", min)
                                                 : fmt::format("{} to {}", min, max);
  fail(fmt::format("expected {} inputs, found {}", expected, found));
}

ValueId NodeContext::input(size_t i) const {
  if (i >= inputs_.size())
    fail(fmt::format("expected at least {} inputs, found {}", i + 1, inputs_.size()));
  return inputs_[i];
}

std::vector<ValueId> NodeContext::inputs(size_t first, size_t count) const {
  expect_inputs(first + count, SIZE_MAX);
  const auto begin = inputs_.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

bool NodeContext::has_attr(const char* name) const { return find_attr(def_, name) != nullptr; }

const tf::AttrValue* NodeContext::find(const char* name, tf::AttrValue::ValueCase kind,
                                       bool required) const {
  const tf::AttrValue* attr = find_attr(def_, name);
  if (!attr) {
    if (required) fail(fmt::format("attribute '{}' ({}) is missing", name, kind_name(kind)));
    return nullptr;
  }
  if (attr->value_case() != kind)
    fail(fmt::format("attribute '{}': expected {}, found {}", name, kind_name(kind),
                     kind_name(attr->value_case())));
  return attr;
}

int64_t NodeContext::int_attr(const char* name, std::optional<int64_t> otherwise) const {
  const tf::AttrValue* attr = find(name, tf::AttrValue::kI, !otherwise);
  return attr ? attr->i() : *otherwise;
}

float NodeContext::float_attr(const char* name, std::optional<float> otherwise) const {
  const tf::AttrValue* attr = find(name, tf::AttrValue::kF, !otherwise);
  return attr ? attr->f() : *otherwise;
}

bool NodeContext::bool_attr(const char* name, std::optional<bool> otherwise) const {
  const tf::AttrValue* attr = find(name, tf::AttrValue::kB, !otherwise);
  return attr ? attr->b() : *otherwise;
}

std::string NodeContext::string_attr(const char* name, std::optional<std::string> otherwise) const {
  const tf::AttrValue* attr = find(name, tf::AttrValue::kS, !otherwise);
  return attr ? attr->s() : *otherwise;
}

DType NodeContext::type_attr(const char* name, std::optional<DType> otherwise) const {
  const tf::AttrValue* attr = find(name, tf::AttrValue::kType, !otherwise);
  if (!attr) return *otherwise;
  const DType dtype = dtype_from_tf(attr->type());
  if (dtype == DType::kInvalid)
    fail(
        fmt::format("attribute '{}': type {} is not supported", name, tf_dtype_name(attr->type())));
  return dtype;
}

Shape NodeContext::shape_attr(const char* name, std::optional<Shape> otherwise) const {
  const tf::AttrValue* attr = find(name, tf::AttrValue::kShape, !otherwise);
  if (!attr) return *otherwise;
  return shape_from_tf(attr->shape(), fmt::format("{}: attribute '{}'", shown(def_), name));
}

std::vector<int64_t> NodeContext::ints_attr(const char* name,
                                            std::optional<std::vector<int64_t>> otherwise) const {
  const tf::AttrValue* attr = find(name, tf::AttrValue::kList, !otherwise);
  if (!attr) return *otherwise;
  return {attr->list().i().begin(), attr->list().i().end()};
}

std::vector<Shape> NodeContext::shapes_attr(const char* name) const {
  std::vector<Shape> shapes;
  for (const tf::TensorShapeProto& s : find(name, tf::AttrValue::kList, true)->list().shape())
    shapes.push_back(shape_from_tf(s, fmt::format("{}: attribute '{}'", shown(def_), name)));
  return shapes;
}

std::vector<DType> NodeContext::types_attr(const char* name) const {
  std::vector<DType> types;
  for (int t : find(name, tf::AttrValue::kList, true)->list().type()) {
    types.push_back(dtype_from_tf(static_cast<tf::DataType>(t)));
    if (types.back() == DType::kInvalid)
      fail(fmt::format("attribute '{}': type {} is not supported", name, tf_dtype_name(t)));
  }
  return types;
}

int64_t NodeContext::count_attr(const char* name, int64_t min) const {
  const int64_t count = int_attr(name);
  if (count < min || count > kMaxCount)
    fail(fmt::format("attribute '{}': expected {} to {}, found {}", name, min, kMaxCount, count));
  return count;
}

void NodeContext::set_array(const std::string& name, TensorArrays* arrays) {
  if (!name.empty()) array_ = &(*arrays)[name];
}

TensorArrayFacts& NodeContext::array() { return array_ ? *array_ : unknown_array_; }

ValueId NodeContext::add(Op op, std::vector<ValueId> inputs) {
  return graph_.add(std::move(op), std::move(inputs), def_.name());
}

Outputs NodeContext::add_all(Op op, std::vector<ValueId> inputs) {
  const NodeId id = graph_.add_node(std::move(op), std::move(inputs), def_.name());
  return graph_.node(id).outputs;
}

Tensor NodeContext::int_vector(const std::vector<int64_t>& values) {
  return Tensor::of<int32_t>(DType::kInt32, {static_cast<int64_t>(values.size())},
                             {values.begin(), values.end()});
}

ValueId NodeContext::scalar_int(int64_t value) {
  return constant_of(Tensor::of<int32_t>(DType::kInt32, {}, {static_cast<int32_t>(value)}));
}

ValueId NodeContext::scalar_float(double value, DType dtype) {
  if (dtype == DType::kFloat64) return constant_of(Tensor::of<double>(dtype, {}, {value}));
  const ValueId narrow =
      constant_of(Tensor::of<float>(DType::kFloat32, {}, {static_cast<float>(value)}));
  return dtype == DType::kFloat32 ? narrow : add(Cast{dtype}, {narrow});
}

}  // namespace thaw
