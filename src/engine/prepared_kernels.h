// What builds of one graph have in common: each node's kernel, its packed weights, and what a tuner
// found.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "kernels/kernel.h"
#include "runtime/resident.h"

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
  size_t races = 0;     // of layers and whole plans
  size_t known = 0;     // of them, that the timing cache had
  // The time of the plan without tuning over this one's, pair by pair; 0: they were not compared.
  double speedup = 0;
};

// The pieces of an earlier build of the kernel while there are any, else fresh ones; keeps those it
// gives. Throws InputError where they are not what the kernel asks for.
class KernelPieces : public BuildServices {
 public:
  // `resident` is null for kernels in host memory. Without `may_make` all must be ready.
  KernelPieces(const std::vector<Tensor>& ready, bool may_make, ResidentConstants* resident)
      : ready_(ready), may_make_(may_make), resident_(resident) {}

  Tensor take(size_t bytes, const std::function<void(void*)>& fill) override;
  Tensor make(const std::function<Tensor()>& make) override;
  Tensor resident(const Tensor& piece) override;
  const std::vector<Tensor>& taken() const { return taken_; }
  void check_all_taken() const;

 private:
  const std::vector<Tensor>& ready_;
  const bool may_make_;
  ResidentConstants* const resident_;
  std::vector<Tensor> taken_;
};

}  // namespace thaw
