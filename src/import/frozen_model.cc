#include "import/frozen_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "import/control_flow.h"
#include "import/cut_graph.h"
#include "import/find_outputs.h"
#include "import/freeze_inline.h"
#include "import/freeze_variables.h"
#include "import/graph_prune.h"
#include "import/op_outputs.h"
#include "import/tensor_name.h"
#include "import/tensor_proto.h"
#include "thaw/error.h"

namespace thaw {
namespace {

std::vector<std::string> keys_of(const std::vector<Signature>& signatures) {
  std::vector<std::string> keys;
  for (const Signature& s : signatures) keys.push_back(s.key);
  return keys;
}

// Null when the model has no signature at all and none was asked for.
const Signature* choose_signature(const ModelFile& model, const std::string& wanted) {
  const std::string key = wanted.empty() ? "serving_default" : wanted;
  if (const Signature* s = model.signature(key)) return s;
  const std::vector<std::string> keys = keys_of(model.signatures);
  if (!wanted.empty())
    throw UsageError(fmt::format("{}: there is no signature '{}'; there are: {}", model.path,
                                 wanted,
                                 keys.empty() ? "none" : fmt::format("{}", fmt::join(keys, ", "))));
  if (keys.size() > 1)
    throw UsageError(fmt::format("{}: has no signature 'serving_default'; choose one of: {}",
                                 model.path, fmt::join(keys, ", ")));
  // A TF1 graph without a signature is looked at like a frozen one; the top graph of a TF2 model
  // holds nothing but variables then.
  if (keys.empty() && model.kind == ModelKind::kSavedModelTf2)
    throw InputError(fmt::format(
        "{}: has no signature, so nothing says what its inputs and outputs are; save it again with "
        "tf.saved_model.save(model, folder, signatures=function)",
        model.graph_file));
  return keys.empty() ? nullptr : &model.signatures[0];
}

// The outputs that people asked for: keys of the signature, or tensors of the graph.
std::vector<TensorSpec> chosen_outputs(const ModelFile& model, const Signature* signature,
                                       const std::vector<std::string>& names) {
  std::vector<TensorSpec> outputs;
  for (const std::string& name : names) {
    const TensorSpec* known = nullptr;
    if (signature)
      for (const TensorSpec& spec : signature->outputs)
        if (spec.key == name) known = &spec;
    outputs.push_back(known ? *known : named_outputs(model.graph.node(), {name}, model.path)[0]);
  }
  return outputs;
}

// Inputs and outputs of the model, as tensors of its own graph.
void find_interface(const ModelFile& model, const FreezeOptions& options, FrozenModel* frozen) {
  const Signature* signature = choose_signature(model, options.signature);
  if (!options.outputs.empty())
    frozen->outputs = chosen_outputs(model, signature, options.outputs);
  else
    frozen->outputs = signature ? signature->outputs : find_outputs(model.graph.node());
  if (frozen->outputs.empty())
    throw InputError(fmt::format("{}: no outputs: every node is consumed by another", model.path));
  frozen->inputs = signature ? signature->inputs : find_inputs(model.graph.node(), frozen->outputs);
}

void check_interface(const ModelFile& model, const OpOutputs& ops, FrozenModel* frozen) {
  std::unordered_map<std::string_view, const tf::NodeDef*> by_name;
  for (const tf::NodeDef& node : model.graph.node()) by_name.emplace(node.name(), &node);
  for (std::vector<TensorSpec>* specs : {&frozen->inputs, &frozen->outputs})
    for (TensorSpec& spec : *specs) {
      const TensorName name = split_tensor_name(spec.tensor);
      const auto it = by_name.find(name.node);
      if (it == by_name.end() || name.is_control)
        throw InputError(
            fmt::format("{}: signature '{}' names tensor '{}', which is not in the graph",
                        model.graph_file, spec.key, spec.tensor));
      const int count = ops.count(*it->second);
      if (count >= 0 && name.index >= count)
        throw InputError(fmt::format(
            "{}: signature '{}' names tensor '{}', but node '{}' ({}) has {} "
            "outputs",
            model.graph_file, spec.key, spec.tensor, name.node, it->second->op(), count));
      if (specs == &frozen->inputs && name.index != 0)
        throw InputError(
            fmt::format("{}: signature '{}' feeds tensor '{}'; only first outputs can be fed",
                        model.graph_file, spec.key, spec.tensor));
      spec.tensor = fmt::format("{}:{}", name.node, name.index);
      if (specs == &frozen->inputs && it->second->op() == "PlaceholderWithDefault")
        spec.optional = true;
    }
}

bool is_plain(const tf::GraphDef& graph) {
  if (graph.library().function_size() > 0) return false;
  return std::none_of(graph.node().begin(), graph.node().end(), [](const tf::NodeDef& node) {
    const std::string& op = node.op();
    return op == "PartitionedCall" || op == "StatefulPartitionedCall" || op == "VarHandleOp" ||
           op == "VariableV2" || op == "Variable" || is_functional_op(op);
  });
}

// Characters TensorFlow allows in the name of a node.
std::string as_node_name(const std::string& key) {
  std::string name = key;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && !std::strchr("_./>-\\", c)) c = '_';
  if (name.empty() || !(std::isalnum(static_cast<unsigned char>(name[0])) || name[0] == '.'))
    name.insert(0, "n");
  return name;
}

// What a signature feeds is a Placeholder, whatever it was in training, or optional.
void make_placeholders(FrozenModel* frozen) {
  for (tf::NodeDef& node : frozen->nodes)
    for (const TensorSpec& spec : frozen->inputs) {
      if (spec.optional || split_tensor_name(spec.tensor).node != node.name() ||
          node.op() == "Placeholder")
        continue;
      node.set_op("Placeholder");
      node.clear_input();
      node.clear_attr();
      (*node.mutable_attr())["dtype"].set_type(spec.dtype);
      shape_to_tf(spec.shape, (*node.mutable_attr())["shape"].mutable_shape());
    }
}

// Renames nodes, and what refers to them.
void rename_nodes(const std::unordered_map<std::string, std::string>& names, FrozenModel* frozen) {
  if (names.empty()) return;
  const auto renamed = [&](const std::string& tensor) {
    const TensorName name = split_tensor_name(tensor);
    const auto it = names.find(std::string(name.node));
    if (it == names.end()) return tensor;
    return name.is_control ? "^" + it->second : join_tensor_name(it->second, name.index);
  };
  for (tf::NodeDef& node : frozen->nodes) {
    if (const auto it = names.find(node.name()); it != names.end()) node.set_name(it->second);
    for (std::string& input : *node.mutable_input()) input = renamed(input);
  }
  for (std::vector<TensorSpec>* specs : {&frozen->inputs, &frozen->outputs})
    for (TensorSpec& spec : *specs) {
      const std::string tensor = renamed(spec.tensor);
      const TensorName name = split_tensor_name(tensor);
      spec.tensor = fmt::format("{}:{}", name.node, name.index);
    }
}

// Adds Identity nodes under the names in `names`, one for each output; "" where none is needed.
void add_output_nodes(const std::vector<std::string>& names, FrozenModel* frozen) {
  for (size_t i = 0; i < names.size(); ++i) {
    TensorSpec& spec = frozen->outputs[i];
    if (names[i].empty()) continue;
    tf::NodeDef* identity = frozen->nodes.Add();
    identity->set_name(names[i]);
    identity->set_op("Identity");
    const TensorName tensor = split_tensor_name(spec.tensor);
    identity->add_input(join_tensor_name(tensor.node, tensor.index));
    (*identity->mutable_attr())["T"].set_type(spec.dtype);
    spec.tensor = names[i] + ":0";
  }
}

// Gives placeholders that a TF2 exporter named ("serving_default_image") the key of the signature,
// and makes every output available under its key.
void name_interface(FrozenModel* frozen) {
  std::unordered_map<std::string, std::string> renamed;
  std::unordered_set<std::string> wanted;
  if (frozen->kind != ModelKind::kSavedModelTf1)
    for (const TensorSpec& spec : frozen->inputs) {
      const std::string node(split_tensor_name(spec.tensor).node);
      const std::string name = as_node_name(spec.key);
      if (node != name && wanted.insert(name).second) renamed.emplace(node, name);
    }
  std::vector<std::string> output_names;
  for (const TensorSpec& spec : frozen->outputs) {
    const TensorName tensor = split_tensor_name(spec.tensor);
    std::string name = as_node_name(spec.key);
    if (tensor.node == name && tensor.index == 0 && !renamed.count(name)) {
      output_names.emplace_back();
      continue;
    }
    while (!wanted.insert(name).second) name += "_out";
    output_names.push_back(name);
  }
  // Nodes that have one of these names by chance make way.
  std::unordered_set<std::string> taken(wanted);
  for (const tf::NodeDef& node : frozen->nodes) taken.insert(node.name());
  for (const tf::NodeDef& node : frozen->nodes) {
    if (!wanted.count(node.name()) || renamed.count(node.name())) continue;
    std::string other = node.name() + "_1";
    while (!taken.insert(other).second) other += "_1";
    renamed.emplace(node.name(), other);
  }
  rename_nodes(renamed, frozen);
  add_output_nodes(output_names, frozen);
}

std::vector<std::string> tensors_of(const std::vector<TensorSpec>& specs) {
  std::vector<std::string> tensors;
  for (const TensorSpec& spec : specs) tensors.push_back(spec.tensor);
  return tensors;
}

// An input that no output needs stays: the signature has it.
std::vector<std::string> roots_of(const FrozenModel& frozen) {
  std::vector<std::string> roots = tensors_of(frozen.outputs);
  for (const TensorSpec& spec : frozen.inputs) roots.push_back(spec.tensor);
  return roots;
}

// Only the functions that nodes still refer to, by themselves or through others.
void prune_functions(FrozenModel* frozen) {
  std::unordered_set<std::string> used;
  std::vector<std::string> open;
  const auto want = [&](google::protobuf::RepeatedPtrField<tf::NodeDef>* nodes) {
    for (tf::NodeDef& node : *nodes)
      for (const std::string* name : function_attrs(&node))
        if (is_functional_op(node.op()) && used.insert(*name).second) open.push_back(*name);
  };
  want(&frozen->nodes);
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    want(&frozen->functions.at(name).nodes);
  }
  for (auto it = frozen->functions.begin(); it != frozen->functions.end();)
    it = used.count(it->first) ? std::next(it) : frozen->functions.erase(it);
}

