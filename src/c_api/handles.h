// What the C interface's handles hold, and how C++ and C values become each other.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "c_api/status.h"
#include "thaw/c_api.h"
#include "thaw/detector.h"
#include "thaw/engine.h"
#include "thaw/model.h"
#include "thaw/options.h"
#include "thaw/picture.h"

struct thaw_model {
  thaw::Model model;
};

struct thaw_engine {
  thaw::Engine engine;
  const std::string device = engine.device();
};

struct thaw_calibration {
  std::shared_ptr<const thaw::Calibration> calibration;
  std::string text;
};

struct thaw_picture {
  thaw::Picture picture;
  std::string warning;
};

struct thaw_detector {
  thaw::Detector detector;
  std::string model;  // its path
};

struct thaw_detections {
  std::vector<thaw::Detection> detections;
  int width = 0;
  int height = 0;
  thaw::StageTimes stages;
};

struct thaw_plan {
  explicit thaw_plan(thaw::PlanInfo info);

  thaw::PlanInfo info;
  std::vector<thaw::LayerInfo> layers;
  std::vector<thaw::SegmentInfo> segments;
  std::vector<thaw_shape> shapes;
};

namespace thaw::c_api {

// A copy of the caller's struct, of whichever age; what it lacks is zero. Throws UsageError where
// struct_size is of no struct of this library, or of a newer one that asks for something unknown.
template <class T>
T taken(const T* given, const char* name) {
  T copy{};
  if (given == nullptr) return copy;
  check_struct_size(given->struct_size, sizeof(size_t) + 1, name);
  const size_t known = std::min(given->struct_size, sizeof(T));
  std::memcpy(&copy, given, known);
  const char* bytes = reinterpret_cast<const char*>(given);
  for (size_t i = known; i < given->struct_size; ++i)
    if (bytes[i] != 0) throw_newer(name);
  return copy;
}

// Fills the caller's struct, of whichever age.
template <class T>
void give(T value, T* out, const char* name) {
  need(out, name);
  check_struct_size(out->struct_size, sizeof(size_t) + 1, name);
  const size_t size = out->struct_size;
  value.struct_size = size;
  std::memcpy(out, &value, std::min(size, sizeof(T)));
}

std::string text_or(const char* text, const char* otherwise = "");
std::vector<std::string> texts(const char* const* list, size_t count, const char* name);

// Null for null.
Log log_of(thaw_log_function log, void* user);

DType dtype_of(thaw_dtype dtype);
Shape shape_of(const thaw_shape& shape);
std::vector<Shape> shapes_of(const thaw_shape* shapes, size_t count);
thaw_shape c_shape(const Shape& shape);
// A view of the caller's memory; elements of THAW_STRING are copied. Throws UsageError where the
// size is not the shape's.
Tensor tensor_of(const thaw_tensor& tensor);
// Of strings, `strings` gets the elements and must live as long as the result is in use.
thaw_tensor c_tensor(const Tensor& tensor, std::vector<thaw_bytes>& strings);
void give_info(const std::vector<TensorInfo>& infos, size_t index, thaw_tensor_info* info);
void give_stages(const StageTimes& stages, thaw_stage_times* times);

// `batches` times the model's inputs in their order.
std::vector<std::vector<Tensor>> batches_of(const Model& model, const thaw_tensor* tensors,
                                            size_t batches);
thaw_calibration* calibration_handle(Calibration calibration);
EngineOptions engine_options(const thaw_engine_options* options);
thaw_precision c_precision(Precision precision);

}  // namespace thaw::c_api
