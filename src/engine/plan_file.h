// A plan on disk: the optimised graph, each node's kernel, and the weights as the kernels pack
// them, which are mapped and not copied.
//
//   "thawplan", format version, lengths, checksums | facts, graph, kernels, tensors' places |
//   tensors
//
// Files are trusted by their checksums alone: one that is whole was written by a thaw of the same
// sources, and what it says is taken as it is.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "engine/build_plan.h"
#include "graph/graph.h"
#include "thaw/options.h"

namespace thaw {

// What a plan is good for. A plan is used where all of these are what is asked for.
struct PlanFacts {
  std::string version;  // of thaw, for people
  std::string sources;  // source_id()
  std::string device;
  std::string processor;  // cpu_feature_text()
  uint64_t model = 0;     // checksum and length of the model's graph, see model_mark()
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

// Throws InputError when the file is no plan or damaged, or its format or sources are not this
// thaw's. The tensors lie in the mapped file, which they keep.
PlanFile read_plan_file(const std::string& path);
// The same from bytes that outlive the result or are kept by `owner`.
PlanFile parse_plan(std::string_view bytes, const std::shared_ptr<const void>& owner);

}  // namespace thaw
