#include "import/tensor_proto.h"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include "thaw/error.h"

namespace thaw {
namespace {

struct TypePair {
  DType ours;
  tf::DataType theirs;
};

constexpr TypePair kTypes[] = {
    {DType::kFloat32, tf::DT_FLOAT}, {DType::kFloat64, tf::DT_DOUBLE},
    {DType::kFloat16, tf::DT_HALF},  {DType::kBFloat16, tf::DT_BFLOAT16},
    {DType::kInt8, tf::DT_INT8},     {DType::kInt16, tf::DT_INT16},
    {DType::kInt32, tf::DT_INT32},   {DType::kInt64, tf::DT_INT64},
    {DType::kUInt8, tf::DT_UINT8},   {DType::kUInt16, tf::DT_UINT16},
    {DType::kUInt32, tf::DT_UINT32}, {DType::kUInt64, tf::DT_UINT64},
    {DType::kBool, tf::DT_BOOL},     {DType::kString, tf::DT_STRING},
};

// Largest tensor TensorFlow or thaw could hold; anything above is a lie in the file.
constexpr int64_t kMaxElements = int64_t{1} << 40;

struct Header {
  DType dtype = DType::kInvalid;
  Shape shape;
  size_t elements = 0;
};

Header read_header(const tf::TensorProto& proto, const std::string& where) {
  Header h;
  h.dtype = dtype_from_tf(proto.dtype());
  if (h.dtype == DType::kInvalid)
    throw InputError(fmt::format("{}: constants of {} can't be used", where,
                                 tf_dtype_name(static_cast<int>(proto.dtype()))));
  h.shape = shape_from_tf(proto.tensor_shape(), where);
  if (!h.shape.is_static())
    throw InputError(
        fmt::format("{}: the shape of a constant must be known, found {}", where, h.shape.str()));
  const int64_t n = h.shape.num_elements();
  if (n > kMaxElements)
    throw InputError(fmt::format("{}: shape {} has {} elements", where, h.shape.str(), n));
  h.elements = static_cast<size_t>(n);
  return h;
}

// Claims `elements - stored` values that the file doesn't hold, each of the text of the last one.
void pay_for_splat(const Header& h, size_t stored, size_t text, SplatBudget* budget,
                   const std::string& where) {
  if (h.elements <= stored) return;
  const size_t each = h.dtype == DType::kString ? sizeof(std::string) + text : dtype_size(h.dtype);
  size_t wanted = 0;
  if (__builtin_mul_overflow(h.elements - stored, each, &wanted) || wanted > budget->bytes_left)
    throw InputError(fmt::format(
        "{}: a constant {}{} expands {} stored values to {} bytes, more than the {} bytes left for "
        "repeated values",
        where, dtype_name(h.dtype), h.shape.str(), stored, wanted, budget->bytes_left));
  budget->bytes_left -= wanted;
}

// Fills a tensor from a typed value list by TensorFlow's rule: the last value repeats, none at all
// means zeros.
template <class To, class List>
Tensor from_values(const Header& h, const List& values, const std::string& where,
                   SplatBudget* budget) {
  const auto stored = static_cast<size_t>(values.size());
  if (stored > h.elements)
    throw InputError(fmt::format("{}: {} values for a constant {}{} of {} elements", where, stored,
                                 dtype_name(h.dtype), h.shape.str(), h.elements));
  size_t text = 0;
  if constexpr (std::is_same_v<To, std::string>)
    text = stored ? values[values.size() - 1].size() : 0;
  pay_for_splat(h, stored, text, budget, where);
  Tensor t = Tensor::empty(h.dtype, h.shape);
  To* out = t.data<To>();
  size_t i = 0;
  for (const auto& v : values) {
    if constexpr (std::is_same_v<To, std::string>)
      out[i++] = v;
    else
      out[i++] = static_cast<To>(v);
  }
  const To last = stored ? out[stored - 1] : To{};
  for (; i < h.elements; ++i) out[i] = last;
  return t;
}

Tensor from_lists(const Header& h, const tf::TensorProto& p, const std::string& where,
                  SplatBudget* budget) {
  switch (h.dtype) {
    case DType::kFloat32:
      return from_values<float>(h, p.float_val(), where, budget);
    case DType::kFloat64:
      return from_values<double>(h, p.double_val(), where, budget);
    case DType::kFloat16:
    case DType::kBFloat16:
      return from_values<uint16_t>(h, p.half_val(), where, budget);
    case DType::kInt8:
      return from_values<int8_t>(h, p.int_val(), where, budget);
    case DType::kUInt8:
      return from_values<uint8_t>(h, p.int_val(), where, budget);
    case DType::kInt16:
      return from_values<int16_t>(h, p.int_val(), where, budget);
    case DType::kUInt16:
      return from_values<uint16_t>(h, p.int_val(), where, budget);
    case DType::kInt32:
      return from_values<int32_t>(h, p.int_val(), where, budget);
    case DType::kInt64:
      return from_values<int64_t>(h, p.int64_val(), where, budget);
    case DType::kUInt32:
      return from_values<uint32_t>(h, p.uint32_val(), where, budget);
    case DType::kUInt64:
      return from_values<uint64_t>(h, p.uint64_val(), where, budget);
    case DType::kBool:
      return from_values<bool>(h, p.bool_val(), where, budget);
    case DType::kString:
      return from_values<std::string>(h, p.string_val(), where, budget);
    default:
      throw InternalError(fmt::format("{}: no value list for {}", where, dtype_name(h.dtype)));
  }
}

void check_content(const Header& h, const std::string& content, const std::string& where) {
  if (h.dtype == DType::kString)
    throw InputError(
        fmt::format("{}: a string constant must have string_val, found {} bytes of tensor_content",
                    where, content.size()));
  const size_t expected = h.elements * dtype_size(h.dtype);
  if (content.size() != expected)
    throw InputError(
        fmt::format("{}: tensor_content of a constant {}{} must have {} bytes, found {}", where,
                    dtype_name(h.dtype), h.shape.str(), expected, content.size()));
}

// Bytes other than 0 and 1 would be undefined as bool.
void normalise_bools(const Header& h, void* data) {
  if (h.dtype != DType::kBool) return;
  auto* bytes = static_cast<unsigned char*>(data);
  for (size_t i = 0; i < h.elements; ++i) bytes[i] = bytes[i] != 0;
}

}  // namespace

DType dtype_from_tf(tf::DataType dtype) {
  for (const TypePair& pair : kTypes)
    if (pair.theirs == dtype) return pair.ours;
  return DType::kInvalid;
}

tf::DataType dtype_to_tf(DType dtype) {
  for (const TypePair& pair : kTypes)
    if (pair.ours == dtype) return pair.theirs;
  return tf::DT_INVALID;
}

std::string tf_dtype_name(int dtype) {
  constexpr int kRef = 100;  // TensorFlow's reference types are the plain ones plus 100
  if (tf::DataType_IsValid(dtype)) return tf::DataType_Name(static_cast<tf::DataType>(dtype));
  if (dtype > kRef && tf::DataType_IsValid(dtype - kRef))
    return tf::DataType_Name(static_cast<tf::DataType>(dtype - kRef)) + "_REF";
  return fmt::format("type {}", dtype);
}

Shape shape_from_tf(const tf::TensorShapeProto& proto, const std::string& where) {
  if (proto.unknown_rank()) return Shape::unknown();
  if (proto.dim_size() > Shape::kMaxRank)
    throw InputError(fmt::format("{}: a shape has {} dimensions, at most {} are possible", where,
                                 proto.dim_size(), Shape::kMaxRank));
  Shape shape;
  for (const auto& dim : proto.dim()) {
    if (dim.size() < kUnknownDim)
      throw InputError(fmt::format("{}: a shape has the dimension {}", where, dim.size()));
    shape.push_back(dim.size());
  }
  try {
    if (shape.is_static()) shape.num_elements();
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", where, e.what()));
  }
  return shape;
}

void shape_to_tf(const Shape& shape, tf::TensorShapeProto* proto) {
  proto->Clear();
  if (!shape.has_rank()) {
    proto->set_unknown_rank(true);
    return;
  }
  for (int64_t d : shape) proto->add_dim()->set_size(d);
}

Tensor tensor_from_proto(const tf::TensorProto& proto, const std::string& where,
                         SplatBudget* budget) {
  const Header h = read_header(proto, where);
  const std::string& content = proto.tensor_content();
  if (content.empty()) return from_lists(h, proto, where, budget);
  check_content(h, content, where);
  Tensor t = Tensor::empty(h.dtype, h.shape);
  std::memcpy(t.raw(), content.data(), content.size());
  normalise_bools(h, t.raw());
  return t;
}

Tensor take_tensor(tf::TensorProto* proto, const std::string& where, SplatBudget* budget) {
  // Below this size a copy costs less than keeping the string object.
  constexpr size_t kWorthTaking = 4096;
  if (proto->tensor_content().size() < kWorthTaking)
    return tensor_from_proto(*proto, where, budget);
  const Header h = read_header(*proto, where);
  check_content(h, proto->tensor_content(), where);
  auto content = std::make_shared<std::string>(std::move(*proto->mutable_tensor_content()));
  proto->clear_tensor_content();
  void* data = content->data();
  normalise_bools(h, data);
  return Tensor::share(h.dtype, h.shape, data, std::move(content));
}

void tensor_to_proto(const Tensor& tensor, tf::TensorProto* proto) {
  proto->Clear();
  proto->set_dtype(dtype_to_tf(tensor.dtype()));
  shape_to_tf(tensor.shape(), proto->mutable_tensor_shape());
  if (tensor.dtype() == DType::kString) {
    for (int64_t i = 0; i < tensor.num_elements(); ++i)
      proto->add_string_val(tensor.data<std::string>()[i]);
  } else {
    if (proto->dtype() == tf::DT_INVALID)
      throw InternalError("a tensor " + tensor.str() + " has no TensorFlow type");
    proto->set_tensor_content(tensor.raw(), tensor.num_bytes());
  }
}

}  // namespace thaw