// Inlines and binds variables; leaves the nodes that the outputs need, and the inputs.
void resolve_model(ModelFile* model, OpOutputs* ops, FrozenModel* frozen) {
  std::vector<std::string> reserved;
  for (const auto* specs : {&frozen->inputs, &frozen->outputs})
    for (const TensorSpec& spec : *specs) reserved.push_back(as_node_name(spec.key));
  std::vector<std::string> roots = roots_of(*frozen);
  InlinedGraph inlined = inline_calls(&model->graph, ops, model->graph_file, reserved, &roots);
  for (size_t i = 0; i < frozen->outputs.size(); ++i) {
    const TensorName name = split_tensor_name(roots[i]);
    frozen->outputs[i].tensor = fmt::format("{}:{}", name.node, name.index);
  }
  freeze_variables(*model, &inlined);
  prune_graph(&inlined.nodes, roots);
  frozen->nodes.Swap(&inlined.nodes);
  frozen->functions = std::move(inlined.functions);
  prune_functions(frozen);
}

// The part of the model that `tensors` of its top graph need.
FrozenModel part_before(const ModelFile& model, const FreezeOptions& options,
                        const std::vector<TensorSpec>& tensors) {
  ModelFile part;
  part.kind = model.kind;
  part.path = model.path;
  part.graph_file = model.graph_file;
  part.ops = model.ops;
  part.signatures = model.signatures;
  part.bundle = model.bundle;
  part.variables = model.variables;
  FreezeOptions part_options;
  part_options.signature = options.signature;
  part_options.outputs = tensors_of(tensors);
  const auto needed = needed_nodes(model.graph.node(), part_options.outputs, Edges::kAll);
  for (const tf::NodeDef& node : model.graph.node())
    if (needed.count(node.name())) *part.graph.add_node() = node;
  *part.graph.mutable_library() = model.graph.library();
  *part.graph.mutable_versions() = model.graph.versions();
  return freeze(std::move(part), part_options);
}

