// Kernels of a CUDA device: a recipe says which functions are launched on which memory, and
// CudaKernel is any recipe made ready.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cuda/compiler.h"
#include "kernels/cuda/driver.h"
#include "kernels/kernel.h"

namespace thaw::cuda {

// What a function is given: an address each.
struct Argument {
  enum class Kind : uint8_t { kInput, kOutput, kPiece, kScratch };
  Kind kind = Kind::kInput;
  size_t index = 0;  // of the input, output or piece; byte of the scratch

  static Argument input(size_t i) { return {Kind::kInput, i}; }
  static Argument output(size_t i) { return {Kind::kOutput, i}; }
  static Argument piece(size_t i) { return {Kind::kPiece, i}; }
  static Argument scratch(size_t byte) { return {Kind::kScratch, byte}; }
};

struct Launching {
  Code code;
  std::string function;
  std::array<int64_t, 3> grid{1, 1, 1};  // with a 0 nothing is launched
  std::array<int64_t, 3> block{1, 1, 1};
  int64_t shared_bytes = 0;  // dynamic
  std::vector<Argument> arguments;
};

// Packed weights, or whatever else a kernel holds.
struct Piece {
  size_t bytes = 0;
  std::function<void(void*)> fill;
};

struct Recipe {
  std::vector<Launching> launches;  // one after the other
  std::vector<Piece> pieces;
  std::vector<size_t> held;  // constant inputs that the pieces stand for
  size_t scratch_bytes = 0;
};

// A function loaded and its arguments, ready to be launched or to be a node of a graph.
struct DeviceLaunch {
  Function function = nullptr;
  unsigned grid[3] = {1, 1, 1};
  unsigned block[3] = {1, 1, 1};
  unsigned shared_bytes = 0;
  std::vector<Address> arguments;
};

class CudaKernel : public OpKernel {
 public:
  CudaKernel(Recipe recipe, const OpDesc& desc);
  ~CudaKernel() override;

  void run(RunContext& context) override;  // InternalError: a queue launches them
  bool holds_constant(size_t input) const override;
  size_t scratch_bytes(int /*threads*/) const override { return recipe_.scratch_bytes; }
  size_t bytes() const override;

  // The device's context is current for both. Code is loaded by the first call.
  std::vector<DeviceLaunch> launches(const RunContext& context);
  void enqueue(const RunContext& context, Stream stream);

 private:
  class Module;
  void load();

  Recipe recipe_;
  std::vector<Tensor> pieces_;                    // on the device
  std::vector<Tensor> images_;                    // by launch
  std::vector<std::shared_ptr<Module>> modules_;  // by launch, once loaded
  std::vector<Function> functions_;
};

}  // namespace thaw::cuda
