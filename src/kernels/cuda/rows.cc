#include "kernels/cuda/rows.h"

#include <fmt/format.h>

#include <limits>
#include <set>

#include "base/half.h"

namespace thaw::cuda {
namespace {

struct Tables {
  std::vector<Row> rows;
  std::vector<KernelRow> kernels;

  Tables() {
    for (const auto* family : {&convolution_rows(), &detection_rows(), &elementwise_rows(),
                               &layout_rows(), &resize_rows()})
      rows.insert(rows.end(), family->begin(), family->end());
    for (const Row& row : rows)
      kernels.push_back({row.name, row.op, row.can_run, row.create, row.exactness});
  }
};

const Tables& tables() {
  static const Tables all;
  return all;
}

}  // namespace

KernelTable kernel_rows() { return {tables().kernels.data(), tables().kernels.size()}; }

void compile_rows(const std::vector<OpDesc>& layers, int architecture) {
  std::set<Code> codes;
  for (const OpDesc& layer : layers)
    for (const Row& row : tables().rows) {
      if (row.op != kind_of(layer.op) || !row.can_run(layer).empty()) continue;
      for (const Launching& launch : row.recipe(layer).launches) codes.insert(launch.code);
      break;
    }
  compile_ahead({codes.begin(), codes.end()}, architecture);
}

std::vector<Code> codes_of(const std::string& name, const std::vector<OpDesc>& layers) {
  std::set<Code> codes;
  for (const Row& row : tables().rows) {
    if (row.name != name) continue;
    for (const OpDesc& layer : layers) {
      if (row.op != kind_of(layer.op) || !row.can_run(layer).empty()) continue;
      for (const Launching& launch : row.recipe(layer).launches) codes.insert(launch.code);
    }
  }
  return {codes.begin(), codes.end()};
}

std::string Constants::spelled(float value) {
  return fmt::format("__int_as_float(0x{:08x})", bits_of_float(value));
}

std::string type_name(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "float";
    case DType::kFloat16:
      return "Half";
    case DType::kBFloat16:
      return "BFloat16";
    case DType::kUInt8:
      return "uint8";
    case DType::kInt8:
      return "int8";
    case DType::kInt32:
      return "int";
    default:
      return "";
  }
}

std::string refuse_shapes(const OpDesc& desc) {
  const auto refuse = [](const std::vector<TensorDesc>& tensors, const char* what) -> std::string {
    for (const TensorDesc& t : tensors) {
      if (!t.shape.is_static())
        return fmt::format("the shape of {} is not known before the run", what);
      if (dtype_size(t.dtype) == 0) return fmt::format("{} is not numbers", what);
      if (t.shape.num_elements() > std::numeric_limits<int32_t>::max())
        return fmt::format("{} has 2^31 elements or more", what);
    }
    return {};
  };
  std::string why = refuse(desc.outputs, "a result");
  return why.empty() ? refuse(desc.inputs, "an input") : why;
}

std::string refuse_all_but_float32(const OpDesc& desc) {
  for (const auto* tensors : {&desc.inputs, &desc.outputs})
    for (const TensorDesc& t : *tensors)
      if (t.dtype != DType::kFloat32)
        return fmt::format("{} where float32 is needed", dtype_name(t.dtype));
  return refuse_shapes(desc);
}

bool is_constant(const OpDesc& desc, size_t input) {
  return input < desc.inputs.size() && desc.inputs[input].constant != nullptr;
}

void cover(Launching& launch, int64_t count, int64_t block) {
  launch.grid = {(count + block - 1) / block, 1, 1};
  launch.block = {block, 1, 1};
}

}  // namespace thaw::cuda
