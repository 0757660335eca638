// A finished graph becomes a plan: kernels are chosen, devices joined by copies, memory laid out.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "runtime/device.h"
#include "runtime/plan.h"

namespace thaw {

// What a build decided for one node: a later build of the same graph takes it over.
struct PreparedKernel {
  std::string name;            // of the row
  std::string why;             // why faster ones were passed over
  std::vector<Tensor> packed;  // its weights (OpDesc::pack)
  std::vector<bool> held;      // inputs that `packed` replaces
  int threads = 0;             // Step::threads
};
// By the graph, nested ones too, and the node in it.
using PreparedKernels = std::map<std::pair<const Graph*, NodeId>, PreparedKernel>;

// A constant without its elements: packed weights alone stand for it.
bool is_absent(const Tensor& constant);
// A constant whose every reader has it packed: node `id` of `graph`.
bool is_held(const Graph& graph, NodeId id, const PreparedKernels& kernels);
// Takes the memory of such constants away; their types stay.
void drop_held_constants(Graph& graph, const PreparedKernels& kernels);

// What a tuner found best: for single nodes, by the graph and the node in it, and for the plan.
struct TunedKernel {
  std::string name;  // of the row
  std::string why;   // by how much
};
struct TunedKernels {
  std::map<std::pair<const Graph*, NodeId>, TunedKernel> layers;
  int threads = 0;      // Step::threads of every step
  size_t left_out = 0;  // layers whose races something disturbed
  // The time of the plan without tuning over this one's, pair by pair; 0: they were not compared.
  double speedup = 0;
};

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
};

// Throws InputError, naming the node, when an op's attributes or constants are impossible, or when
// what is prepared does not suit the graph; ResourceError, naming the largest tensor's node, when
// the plan needs more memory than it may: before any of it is allocated but the kernels' packed
// weights.
std::unique_ptr<Plan> build_plan(const Graph& graph, const BuildContext& context);

}  // namespace thaw
