#include "engine/compare_models.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>

#include "thaw/error.h"

namespace thaw {
namespace {

// A small generator that begins with the name.
class Noise {
 public:
  explicit Noise(const std::string& name) {
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  uint32_t next() {  // 0 to 255
    state_ = state_ * 1664525U + 1013904223U;
    return state_ >> 24;
  }

 private:
  uint32_t state_ = 2166136261U;
};

template <class T>
void fill_integers(Tensor& t, Noise& noise) {
  for (int64_t i = 0; i < t.num_elements(); ++i) t.data<T>()[i] = static_cast<T>(noise.next() / 64);
}

template <class T>
void fill_floats(Tensor& t, Noise& noise) {
  for (int64_t i = 0; i < t.num_elements(); ++i)
    t.data<T>()[i] = static_cast<T>(noise.next()) / T{127.5} - 1;
}

}  // namespace

Tensor made_up_input(const TensorInfo& info, const Shape& shape, Integers integers) {
  if (!shape.has_rank()) return {};
  Tensor t = Tensor::zeros(info.dtype, shape);
  Noise noise(info.name);
  if (info.dtype == DType::kUInt8)
    for (int64_t i = 0; i < t.num_elements(); ++i)
      t.data<uint8_t>()[i] = static_cast<uint8_t>(noise.next());
  if (info.dtype == DType::kFloat32) fill_floats<float>(t, noise);
  if (info.dtype == DType::kFloat64) fill_floats<double>(t, noise);
  if (integers == Integers::kZero) return t;
  if (info.dtype == DType::kInt32) fill_integers<int32_t>(t, noise);
  if (info.dtype == DType::kInt64) fill_integers<int64_t>(t, noise);
  if (info.dtype == DType::kBool)
    for (int64_t i = 0; i < t.num_elements(); ++i) t.data<bool>()[i] = noise.next() > 127;
  return t;
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
