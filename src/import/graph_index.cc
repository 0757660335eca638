#include "import/graph_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "import/find_outputs.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kMaxShown = 200;

// Splits "name:3" into its name and output number; false when the number is none.
bool split_output(std::string_view text, std::string_view* name, int32_t* output) {
  *name = text;
  *output = 0;
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return true;
  *name = text.substr(0, colon);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, *output);
  return error == std::errc() && stop == end && *output >= 0;
}

}  // namespace

std::string shown(std::string_view name) {
  if (name.size() <= kMaxShown) return std::string(name);
  return fmt::format("{}... ({} characters)", name.substr(0, kMaxShown / 2), name.size());
}

std::string shown(const tf::NodeDef& node) {
  return fmt::format("node '{}' ({})", shown(node.name()), shown(node.op()));
}

GraphIndex::GraphIndex(Nodes& nodes, const std::vector<GraphFunction::Arg>& args)
    : num_args_(static_cast<int32_t>(args.size())) {
  for (const GraphFunction::Arg& arg : args) {
    tf::NodeDef& node = arg_nodes_.emplace_back();
    node.set_name(arg.name);
    node.set_op("_Arg");
    nodes_.push_back(&node);
  }
  for (tf::NodeDef& node : nodes) nodes_.push_back(&node);
  by_name_.reserve(nodes_.size());
  for (int32_t id = 0; id < size(); ++id) {
    if (node(id).name().empty())
      throw InputError(fmt::format("node {} ({}) has no name", id, shown(op(id))));
    if (!by_name_.emplace(node(id).name(), id).second)
      throw InputError(fmt::format("two nodes are called '{}'", shown(node(id).name())));
  }
  inputs_.resize(nodes_.size());
  for (int32_t id = 0; id < size(); ++id) {
    Inputs& in = inputs_[static_cast<size_t>(id)];
    in.first = static_cast<uint32_t>(refs_.size());
    for (const std::string& text : node(id).input()) {
      refs_.push_back(parse_input(node(id), text));
      if (refs_.back().is_control())
        ++in.num_control;
      else if (++in.num_data; in.num_control > 0)
        throw InputError(fmt::format("{}: the input '{}' comes after control inputs",
                                     shown(node(id)), shown(text)));
    }
  }
}

TensorRef GraphIndex::parse_input(const tf::NodeDef& node, const std::string& text) const {
  std::string_view name = text;
  TensorRef ref;
  if (!text.empty() && text[0] == '^') {
    name = name.substr(1);
    ref.output = TensorRef::kControl;
  } else if (!split_output(text, &name, &ref.output)) {
    throw InputError(
        fmt::format("{}: expected an input like 'node:1', found '{}'", shown(node), shown(text)));
  }
  if (name.empty()) throw InputError(fmt::format("{}: an input has no name", shown(node)));
  const auto it = by_name_.find(name);
  ref.node = it == by_name_.end() ? -1 : it->second;
  return ref;
}

RefSpan GraphIndex::data_inputs(int32_t id) const {
  const Inputs& in = inputs_[static_cast<size_t>(id)];
  return {refs_.data() + in.first, in.num_data};
}

RefSpan GraphIndex::control_inputs(int32_t id) const {
  const Inputs& in = inputs_[static_cast<size_t>(id)];
  return {refs_.data() + in.first + in.num_data, in.num_control};
}

void GraphIndex::check_inputs(int32_t id) const {
  const Inputs& in = inputs_[static_cast<size_t>(id)];
  for (uint32_t i = 0; i < in.num_data + in.num_control; ++i) {
    if (refs_[in.first + i].node >= 0) continue;
    std::string_view name;
    int32_t output = 0;
    const std::string& text = node(id).input(static_cast<int>(i));
    split_output(text, &name, &output);
    if (name[0] == '^') name = name.substr(1);
    throw InputError(fmt::format("{}: {}", shown(node(id)), missing(name)));
  }
}

TensorRef GraphIndex::data_input(int32_t id, size_t i) const {
  const RefSpan refs = data_inputs(id);
  if (i >= refs.size())
    throw InputError(fmt::format("{}: expected at least {} inputs, found {}", shown(node(id)),
                                 i + 1, refs.size()));
  if (refs[i].node < 0) check_inputs(id);
  return refs[i];
}

TensorRef GraphIndex::resolve(const std::string& tensor, const std::string& what) const {
  std::string_view name;
  TensorRef ref;
  if (!split_output(tensor, &name, &ref.output))
    throw InputError(
        fmt::format("{}: expected a tensor like 'node:0', found '{}'", what, shown(tensor)));
  const auto it = by_name_.find(name);
  if (it == by_name_.end()) throw InputError(fmt::format("{}: {}", what, missing(name)));
  ref.node = it->second;
  return ref;
}

std::string GraphIndex::missing(std::string_view name) const {
  constexpr size_t kMaxLength = 300, kMaxNames = 20000;  // bounds the search in hostile files
  std::vector<std::string> names;
  if (name.size() <= kMaxLength)
    for (size_t i = 0; i < std::min(nodes_.size(), kMaxNames); ++i)
      if (nodes_[i]->name().size() <= kMaxLength) names.push_back(nodes_[i]->name());
  const std::vector<std::string> near = nearest_names(std::string(name), names, 1);
  return fmt::format("there is no node '{}'{}", shown(name),
                     near.empty() ? "" : fmt::format("; the nearest is '{}'", near[0]));
}

}  // namespace thaw
