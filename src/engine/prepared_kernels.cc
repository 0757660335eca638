#include "engine/prepared_kernels.h"

#include <fmt/format.h>

#include "thaw/error.h"

namespace thaw {

Tensor KernelPieces::take(size_t bytes, const std::function<void(void*)>& fill) {
  Tensor piece = make([&] {
    Tensor fresh = Tensor::empty(DType::kUInt8, {static_cast<int64_t>(bytes)});
    fill(fresh.raw());
    return fresh;
  });
  if (piece.num_bytes() != bytes)
    throw InputError(
        fmt::format("packed weights of {} bytes, {} were expected", piece.num_bytes(), bytes));
  return piece;
}

Tensor KernelPieces::make(const std::function<Tensor()>& make) {
  const size_t i = taken_.size();
  if (i < ready_.size())
    taken_.push_back(ready_[i]);
  else if (!ready_.empty())
    throw InputError(fmt::format("{} packed weights, more were expected", ready_.size()));
  else if (!may_make_)
    throw InputError("no packed weights, and none to pack");
  else
    taken_.push_back(make());
  return taken_.back();
}

Tensor KernelPieces::resident(const Tensor& piece) {
  return resident_ != nullptr ? resident_->get(piece) : piece;
}

void KernelPieces::check_all_taken() const {
  if (taken_.size() < ready_.size())
    throw InputError(
        fmt::format("{} packed weights, {} were expected", ready_.size(), taken_.size()));
}

bool is_absent(const Tensor& constant) {
  return constant.raw() == nullptr && constant.num_elements() > 0;
}

bool is_held(const Graph& graph, NodeId id, const PreparedKernels& kernels) {
  const Node& node = graph.node(id);
  const ValueId value = node.outputs[0];
  if (graph.is_output(value) || graph.value(value).users.empty()) return false;
  for (NodeId user : graph.value(value).users) {
    const auto found = kernels.find({&graph, user});
    if (found == kernels.end() || found->second.packed.empty()) return false;
    const std::vector<ValueId>& inputs = graph.node(user).inputs;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] == value && (i >= found->second.held.size() || !found->second.held[i]))
        return false;
  }
  return true;
}

void drop_held_constants(Graph& graph, const PreparedKernels& kernels) {
  for (size_t i = 0; i < graph.num_subgraphs(); ++i)
    drop_held_constants(graph.subgraph({static_cast<int64_t>(i)}), kernels);
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (!graph.node(id).alive || !graph.node(id).as<Const>() || !is_held(graph, id, kernels))
      continue;
    Tensor& value = std::get<Const>(graph.op(id)).value;
    value = Tensor::view(value.dtype(), value.shape(), nullptr);
  }
}

}  // namespace thaw
