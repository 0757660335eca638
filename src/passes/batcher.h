// Computes an op for a whole batch at once: the shared half of batch_map_loops and
// batch_branches.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace thaw {

// A value of one item of the batch, in the graph that computes all of them.
struct BatchValue {
  ValueId value = kNone;
  bool batched = false;  // value is [batch, item's shape...]; else it is every item's
};

class Batcher {
 public:
  Batcher(Graph& graph, int64_t batch) : graph_(graph), batch_(batch) {}

  // The outputs of `op` for all items, from its inputs, not all of which are every item's; nothing
  // when there is no rule for the op as it stands.
  std::optional<std::vector<BatchValue>> apply(const Op& op, const std::vector<BatchValue>& inputs,
                                               const std::string& name);
  // [batch, item's shape...], repeated when it is every item's; kNone when the shape is unknown.
  ValueId whole(const BatchValue& v);
  // The shape of one item.
  Shape item_shape(const BatchValue& v) const;
  // The batch's indices 0, 1, ...
  ValueId indices(DType dtype);

 private:
  using Values = std::optional<std::vector<BatchValue>>;

  Values elementwise(const Op& op, const std::vector<BatchValue>& inputs, const std::string& name);
  Values shifted_axis(const Op& op, std::vector<BatchValue> inputs, size_t axis,
                      const std::string& name);
  Values reshaped(const BatchValue& x, const Shape& item);
  Values item_reshape(const Op& op, const std::vector<BatchValue>& inputs);
  Values open_item_reshape(const Op& op, const std::vector<BatchValue>& inputs);
  ValueId merged(ValueId all, Shape item);
  Values folded(const Op& op, const std::vector<BatchValue>& inputs, size_t tensors,
                const std::string& name);
  Values gathered(const Gather& op, const std::vector<BatchValue>& inputs, const std::string& name);
  Values prefixed(const Op& op, const std::vector<BatchValue>& inputs,
                  const std::vector<int64_t>& prefix, const std::string& name);
  Values padded(const Op& op, const std::vector<BatchValue>& inputs, const std::string& name);
  Values selected(const Op& op, const std::vector<BatchValue>& inputs, const std::string& name);
  Values transposed(const std::vector<BatchValue>& inputs, const std::string& name);
  Values box_decoded(const Op& op, const std::vector<BatchValue>& inputs, const std::string& name);
  Values packed(const Op& op, const std::vector<BatchValue>& inputs, const std::string& name);
  Values all_batched(const Op& op, const std::vector<ValueId>& inputs, const std::string& name);
  const Tensor* constant(const BatchValue& v) const;
  Shape whole_shape(const Shape& item) const;

  Graph& graph_;
  int64_t batch_;
};

}  // namespace thaw
