// What this machine can do at best, measured, and how far an engine's layers are from it.
// Functions may be called from any thread; what runs beside a measurement lowers its figures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thaw/engine.h"
#include "thaw/tensor.h"

namespace thaw {

// Multiply-accumulates of one kind of instruction, operands in registers; all threads together.
struct ArithmeticPeak {
  DType numbers = DType::kFloat32;  // what is multiplied; kInt8 for bytes by bytes
  std::string instructions;         // "FMA, 256 bits"
  double gmacs = 0;                 // 1e9 a second
};

// Passes over a working set of so many bytes, shared out among the threads; 1e9 bytes a second.
struct MemoryPeak {
  int64_t bytes = 0;
  double read = 0;
  double copy = 0;  // one half onto the other: bytes read and bytes written, together
};

struct Peaks {
  std::string machine;  // the processor and the instructions in use
  int threads = 1;
  std::vector<ArithmeticPeak> arithmetic;
  std::vector<MemoryPeak> memory;  // smallest working set first

  // The best rate at which such numbers are multiplied: float32's where the processor has no
  // instruction for them, because then they are widened.
  double gmacs(DType numbers) const;
  // The smallest working set that holds so many bytes, or the largest there is.
  const MemoryPeak& level(int64_t bytes) const;
};

struct PeakEffort {
  double ms = 20;                        // for each figure, about
  int64_t largest = int64_t{512} << 20;  // working set; an eighth of the memory at most
  static PeakEffort quick() { return {4, int64_t{64} << 20}; }  // some 0.2 s in all
};

// Of the instructions that THAW_CPU_ISA allows. Throws ResourceError when memory is short.
Peaks measure_peaks(int threads, const PeakEffort& effort = {});

// A matrix product on the kernel that a 1x1 convolution of that shape gets.
struct ProductRate {
  Shape product;  // [rows, length, columns]
  DType numbers = DType::kFloat32;
  std::string kernel;
  double gmacs = 0;
};

// Each of `products` in float32, float16, bfloat16 and bytes (kInt8), `ms` for each of those.
std::vector<ProductRate> measure_products(const std::vector<Shape>& products, int threads,
                                          double ms = 10);

// What a layer, or all of a network's, can't be faster than by the roofline model.
struct RooflineTime {
  double arithmetic_ms = 0;  // multiply-accumulates over the peak of their numbers
  double traffic_ms = 0;     // what must be read and written, where nothing hides it
};

// The layer's weights are read once, from the level that holds all of `plan_bytes`; its activations
// are read and written once, at the level that holds them.
RooflineTime roofline_time(const LayerInfo& layer, int64_t plan_bytes, const Peaks& peaks);
// The layer's rate over the peak of its numbers; 0 when it multiplies nothing or has no time.
double share_of_peak(const LayerInfo& layer, const Peaks& peaks);

// How far the layers of stage "network" are from the machine.
struct Roofline {
  Peaks peaks;
  double network_ms = 0;
  RooflineTime time;
};
Roofline roofline_of(const std::vector<LayerInfo>& layers, const MemoryUse& memory, Peaks peaks);

}  // namespace thaw
