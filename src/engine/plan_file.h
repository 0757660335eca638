// A plan on disk: the optimised graph, each node's kernel, and the weights as the kernels pack
// them.
//
//   "thawplan", format version, lengths, checksums | facts, tensors' places, graph, kernels, times
//   | tensors
//
// Checksums find damage, not intent: what a file says is checked when it is read (the graph is
// whole and its types follow from its ops) and when it is built (every kernel can run its op and
// has the weights that it asks for, build_plan).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/build_plan.h"
#include "graph/graph.h"
#include "thaw/options.h"

namespace thaw {

// What comes first in the file: the lengths and checksums of the two parts behind it.
struct PlanHead {
  static constexpr size_t kBytes = 64;
  static constexpr size_t kAlignment = 64;  // of each tensor in the file

  uint64_t meta_bytes = 0;  // from the head on, zeros up to the tensors included
  uint64_t tensor_bytes = 0;
  uint32_t meta_crc = 0;
  uint32_t tensor_crc = 0;

  std::string bytes() const;
};

// What a plan is good for. A plan is used where all of these are what is asked for.
struct PlanFacts {
  std::string version;  // of thaw, for people
  std::string sources;  // source_id()
  std::string device;
  std::string identity;  // Device::identity
  uint64_t model = 0;    // checksum and length of the model's graph, see model_mark()
  Precision precision = Precision::kFloat32;
  std::vector<Shape> shapes;
};

struct PlanFile {
  std::string path;  // where it was read
  PlanFacts facts;
  std::unique_ptr<Graph> graph;  // constants that only packed weights stand for have no memory
  PreparedKernels kernels;       // of `graph` and the graphs nested in it
  std::vector<float> step_ms;    // as measured when the plan was built; may be empty
  std::vector<std::pair<std::string, double>> build_times;
};

// Throws ResourceError. `file.kernels` are what build_plan recorded.
void write_plan_file(const std::string& path, const PlanFile& file);

// Throws InputError when the file is no plan, damaged or contradicts itself, or its format or
// sources are not this thaw's. It is read into memory, which the tensors keep: what happens to the
// file afterwards does not matter.
PlanFile read_plan_file(const std::string& path);
// The same from bytes, aligned to 64, that outlive the result or are kept by `owner`.
PlanFile parse_plan(std::string_view bytes, const std::shared_ptr<const void>& owner);

}  // namespace thaw
