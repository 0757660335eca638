// A segment's work as one CUDA graph.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "kernels/cuda/cuda_kernel.h"
#include "runtime/cuda/cuda_device.h"

namespace thaw {

// Nodes wait for those before them that they share memory with, one of them writing, and for no
// others: branches of a network run side by side. What lies elsewhere than in the run before is
// changed in the graph; memory of the host that is not pinned is copied by way of some that is.
class CudaGraph : public PreparedSegment {
 public:
  // The device's context and `staging` must outlive it, and so must what `work` points at.
  CudaGraph(std::shared_ptr<CudaContext> context, Allocator& staging,
            const std::vector<Work>& work);
  ~CudaGraph() override;
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  void run(Queue& queue) override;

 private:
  struct Piece;

  void build();
  void add(Piece& piece, const std::vector<size_t>& after);
  void update(Piece& piece);
  cuda::CopyNode copy_node(Piece& piece, void* host) const;
  void* host_side(Piece& piece);

  const std::shared_ptr<CudaContext> context_;
  std::vector<std::unique_ptr<Piece>> pieces_;
  bool has_programmatic_ = false;      // kernels may wait for others by themselves (begin())
  std::set<cuda::GraphNode> kernels_;  // nodes
  cuda::GraphHandle graph_ = nullptr;
  cuda::GraphExec exec_ = nullptr;
};

}  // namespace thaw