// The same once its calls are inlined.
FrozenModel part_before(const FrozenModel& model, const std::vector<TensorSpec>& inputs,
                        const std::vector<TensorSpec>& tensors) {
  FrozenModel part;
  part.path = model.path;
  part.kind = model.kind;
  part.versions = model.versions;
  part.functions = model.functions;
  part.op_outputs = model.op_outputs;
  part.outputs = tensors;
  const auto needed = needed_nodes(model.nodes, tensors_of(tensors), Edges::kAll);
  for (const tf::NodeDef& node : model.nodes)
    if (needed.count(node.name())) *part.nodes.Add() = node;
  for (const TensorSpec& spec : inputs)
    if (needed.count(std::string(split_tensor_name(spec.tensor).node))) part.inputs.push_back(spec);
  return part;
}

// Feeds `names`, as far as `nodes` has them, in place of the model's inputs `known`; returns those
// that it does not have.
std::vector<std::string> feed_tensors(
    NodeList* nodes, const std::vector<std::string>& names, const OpOutputs& ops,
    const std::vector<TensorSpec>& known, FrozenModel* frozen,
    const std::function<FrozenModel(const std::vector<TensorSpec>&)>& part) {
  std::vector<TensorSpec> cuts;
  std::vector<std::string> others;
  for (const std::string& name : names) {
    const auto same = std::find_if(known.begin(), known.end(), [&](const TensorSpec& spec) {
      return spec.key == name || spec.tensor == name || spec.key + ":0" == name;
    });
    TensorSpec spec;
    if (same != known.end())
      spec = *same;
    else if (!find_tensor(*nodes, ops, name, &spec)) {
      others.push_back(name);
      continue;
    }
    spec.optional = false;
    cuts.push_back(std::move(spec));
  }
  infer_types([&] { return part(cuts); }, &cuts);
  for (const TensorSpec& spec : cuts)
    if (spec.dtype == tf::DT_INVALID)
      throw UsageError(fmt::format("{}: '{}' can't be fed: nothing says of which type it is",
                                   frozen->path, spec.key));
  cut_graph(nodes, &cuts, &frozen->outputs);
  frozen->inputs.insert(frozen->inputs.end(), cuts.begin(), cuts.end());
  return others;
}

