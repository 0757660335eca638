#include "engine/compare_models.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>

#include "thaw/error.h"

namespace thaw {
Tensor made_up_input(const TensorInfo& info, const Shape& shape, Integers integers) {
  if (!shape.has_rank()) return {};
  return made_up(info.dtype, shape, Noise(info.name), integers);
}

std::vector<size_t> positions(const std::vector<TensorInfo>& to,
                              const std::vector<TensorInfo>& from) {
  std::unordered_map<std::string, size_t> by_tensor, by_name;
  for (size_t i = 0; i < from.size(); ++i) {
    by_tensor.emplace(from[i].tensor, i);
    by_name.emplace(from[i].name, i);
  }
  std::vector<size_t> found;
  for (const TensorInfo& wanted : to) {
    const auto place = by_tensor.find(wanted.tensor);
    // A key that is no name for a node has another tensor where it was read from a signature.
    const auto same_name = by_name.find(wanted.name);
    if (place == by_tensor.end() && same_name == by_name.end())
      throw InternalError(fmt::format("tensor '{}' is on one side alone", wanted.tensor));
    found.push_back(place != by_tensor.end() ? place->second : same_name->second);
  }
  return found;
}

std::string difference(const std::vector<TensorInfo>& infos, const std::vector<Tensor>& a,
                       const std::vector<Tensor>& b) {
  for (size_t i = 0; i < infos.size(); ++i)
    if (!identical(a[i], b[i])) return fmt::format("output '{}' differs", infos[i].name);
  return {};
}

}  // namespace thaw
