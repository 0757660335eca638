// Runs a model on this machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "thaw/model.h"
#include "thaw/options.h"
#include "thaw/tensor.h"

namespace thaw {

// Where the time of one run went, milliseconds.
struct StageTimes {
  double upload = 0;       // host to device; 0 where they are one
  double preprocess = 0;   // what lies before the network's first layer
  double network = 0;      // convolutions, matrix products and what lies between them
  double postprocess = 0;  // decoding, sigmoid, non-maximum suppression
  double download = 0;
};

// One step of a plan and what is known of it.
struct LayerInfo {
  std::string name;    // the TF node
  std::string op;      // thaw's op with its attributes
  std::string kernel;  // "cpu.conv2d.avx512"
  std::string output;  // "float32[1,150,150,24]"
  std::string stage;   // preprocess, network, postprocess
  int64_t macs = 0;    // multiply-accumulates
  double ms = 0;  // mean over the profiled runs, or as measured when the plan's file was written
  // Why faster kernels were passed over, or how the race went that chose it; empty when there is
  // nothing to say.
  std::string why;
  int threads = 0;                  // that it may use
  DType numbers = DType::kInvalid;  // what it multiplies, kInt8 for bytes; none without macs
  Shape product;                    // [rows, length, columns] of its matrix product; else []
  int64_t weight_bytes = 0;         // constants, as the kernel holds them
  int64_t activation_bytes = 0;     // that it reads and writes, each once
  // Of the threads' time in the profiled runs, the part in which they worked and did not wait for
  // each other: 1 / threads() where one works alone; 0 when nothing was profiled.
  double busy = 0;
};

// Memory that an engine holds, bytes.
struct MemoryUse {
  size_t arena = 0;    // activations, planned
  size_t weights = 0;  // constants as the kernels hold them; engines that share count them each
  size_t scratch = 0;
};

// An engine builds a plan for each input shape at its first run (or by prepare) and keeps it; where
// the model brings pictures of every size to one, a plan serves pictures of all sizes. Calls
// from several threads are taken one after another; to run at the same time, each thread has an
// engine of its own (share()). Engines that are at work at the same time divide the processors
// among their threads.
class Engine {
 public:
  explicit Engine(const Model& model, const EngineOptions& options = {});
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  // Another engine for the same model with the same options. Plans and weights are the same memory
  // and are made once, whichever engine needs them first; activations, working memory and threads
  // are its own. Neither engine depends on the other's life.
  Engine share() const;

  const std::vector<TensorInfo>& inputs() const;
  const std::vector<TensorInfo>& outputs() const;
  std::string device() const;  // "cpu"
  int threads() const;
  Precision precision() const;

  // Builds the plan for these input shapes now, in the order of inputs(); an optional input's shape
  // of unknown rank says that it is not fed. Throws InputError when they don't fit the model.
  void prepare(const std::vector<Shape>& shapes);

  // Inputs in the order of inputs(), results in the order of outputs(). An optional input that is
  // an undefined Tensor takes its default. Throws InputError when an input has the wrong type or
  // shape, or when the graph itself fails (an Assert, an index).
  std::vector<Tensor> run(const std::vector<Tensor>& inputs);
  // The same without a copy of the results: they are valid until the next run. Allocates nothing
  // once a plan of static shapes has run.
  const std::vector<Tensor>& run_shared(const std::vector<Tensor>& inputs);

  StageTimes last_stages() const;   // of the latest run
  MemoryUse memory() const;         // of the latest plan
  bool planned() const;             // the latest plan's shapes are all static
  std::string plan_origin() const;  // the latest plan's file, or "built in memory"
  // Input shapes that the latest plan serves; height and width are unknown where it serves pictures
  // of all sizes.
  std::vector<Shape> plan_shapes() const;
  void set_profiling(bool on);            // times each layer from the next run on
  std::vector<LayerInfo> layers() const;  // of the latest plan
  std::vector<std::pair<std::string, double>> build_times() const;  // step and ms, latest plan

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Names of the graph passes in order, for EngineOptions::disabled_passes.
std::vector<std::string> pass_names();

}  // namespace thaw
