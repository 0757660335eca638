// What a CUDA device runs: the list of rows, and how their recipes are made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/cuda/cuda_kernel.h"
#include "kernels/kernel.h"

namespace thaw::cuda {

KernelTable kernel_rows();

// Compiles what the rows that the layers would get need, side by side.
void compile_rows(const std::vector<OpDesc>& layers, int architecture);
// What one row needs for those of the layers that it can run.
std::vector<Code> codes_of(const std::string& name, const std::vector<OpDesc>& layers);

// A row: a kernel's can_run and recipe. Recipes read the elements of held constants in the pieces'
// `fill` alone, and what they launch follows from the types and shapes.
struct Row {
  const char* name;
  OpKind op;
  std::string (*can_run)(const OpDesc& desc);
  Recipe (*recipe)(const OpDesc& desc);
  std::unique_ptr<OpKernel> (*create)(const OpDesc& desc);
  Exactness (*exactness)(const OpDesc& desc);
};

template <Recipe (*make)(const OpDesc&)>
Row row(const char* name, OpKind op, std::string (*can_run)(const OpDesc&),
        Exactness (*exactness)(const OpDesc&)) {
  return {name,
          op,
          can_run,
          make,
          [](const OpDesc& desc) -> std::unique_ptr<OpKernel> {
            return std::make_unique<CudaKernel>(make(desc), desc);
          },
          exactness};
}

// By family; best first for each op.
const std::vector<Row>& convolution_rows();
const std::vector<Row>& detection_rows();
const std::vector<Row>& elementwise_rows();
const std::vector<Row>& layout_rows();
const std::vector<Row>& resize_rows();

// Lines of #define, one after the other.
class Constants {
 public:
  template <class T>
  Constants& add(const char* name, const T& value) {
    text_ += std::string("#define ") + name + " " + spelled(value) + "\n";
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  static std::string spelled(const std::string& text) { return text; }
  static std::string spelled(const char* text) { return text; }
  static std::string spelled(bool value) { return value ? "1" : "0"; }
  static std::string spelled(int value) { return std::to_string(value); }
  static std::string spelled(int64_t value) { return std::to_string(value); }
  static std::string spelled(size_t value) { return std::to_string(value); }
  static std::string spelled(float value);  // to the last bit

  std::string text_;
};

// The type's name in code/; empty for one that has none there.
std::string type_name(DType dtype);
// What can_run's share: shapes are known, no tensor has 2^31 elements or more.
std::string refuse_shapes(const OpDesc& desc);
// The same, and all tensors are float32.
std::string refuse_all_but_float32(const OpDesc& desc);
bool is_constant(const OpDesc& desc, size_t input);
// What the code of a layer over a picture of shape `x` is told of types, extents and the window.
Constants window_constants(const OpDesc& desc, const Window& window, const Shape& x);
// A grid of threads, `block` each, one for each of `count`.
void cover(Launching& launch, int64_t count, int64_t block = 256);

}  // namespace thaw::cuda
