// The way GraphDefs refer to tensors: "node" (output 0), "node:2", "^node" (control).
#pragma once

#include <string>
#include <string_view>

namespace thaw {

struct TensorName {
  std::string_view node;
  int index = 0;
  bool is_control = false;
};

// Never throws: what doesn't end in ":number" is a node's name as it stands.
TensorName split_tensor_name(std::string_view name);
// "node" for output 0, "node:index" otherwise, as TensorFlow writes inputs.
std::string join_tensor_name(std::string_view node, int index);

}  // namespace thaw
