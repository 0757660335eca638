#include "import/graph_prune.h"

#include <string_view>
#include <unordered_map>
#include <utility>

#include "import/tensor_name.h"

namespace thaw {

void prune_graph(google::protobuf::RepeatedPtrField<tf::NodeDef>* nodes,
                 const std::vector<std::string>& tensors) {
  std::unordered_map<std::string_view, int> by_name;
  for (int i = 0; i < nodes->size(); ++i) by_name.emplace(nodes->Get(i).name(), i);
  std::vector<char> keep(static_cast<size_t>(nodes->size()), 0);
  std::vector<int> open;
  const auto want = [&](std::string_view name) {
    const auto it = by_name.find(split_tensor_name(name).node);
    if (it == by_name.end() || keep[static_cast<size_t>(it->second)]) return;
    keep[static_cast<size_t>(it->second)] = 1;
    open.push_back(it->second);
  };
  for (const std::string& tensor : tensors) want(tensor);
  while (!open.empty()) {
    const tf::NodeDef& node = nodes->Get(open.back());
    open.pop_back();
    for (const std::string& input : node.input()) want(input);
  }
  int kept = 0;
  for (int i = 0; i < nodes->size(); ++i)
    if (keep[static_cast<size_t>(i)]) nodes->SwapElements(kept++, i);
  nodes->DeleteSubrange(kept, nodes->size() - kept);
}

}  // namespace thaw
