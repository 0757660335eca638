// Values of C and C++ as each other.
#include <fmt/format.h>

#include <array>

#include "c_api/handles.h"
#include "thaw/error.h"

namespace thaw::c_api {
namespace {

constexpr std::array kDtypes = {DType::kInvalid,  DType::kFloat32, DType::kFloat64, DType::kFloat16,
                                DType::kBFloat16, DType::kInt8,    DType::kInt16,   DType::kInt32,
                                DType::kInt64,    DType::kUInt8,   DType::kUInt16,  DType::kUInt32,
                                DType::kUInt64,   DType::kBool,    DType::kString,  DType::kList};

thaw_dtype c_dtype(DType dtype) {
  const auto* at = std::find(kDtypes.begin(), kDtypes.end(), dtype);
  return static_cast<thaw_dtype>(at - kDtypes.begin());
}

Precision precision_of(thaw_precision precision) {
  switch (precision) {
    case THAW_FP16:
      return Precision::kFloat16;
    case THAW_BF16:
      return Precision::kBFloat16;
    case THAW_PRECISION_INT8:
      return Precision::kInt8;
    case THAW_FP32:
      return Precision::kFloat32;
    default:
      throw UsageError(fmt::format("{} is no thaw_precision", static_cast<int>(precision)));
  }
}

}  // namespace

std::string text_or(const char* text, const char* otherwise) {
  return text == nullptr ? otherwise : text;
}

std::vector<std::string> texts(const char* const* list, size_t count, const char* name) {
  std::vector<std::string> all;
  if (count > 0) need(list, name);
  for (size_t i = 0; i < count; ++i) all.emplace_back(&need(list[i], name));
  return all;
}

Log log_of(thaw_log_function log, void* user) {
  if (log == nullptr) return {};
  return [log, user](LogLevel level, const std::string& text) {
    log(user, level == LogLevel::kWarning ? 1 : 0, text.c_str());
  };
}

DType dtype_of(thaw_dtype dtype) {
  const auto i = static_cast<size_t>(dtype);
  if (i == 0 || i >= kDtypes.size()) throw UsageError(fmt::format("{} is no thaw_dtype", i));
  return kDtypes[i];
}

Shape shape_of(const thaw_shape& shape) {
  if (shape.rank < 0) return Shape::unknown();
  if (shape.rank > THAW_MAX_RANK)
    throw UsageError(fmt::format("a shape has rank {}; at most {}", shape.rank, THAW_MAX_RANK));
  return Shape(std::vector<int64_t>(shape.dims, shape.dims + shape.rank));
}

std::vector<Shape> shapes_of(const thaw_shape* shapes, size_t count) {
  std::vector<Shape> all;
  for (size_t i = 0; i < count; ++i) all.push_back(shape_of((&need(shapes, "shapes"))[i]));
  return all;
}

thaw_shape c_shape(const Shape& shape) {
  thaw_shape out{};
  out.rank = shape.has_rank() ? shape.rank() : -1;
  std::copy(shape.begin(), shape.end(), out.dims);
  return out;
}

Tensor tensor_of(const thaw_tensor& tensor) {
  const DType dtype = dtype_of(tensor.dtype);
  const Shape shape = shape_of(tensor.shape);
  if (!shape.is_static() || std::any_of(shape.begin(), shape.end(), [](auto d) { return d < 0; }))
    throw UsageError(fmt::format("a tensor's shape is {}; all of it must be known", shape.str()));
  const bool is_text = dtype == DType::kString;
  const auto count = static_cast<size_t>(shape.num_elements());
  const size_t size = count * (is_text ? sizeof(thaw_bytes) : dtype_size(dtype));
  if (dtype == DType::kList || tensor.size != size)
    throw UsageError(fmt::format("a tensor of {}{} has {} bytes, {} were expected",
                                 dtype_name(dtype), shape.str(), tensor.size, size));
  if (size > 0) need(static_cast<const char*>(tensor.data), "a tensor's data");
  if (!is_text) return Tensor::view(dtype, shape, tensor.data);
  Tensor copy = Tensor::empty(dtype, shape);
  const auto* elements = static_cast<const thaw_bytes*>(tensor.data);
  for (size_t i = 0; i < count; ++i)
    if (elements[i].size > 0)
      copy.data<std::string>()[i].assign(
          &need(static_cast<const char*>(elements[i].data), "an element's data"), elements[i].size);
  return copy;
}

thaw_tensor c_tensor(const Tensor& tensor, std::vector<thaw_bytes>& strings) {
  thaw_tensor out{};
  out.dtype = c_dtype(tensor.dtype());
  out.shape = c_shape(tensor.shape());
  out.data = const_cast<void*>(tensor.raw());
  out.size = tensor.num_bytes();
  if (tensor.dtype() == DType::kList)
    throw UsageError("the result is a list of tensors; name one of them as output");
  if (tensor.dtype() != DType::kString) return out;
  strings.clear();
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    const std::string& element = tensor.data<std::string>()[i];
    strings.push_back({element.data(), element.size()});
  }
  out.data = strings.data();
  out.size = strings.size() * sizeof(thaw_bytes);
  return out;
}

void give_info(const std::vector<TensorInfo>& infos, size_t index, thaw_tensor_info* info) {
  if (index >= infos.size())
    throw UsageError(fmt::format("there are {} tensors, no number {}", infos.size(), index));
  const TensorInfo& from = infos[index];
  thaw_tensor_info to{};
  to.name = from.name.c_str();
  to.tensor = from.tensor.c_str();
  to.dtype = c_dtype(from.dtype);
  to.shape = c_shape(from.shape);
  to.optional = from.optional ? 1 : 0;
  give(to, info, "thaw_tensor_info");
}

void give_stages(const StageTimes& stages, thaw_stage_times* times) {
  thaw_stage_times to{};
  to.upload = stages.upload;
  to.preprocess = stages.preprocess;
  to.network = stages.network;
  to.postprocess = stages.postprocess;
  to.download = stages.download;
  to.prepare = stages.prepare;
  give(to, times, "thaw_stage_times");
}

EngineOptions engine_options(const thaw_engine_options* options) {
  const thaw_engine_options from = taken(options, "thaw_engine_options");
  EngineOptions to;
  to.device = text_or(from.device, "auto");
  to.threads = from.threads;
  if (from.precision != THAW_PRECISION_DEFAULT) to.precision = precision_of(from.precision);
  if (from.calibration != nullptr) to.calibration = from.calibration->calibration;
  to.memory_limit = from.memory_limit;
  to.outputs = texts(from.outputs, from.output_count, "thaw_engine_options.outputs");
  if (from.max_cached_engines != 0) to.max_cached_engines = std::max(from.max_cached_engines, 0);
  to.tune = from.tune != 0;
  to.timing_cache = text_or(from.timing_cache);
  to.pin = from.pin != 0;
  to.max_workspace_size = from.max_workspace_size;
  if (from.minimum_segment_size != 0) to.minimum_segment_size = from.minimum_segment_size;
  if (from.allow_build != 0) to.allow_build = from.allow_build > 0;
  to.strict = from.strict != 0;
  return to;
}

thaw_precision c_precision(Precision precision) {
  switch (precision) {
    case Precision::kFloat16:
      return THAW_FP16;
    case Precision::kBFloat16:
      return THAW_BF16;
    case Precision::kInt8:
      return THAW_PRECISION_INT8;
    case Precision::kFloat32:
      break;
  }
  return THAW_FP32;
}

}  // namespace thaw::c_api
