// Serialised examples through the kernel of ParseExample, whose features the last two bytes choose.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/evaluate.h"
#include "thaw/error.h"

namespace {

using thaw::DType;
using thaw::Tensor;

// Three features: "a" of strings, "b" of numbers, "c" of integers; two bits say each one's shape.
thaw::ParseExample features(uint8_t choice) {
  thaw::ParseExample op{{"a", "b", "c"}, {DType::kString, DType::kFloat32, DType::kInt64}, {}};
  const std::vector<std::vector<int64_t>> shapes = {{0}, {1, 2}, {1, -1}, {2, -1, 2}};
  for (int i = 0; i < 3; ++i)
    for (const int64_t n : shapes[static_cast<size_t>(choice >> 2 * i & 3)]) op.shapes.push_back(n);
  return op;
}

Tensor otherwise(DType dtype, bool given) {
  return Tensor::zeros(dtype, given ? thaw::Shape{} : thaw::Shape{0});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data), size - 2);
  const uint8_t how = data[size - 1];
  const auto examples = how & 1 ? Tensor::of<std::string>(DType::kString, {2},
                                                          {bytes, bytes.substr(bytes.size() / 2)})
                                : Tensor::of<std::string>(DType::kString, {}, {bytes});
  try {
    const thaw::ParseExample op = features(data[size - 2]);
    std::vector<Tensor> inputs = {examples};
    for (size_t i = 0; i < 3; ++i)
      inputs.push_back(otherwise(op.dtypes[i], (how >> (i + 1) & 1) != 0));
    const std::vector<Tensor> results = thaw::evaluate(op, inputs);
    for (size_t i = 0; i < 3; ++i)
      if (results.at(i).dtype() != op.dtypes[i]) __builtin_trap();
  } catch (const thaw::InputError&) {
  }
  return 0;
}
