#include "engine/compare_models.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>

namespace thaw {

Tensor made_up_input(const TensorInfo& info, const Shape& shape) {
  Tensor t = Tensor::zeros(info.dtype, shape);
  uint32_t state = 1;
  for (int64_t i = 0; i < t.num_elements(); ++i) {
    state = state * 1664525U + 1013904223U;
    const uint32_t noise = state >> 24;
    if (info.dtype == DType::kUInt8) t.data<uint8_t>()[i] = static_cast<uint8_t>(noise);
    if (info.dtype == DType::kFloat32) t.data<float>()[i] = static_cast<float>(noise) / 127.5F - 1;
  }
  return t;
}

std::string difference(Engine& before, Engine& after, const std::vector<Tensor>& inputs) {
  const std::vector<Tensor> a = before.run(inputs);
  const std::vector<Tensor> b = after.run(inputs);
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < after.outputs().size(); ++i) places[after.outputs()[i].name] = i;
  for (size_t i = 0; i < before.outputs().size(); ++i) {
    const std::string& name = before.outputs()[i].name;
    const auto place = places.find(name);
    if (place != places.end() && !identical(a[i], b[place->second]))
      return fmt::format("output '{}' differs", name);
  }
  return {};
}

}  // namespace thaw