// What is fed leads to the outputs, and nothing else needs to be fed.
void check_fed(const FrozenModel& frozen) {
  const auto needed = needed_nodes(frozen.nodes, tensors_of(frozen.outputs), Edges::kData);
  std::unordered_set<std::string> fed;
  for (const TensorSpec& spec : frozen.inputs) {
    const std::string node(split_tensor_name(spec.tensor).node);
    if (!needed.count(node))
      throw UsageError(
          fmt::format("{}: no tensor '{}' leads to the outputs", frozen.path, spec.key));
    fed.insert(node);
  }
  for (const tf::NodeDef& node : frozen.nodes)
    if (node.op() == "Placeholder" && needed.count(node.name()) && !fed.count(node.name()))
      throw UsageError(fmt::format("{}: the outputs need '{}' too", frozen.path, node.name()));
}

// Only what lies outside of loops and branches can be fed; the default stays for the others.
void drop_nested_optional(FrozenModel* frozen) {
  const auto optional = [](const TensorSpec& spec) { return spec.optional; };
  if (std::none_of(frozen->inputs.begin(), frozen->inputs.end(), optional)) return;
  const GraphIndex index(frozen->nodes);
  std::vector<TensorRef> roots;
  for (const TensorSpec& spec : frozen->inputs)
    roots.push_back(index.resolve(spec.tensor, "input"));
  const ControlFlow flow(index, roots);
  size_t kept = 0;
  for (size_t i = 0; i < roots.size(); ++i)
    if (!frozen->inputs[i].optional ||
        (flow.frame(roots[i].node) == 0 && flow.runs_with(roots[i], {})))
      frozen->inputs[kept++] = frozen->inputs[i];
  frozen->inputs.resize(kept);
}

}  // namespace

FrozenModel freeze(ModelFile model, const FreezeOptions& options) {
  FrozenModel frozen;
  frozen.path = model.path;
  frozen.kind = model.kind;
  frozen.versions = model.graph.versions();
  auto ops = std::make_shared<OpOutputs>(model.ops);
  find_interface(model, options, &frozen);
  check_interface(model, *ops, &frozen);
  const std::vector<TensorSpec> known = frozen.inputs;
  std::vector<std::string> unknown;
  if (!options.inputs.empty()) {
    frozen.inputs.clear();
    unknown = feed_tensors(model.graph.mutable_node(), options.inputs, *ops, known, &frozen,
                           [&](const auto& cuts) { return part_before(model, options, cuts); });
  }
  const bool resolved = model.is_saved_model() || !is_plain(model.graph);
  if (resolved) {
    resolve_model(&model, ops.get(), &frozen);
    make_placeholders(&frozen);
    // Nodes of functions are there only now.
    if (!unknown.empty()) {
      unknown = feed_tensors(&frozen.nodes, unknown, *ops, {}, &frozen,
                             [&](const auto& cuts) { return part_before(frozen, known, cuts); });
      prune_graph(&frozen.nodes, roots_of(frozen));
      prune_functions(&frozen);
    }
  } else {
    frozen.nodes.Swap(model.graph.mutable_node());
  }
  if (!unknown.empty())
    throw UsageError(
        fmt::format("{}: no tensor '{}' leads to the outputs", frozen.path, unknown[0]));
  if (!options.inputs.empty()) check_fed(frozen);
  if (resolved) name_interface(&frozen);
  drop_nested_optional(&frozen);
  frozen.op_outputs = std::move(ops);
  return frozen;
}

FrozenModel read_frozen_model(const std::string& path, const FreezeOptions& options) {
  return freeze(read_model_file(path), options);
}

}  // namespace thaw
