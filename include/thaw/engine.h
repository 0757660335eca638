// Runs a model on this machine: an Engine has its plans, a Request (thaw/request.h) runs one
// inference at a time with them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thaw/device.h"
#include "thaw/model.h"
#include "thaw/options.h"
#include "thaw/tensor.h"

namespace thaw {

// Where the time of one run went, milliseconds.
struct StageTimes {
  double prepare = 0;      // making the plan ready, or waiting for it; 0 where it was
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
  std::string stage;   // upload, preprocess, network, postprocess, download
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
  // Layers of Request::layers whose results it reads, ascending.
  std::vector<size_t> reads;
};

// Steps that follow each other on one device.
struct SegmentInfo {
  std::string device;  // "cpu"
  size_t layers = 0;   // of Request::layers, behind those of the segments before; copies are steps
  // Why it does not go on where the segment before ran; empty for a plan's first on its device.
  std::string why;
  // What it reads of what others made, the model's inputs too, and what others read of what it
  // made, the model's outputs too. Names are TF nodes.
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
};

// Memory that a request holds for its latest plan, bytes.
struct MemoryUse {
  size_t arena = 0;    // activations, planned
  size_t weights = 0;  // constants as the kernels hold them: once for all requests of an engine
  size_t scratch = 0;
};

// How an engine came to the plan that serves some shapes, the best first.
enum class PlanRung {
  kStored,           // from the model's folder
  kBuilt,            // built in memory for these shapes
  kCacheFull,        // slow, for all shapes: max_cached_engines plans are there
  kBuildNotAllowed,  // slow, for all shapes: EngineOptions::allow_build
  kBuildFailed,      // slow, for all shapes: building theirs failed; it is not tried again
};
const char* rung_name(PlanRung rung);  // "stored", "built", "cache full" ...

// A plan: what an engine made of the model for inputs of some shapes.
struct PlanInfo {
  // Input shapes that it serves, in the order of Engine::inputs(); height and width are unknown
  // where it serves pictures of all sizes, the rank where an optional input is not fed.
  std::vector<Shape> shapes;
  std::string origin;      // its file, or "built in memory"
  bool is_static = false;  // all shapes are known before the run, or are the resizer's to settle
  bool is_slow = false;    // it stands in for plans that there are not: see rung
  std::vector<std::pair<std::string, double>> build_times;  // step and ms
  PlanRung rung = PlanRung::kBuilt;
  std::string why;  // what was wrong, on a rung below kBuilt; what is wrong with the stored plan
};

// A model made ready to run. An engine is immutable as seen from outside, its copies are the same
// engine (copying costs a pointer), and all its functions may be called from any number of threads
// at once. What runs at the same time are its requests.
//
// The plan for some input shapes is built when a run or prepare() first needs it, one at a time;
// who has a plan never waits for another's to be built, and threads that want the same new one
// build it once. As many plans are kept as EngineOptions::max_cached_engines says. Past them a new
// shape runs on a slower plan that is for all shapes; when it comes again, its plan is built and
// the one that was used least recently goes. Building a plan takes longer than dozens of slow runs:
// each time that one had to go, a shape must have come twice as often as before, up to
// kMostRunsForAPlan times, so that many shapes in turn don't build without end. The slower plan
// also serves shapes whose plan may not be built or could not be, which the log is told of once;
// results are the same. With EngineOptions::strict these are errors. A plan that had to go stays,
// with its memory and its weights, for those that ran it: for a request until it runs or prepares
// again, for run() until the call is over.
class Engine {
 public:
  static constexpr int kMostRunsForAPlan = 64;

  // Throws UsageError for options that can't be, ResourceError where the device is missing.
  explicit Engine(const Model& model, const EngineOptions& options = {});
  Engine(const Engine&);
  Engine& operator=(const Engine&);
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  const std::vector<TensorInfo>& inputs() const;
  const std::vector<TensorInfo>& outputs() const;  // those of EngineOptions::outputs
  // The place among inputs() or outputs() of a name of the signature ("image_tensor") or of a TF
  // tensor ("image_tensor:0"). Throws UsageError, naming near ones.
  size_t input_index(const std::string& name) const;
  size_t output_index(const std::string& name) const;
  std::string device() const;  // "cpu"
  DeviceInfo device_info() const;
  int threads() const;  // of each request
  Precision precision() const;

  // Builds the plan for these input shapes now, and makes way for it where max_cached_engines are
  // there; nothing where it is there already. Shapes in the order of inputs(); an optional input's
  // shape of unknown rank says that it is not fed. Throws InputError when they don't fit the model.
  void prepare(const std::vector<Shape>& shapes) const;
  // The plans that are kept, the latest used first, and the slower one last.
  std::vector<PlanInfo> plans() const;

  // Inputs in the order of inputs(), results in the order of outputs(), which are the caller's. An
  // optional input that is an undefined Tensor takes its default. Calls at the same time run at the
  // same time, each on a request that the engine keeps for the next call. Throws InputError when an
  // input has the wrong type or shape, or when the graph itself fails (an Assert, an index);
  // ResourceError when memory is short.
  std::vector<Tensor> run(const std::vector<Tensor>& inputs) const;

 private:
  friend class Batcher;
  friend class Request;
  std::shared_ptr<class EngineCore> core_;
};

// Names of the graph passes in order, for EngineOptions::disabled_passes.
std::vector<std::string> pass_names();

}  // namespace thaw
