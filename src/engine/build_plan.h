// A finished graph becomes a plan: kernels are chosen, devices joined by copies, memory laid out.
#pragma once

#include <memory>
#include <vector>

#include "engine/prepared_kernels.h"
#include "graph/graph.h"
#include "runtime/device.h"
#include "runtime/plan.h"
#include "thaw/error.h"

namespace thaw {

struct BuildContext {
  Device* device = nullptr;  // preferred
  // Fast kernels for what stays on the host beside such a device; empty for the reference device.
  KernelTable host_kernels;
  // Rows that are taken where a tuner or a stored plan names them, and never otherwise.
  std::vector<KernelTable> optional;
  const PreparedKernels* prepared = nullptr;  // of every node that has a kernel
  const TunedKernels* tuned = nullptr;        // nodes that it lacks get the first row that can
  PreparedKernels* record = nullptr;          // filled when it is there
  size_t memory_limit = 0;                    // bytes that the plan may need; 0: any number
  size_t max_workspace_size = 0;              // bytes of scratch that a kernel may ask for; 0: any
  int minimum_segment_size = 0;               // of a device's; smaller ones are the host's; -1: all
  bool strict = false;                        // reference kernels are an InputError
  int threads = 1;                            // of the pool that will run the plan
  // Of a device with memory of its own: what other plans of the same weights have there already.
  // Null: the plan's own.
  std::shared_ptr<ResidentConstants> resident;
  // Where the caller's inputs lie and where the results are wanted; a device's only where all of
  // them have static shapes and are numbers.
  Space inputs_in = Space::kHost;
  Space outputs_in = Space::kHost;
};

// The plan needs more memory than it may.
class PlanTooLarge : public ResourceError {
 public:
  using ResourceError::ResourceError;
};

// Throws InputError, naming the node, when an op's attributes or constants are impossible, or when
// what is prepared does not suit the graph; PlanTooLarge, naming the largest tensor's node, when
// the plan needs more memory than it may: before any of it is allocated but the kernels' packed
// weights.
std::unique_ptr<Plan> build_plan(const Graph& graph, const BuildContext& context);

}  // namespace thaw
