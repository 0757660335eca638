// Single pictures from many threads, run together.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <vector>

#include "thaw/engine.h"

namespace thaw {

struct BatcherOptions {
  // Inferences that run together at most. Batches are of 1, 2, 4, 8, ... or of this size, each of
  // which has a plan (EngineOptions::max_cached_engines should be as many): where 7 wait, 4 run
  // first.
  int max_batch = 1;
  // How long an inference waits for others before a batch that is not full runs. 0: what waits when
  // the last batch is done runs at once.
  std::chrono::microseconds max_wait{0};
  int requests = 1;  // batches that run at the same time, each on Engine::threads threads
};

// All functions may be called from any number of threads at once. The batcher keeps its engine
// alive.
class Batcher {
 public:
  // The model's inputs must leave their first extent open, or fix it to 1 where max_batch is 1;
  // optional inputs need not be fed. Throws InputError, naming the input, where they don't, and
  // UsageError for options below their least value (1, 0, 1).
  explicit Batcher(const Engine& engine, const BatcherOptions& options = {});
  Batcher(Batcher&&) noexcept;
  // Runs what waits, and returns when all of it is done.
  ~Batcher();

  // One inference: inputs in the order of Engine::inputs, each with a first extent of 1; their
  // memory must stay unchanged until the results are there. The results are its own rows of the
  // batch's, in the order of Engine::outputs, each with a first extent of 1 and memory of its own.
  // Those whose inputs have the same shapes run together, in the order in which they came; a batch
  // that is full does not wait behind inferences of other shapes. Throws
  // InputError at once when inputs don't fit the model. The future throws what the batch threw, to
  // each whose inference was in it; InputError when a result has no row for each inference.
  std::future<std::vector<Tensor>> submit(const std::vector<Tensor>& inputs);
  // The same, and waits for the results.
  std::vector<Tensor> run(const std::vector<Tensor>& inputs);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace thaw
