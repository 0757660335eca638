// What `thaw bench` feeds: photographs brought to one size, or made-up pictures.
#pragma once

#include <string>
#include <vector>

#include "thaw/engine.h"
#include "thaw/npz.h"
#include "thaw/picture.h"

namespace thaw::cli {

struct BenchInput {
  std::vector<std::vector<Tensor>> batches;  // each in the order of the engine's inputs
  int64_t batch = 1;
  std::string what;      // "uint8[1,720,1280,3], 15 photographs of data/images"
  bool made_up = false;  // no photographs
  double decode_ms = 0;  // mean of a photograph, files to pixels; not part of the timing

  std::vector<Shape> shapes() const;  // of each batch, as Engine::prepare takes them
};

struct BenchInputOptions {
  std::vector<Shape>
      shapes;  // one per input, or per one that must be fed; empty: the model's, with gaps filled
  int64_t batch = 0;               // 0: as the shapes say, else 1
  std::string images;              // folder, file or glob; empty: made up
  std::vector<NamedTensor> feeds;  // arrays for inputs of these names
  size_t max_pictures = 32;        // of the photographs
  bool levels = false;             // pictures of floats hold 0 to 255, not -1 to 1
};

// Optional inputs that no array is given for stay undefined. Throws UsageError where shape and
// batch don't fit the model's inputs.
BenchInput make_bench_input(const std::vector<TensorInfo>& inputs,
                            const BenchInputOptions& options);

}  // namespace thaw::cli
