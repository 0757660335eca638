#include "import/graph_prune.h"

#include <string_view>
#include <unordered_map>
#include <utility>

#include "import/tensor_name.h"

namespace thaw {

namespace {

using NodeList = google::protobuf::RepeatedPtrField<tf::NodeDef>;

std::vector<char> mark_needed(const NodeList& nodes, const std::vector<std::string>& tensors,
                              Edges edges) {
  std::unordered_map<std::string_view, int> by_name;
  for (int i = 0; i < nodes.size(); ++i) by_name.emplace(nodes.Get(i).name(), i);
  std::vector<char> needed(static_cast<size_t>(nodes.size()), 0);
  std::vector<int> open;
  const auto want = [&](const std::string& tensor) {
    const TensorName name = split_tensor_name(tensor);
    if (name.is_control && edges == Edges::kData) return;
    const auto it = by_name.find(name.node);
    if (it == by_name.end() || needed[static_cast<size_t>(it->second)]) return;
    needed[static_cast<size_t>(it->second)] = 1;
    open.push_back(it->second);
  };
  for (const std::string& tensor : tensors) want(tensor);
  while (!open.empty()) {
    const tf::NodeDef& node = nodes.Get(open.back());
    open.pop_back();
    for (const std::string& input : node.input()) want(input);
  }
  return needed;
}

}  // namespace

std::unordered_set<std::string> needed_nodes(const NodeList& nodes,
                                             const std::vector<std::string>& tensors, Edges edges) {
  const std::vector<char> needed = mark_needed(nodes, tensors, edges);
  std::unordered_set<std::string> names;
  for (int i = 0; i < nodes.size(); ++i)
    if (needed[static_cast<size_t>(i)]) names.insert(nodes.Get(i).name());
  return names;
}

void prune_graph(NodeList* nodes, const std::vector<std::string>& tensors) {
  const std::vector<char> needed = mark_needed(*nodes, tensors, Edges::kAll);
  int kept = 0;
  for (int i = 0; i < nodes->size(); ++i)
    if (needed[static_cast<size_t>(i)]) nodes->SwapElements(kept++, i);
  nodes->DeleteSubrange(kept, nodes->size() - kept);
}

}  // namespace thaw
