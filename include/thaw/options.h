// How a model is read and how an engine is built: plain values, functions for any thread.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "thaw/tensor.h"

namespace thaw {

// In what numbers a network's layers take and give their activations: float32, float16, bfloat16,
// or 8 bits with 8-bit filters. What lies around the network is float32 always.
enum class Precision { kFloat32, kFloat16, kBFloat16, kInt8 };
const char* precision_name(Precision precision);  // "FP32", "FP16", "BF16", "INT8"
// Upper or lower case. Throws UsageError.
Precision precision_from_name(const std::string& name);

// What values of a tensor to expect; what lies outside is clipped.
struct ValueRange {
  float low = 0;
  float high = 0;
  std::string method;  // how it was chosen, for people: "entropy"; may be empty
  // Low and high of each channel (of the last dimension), within the tensor's, for what only
  // depthwise layers read; empty: the tensor's range is that of all.
  std::vector<std::array<float, 2>> channels;
};

// How a network's layers go to few bits, by the layers' names (thaw/calibrate.h).
struct Calibration {
  std::map<std::string, ValueRange> ranges;  // of layers' results: INT8's levels follow from them
  std::set<std::string> wide;                // layers that stay in float32, whatever the precision
};

// What the library has to say while all goes on: a plan that is not used, and why. It prints
// nothing itself.
enum class LogLevel { kInfo, kWarning };
using Log = std::function<void(LogLevel, const std::string&)>;

struct ModelOptions {
  std::string signature;  // of a SavedModel; empty: serving_default, or the only one
  // Tensor names ("scores:0") to compute instead of the outputs that the model names or that are
  // found by themselves.
  std::vector<std::string> outputs;
  // Tensor names to feed instead of the model's inputs, each "name" or "name:0".
  std::vector<std::string> inputs;
  Log log;  // of the model and of its engines, on whichever thread builds; null: silent
};

struct EngineOptions {
  // auto, cpu, cuda, ref (slow and obviously right) or null (the reference kernels in memory of
  // their own, for tests).
  std::string device = "auto";
  int threads = 0;  // of each request; 0: as many as the process may use
  // Unset: what an optimised SavedModel was optimised for, float32 for other models.
  std::optional<Precision> precision;
  // Ranges for INT8 and layers to keep in float32; null: ranges are known where an activation
  // bounds them (Relu6), and where the graph has FakeQuant nodes; layers whose input has no known
  // range stay in float32. An optimised SavedModel's own where none is given.
  std::shared_ptr<const Calibration> calibration;
  // Bytes that a plan and its weights may take, and what building it takes besides; 0: no limit.
  size_t memory_limit = 0;
  // Bytes of working memory that a kernel may ask for: those that ask for more are passed over.
  // 0: what an optimised SavedModel was optimised for, no limit for other models.
  size_t max_workspace_size = 0;
  // On a device with memory of its own, nodes in segments of fewer than this run on the host;
  // -1: all nodes do. Where the device shares the host's memory there is one segment, of any size.
  // Unset: what an optimised SavedModel was optimised for, 3 for other models.
  std::optional<int> minimum_segment_size;
  // Whether plans are built where the model runs. Unset: what an optimised SavedModel was optimised
  // for, true for other models. Without it inputs whose shapes have no plan run on the slower plan
  // for all shapes. Where the caller himself says false and the model has a plan for these shapes
  // that can't be used here, such as one for another processor, that is a ResourceError.
  std::optional<bool> allow_build;
  // What would run slowly is an error that names the cause: shapes on the slower plan
  // (ResourceError) and layers on reference kernels (InputError).
  bool strict = false;
  // Names of those of the model's outputs to compute, in its order; empty: all. What only the
  // others need is not computed.
  std::vector<std::string> outputs;
  // Plans for so many input shapes are kept; thaw/engine.h says what becomes of further ones.
  // Unset: what an optimised SavedModel was optimised for, 4 for other models.
  std::optional<int> max_cached_engines;
  // Plans that are built here take each layer's fastest kernel and number of threads, by racing
  // them once; otherwise the first kernel that can run it.
  bool tune = false;
  std::string timing_cache;  // file that races are kept in; empty: default_timing_cache()
  std::vector<std::string> disabled_passes;  // names as in `thaw inspect --passes`
  std::string dump_dir;                      // the graph as text after each pass
  bool verify = false;                       // check the graph after each pass
  // Bind each thread to a processor, the one that calls run() while it does; requests of a process
  // get different ones. Activations then lie in the memory of the processors that first wrote them.
  bool pin = false;
};

// One tensor of a model's signature.
struct TensorInfo {
  std::string name;    // "detection_boxes"
  std::string tensor;  // the TF tensor, "detection_boxes:0"
  DType dtype = DType::kInvalid;
  Shape shape = Shape::unknown();
  std::string why;        // how it was found, for people
  bool optional = false;  // an input that takes its default where it is not fed
};

}  // namespace thaw
