#include "import/op_table.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace thaw {
namespace {

using Table = std::unordered_map<std::string_view, const OpRow*>;

const Table& table() {
  static const Table all = [] {
    Table t;
    for (const auto* family : {&create_ops(), &detection_ops(), &elementwise_ops(), &fused_ops(),
                               &image_ops(), &layout_ops(), &list_ops(), &nn_ops(), &parse_ops(),
                               &quantized_ops(), &reduce_ops(), &structure_ops(), &text_ops()})
      for (const OpRow& row : *family) t.emplace(row.op, &row);
    return t;
  }();
  return all;
}

const std::unordered_set<std::string_view>& by_region() {
  static const std::unordered_set<std::string_view> ops = {
      "Assert",
      "Case",
      "Const",
      "StatelessCase",
      "_SwitchN",
      "Enter",
      "Exit",
      "HostConst",
      "If",
      "LoopCond",
      "Merge",
      "NextIteration",
      "Placeholder",
      "RefEnter",
      "RefExit",
      "RefMerge",
      "RefNextIteration",
      "RefSwitch",
      "StatelessIf",
      "StatelessWhile",
      "Switch",
      "While",
      "_Arg",
  };
  return ops;
}

}  // namespace

const OpRow* find_op(const std::string& op) {
  const auto it = table().find(op);
  return it == table().end() ? nullptr : it->second;
}

bool is_structural_op(const std::string& op) { return by_region().count(op) > 0; }

std::vector<std::string> importable_ops() {
  std::vector<std::string> names;
  for (const auto& [name, row] : table()) names.emplace_back(name);
  for (std::string_view name : by_region()) names.emplace_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace thaw
