#include "import/freeze_variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "import/control_flow.h"
#include "import/tensor_bundle.h"
#include "import/tensor_name.h"
#include "import/tensor_proto.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using NodeList = google::protobuf::RepeatedPtrField<tf::NodeDef>;

// What a handle's tensor will be once the variable is a constant.
struct ValueType {
  tf::DataType dtype = tf::DT_INVALID;
  tf::TensorShapeProto shape;
};

bool is_handle(const std::string& op) { return op == "VarHandleOp"; }
bool is_variable(const std::string& op) {
  return is_handle(op) || op == "VariableV2" || op == "Variable";
}
bool is_while(const std::string& op) { return op == "While" || op == "StatelessWhile"; }

// Ops that hand on what they get, a handle, too; all with its type in attribute T.
bool passes_on(const std::string& op) {
  for (const char* name :
       {"Identity", "Enter", "Exit", "Switch", "_SwitchN", "Merge", "NextIteration"})
    if (op == name) return true;
  return false;
}

void set_type(tf::NodeDef* node, const char* attr, tf::DataType dtype) {
  (*node->mutable_attr())[attr].set_type(dtype);
}

// Replaces the handles of one graph or function by values, following them wherever they go.
class HandleBinder {
 public:
  HandleBinder(const std::string& path, std::map<std::string, GraphFunction>* functions)
      : path_(path), functions_(functions) {}

  // `values` are the tensors ("node", "node:1", an argument's name) that are values now.
  void bind(NodeList* nodes, const std::unordered_map<std::string, ValueType>& values);

 private:
  struct Use {
    tf::NodeDef* node;
    int input;
  };
  void rewrite(const Use& use, const ValueType& type);
  void read(tf::NodeDef* node, const ValueType& type);
  void gather(tf::NodeDef* node, const ValueType& type);
  void pass_to_function(const Use& use, const ValueType& type);
  void found(const std::string& tensor, const ValueType& type);
  [[noreturn]] void fail(const tf::NodeDef& node, const std::string& what) const {
    throw InputError(fmt::format("{}: node '{}' ({}) {}", path_, node.name(), node.op(), what));
  }

  const std::string& path_;
  std::map<std::string, GraphFunction>* functions_;
  NodeList* nodes_ = nullptr;
  std::unordered_map<std::string, ValueType> values_;
  std::vector<std::string> open_;
};

void HandleBinder::found(const std::string& tensor, const ValueType& type) {
  if (values_.emplace(tensor, type).second) open_.push_back(tensor);
}

void HandleBinder::bind(NodeList* nodes, const std::unordered_map<std::string, ValueType>& values) {
  nodes_ = nodes;
  std::unordered_map<std::string, std::vector<Use>> uses;
  for (tf::NodeDef& node : *nodes)
    for (int i = 0; i < node.input_size(); ++i)
      if (node.input(i)[0] != '^') {
        const TensorName name = split_tensor_name(node.input(i));
        uses[join_tensor_name(name.node, name.index)].push_back({&node, i});
      }
  for (const auto& [tensor, type] : values) found(tensor, type);
  while (!open_.empty()) {
    const std::string tensor = std::move(open_.back());
    open_.pop_back();
    const ValueType type = values_[tensor];
    for (const Use& use : uses[tensor]) rewrite(use, type);
  }
}

void HandleBinder::rewrite(const Use& use, const ValueType& type) {
  tf::NodeDef* node = use.node;
  const std::string& op = node->op();
  if (op == "ReadVariableOp") {
    read(node, type);
  } else if (passes_on(op)) {
    node->mutable_attr()->erase("_output_shapes");
    set_type(node, "T", type.dtype);
    found(node->name(), type);
    if (op == "Switch") found(join_tensor_name(node->name(), 1), type);
    if (const tf::AttrValue* outputs = find_attr(*node, "num_outs"); outputs && op == "_SwitchN")
      for (int i = 1; i < std::min<int64_t>(outputs->i(), ControlFlow::kMaxBranches); ++i)
        found(join_tensor_name(node->name(), i), type);
  } else if (op == "ResourceGather" || op == "ResourceGatherNd") {
    gather(node, type);
  } else if (op == "VariableShape") {
    node->set_op("Shape");
    set_type(node, "T", type.dtype);
  } else if (op == "DisableCopyOnRead") {
    node->set_op("NoOp");
    node->clear_input();
    node->clear_attr();
  } else if (is_functional_op(op)) {
    pass_to_function(use, type);
  } else {
    fail(*node, "changes a variable or needs its handle; only reading is possible");
  }
}

void HandleBinder::read(tf::NodeDef* node, const ValueType& type) {
  const tf::AttrValue* wanted = find_attr(*node, "dtype");
  if (wanted && wanted->type() != type.dtype)
    fail(*node, fmt::format("reads {}, the variable '{}' is {}",
                            tf_dtype_name(static_cast<int>(wanted->type())), node->input(0),
                            tf_dtype_name(static_cast<int>(type.dtype))));
  node->set_op("Identity");
  node->mutable_attr()->erase("dtype");
  set_type(node, "T", type.dtype);
}

// ResourceGather and ResourceGatherNd on a handle are GatherV2 and GatherNd on its value.
void HandleBinder::gather(tf::NodeDef* node, const ValueType& type) {
  auto& attrs = *node->mutable_attr();
  attrs.erase("validate_indices");
  attrs.erase("dtype");
  set_type(node, "Tparams", type.dtype);
  if (node->op() == "ResourceGatherNd") {
    node->set_op("GatherNd");
    return;
  }
  const tf::AttrValue* batch_dims = find_attr(*node, "batch_dims");
  tf::NodeDef axis;
  axis.set_name(node->name() + "/axis");
  axis.set_op("Const");
  set_type(&axis, "dtype", tf::DT_INT32);
  const auto value = static_cast<int32_t>(batch_dims ? batch_dims->i() : 0);
  tensor_to_proto(Tensor::of<int32_t>(DType::kInt32, {}, {value}),
                  (*axis.mutable_attr())["value"].mutable_tensor());
  node->set_op("GatherV2");
  set_type(node, "Taxis", tf::DT_INT32);
  std::vector<std::string> inputs(node->input().begin(), node->input().end());
  if (inputs.size() < 2) fail(*node, "must have two inputs");
  inputs.insert(inputs.begin() + 2, axis.name());
  node->mutable_input()->Assign(inputs.begin(), inputs.end());
  *nodes_->Add() = std::move(axis);
}

void HandleBinder::pass_to_function(const Use& use, const ValueType& type) {
  tf::NodeDef* node = use.node;
  const bool loop = is_while(node->op());
  const int arg = loop ? use.input : use.input - 1;  // before it, the predicate or branch index
  const char* types = loop ? "T" : "Tin";
  auto* list = (*node->mutable_attr())[types].mutable_list();
  if (arg < 0 || arg >= list->type_size())
    fail(*node, fmt::format("has a bad attribute {}", types));
  list->set_type(arg, type.dtype);
  node->mutable_attr()->erase("_output_shapes");
  for (const std::string* name : function_attrs(node)) {
    GraphFunction& f = functions_->at(*name);
    const auto index = static_cast<size_t>(arg);
    f.args[index].dtype = type.dtype;
    HandleBinder(path_, functions_).bind(&f.nodes, {{f.args[index].name, type}});
    for (size_t r = 0; r < f.results.size(); ++r) {
      if (f.results[r].dtype != tf::DT_RESOURCE || f.results[r].tensor != f.args[index].name)
        continue;
      if (!loop || r != index) fail(*node, "hands on the handle of a variable");
      f.results[r].dtype = type.dtype;
    }
  }
  if (!loop) return;
  const auto shapes = node->mutable_attr()->find("output_shapes");
  if (shapes != node->mutable_attr()->end() && arg < shapes->second.list().shape_size())
    *shapes->second.mutable_list()->mutable_shape(arg) = type.shape;
  found(join_tensor_name(node->name(), arg), type);
}

// The constant that takes the place of a variable.
tf::NodeDef constant_of(const ModelFile& model, const tf::NodeDef& variable) {
  const std::string where = fmt::format("{}: variable '{}'", model.graph_file, variable.name());
  const auto source = model.variables.find(variable.name());
  if (!model.bundle)
    throw InputError(fmt::format("{} needs a value, but {}/variables has no variables.index", where,
                                 model.path));
  if (source == model.variables.end() || !model.bundle->contains(source->second.key))
    throw InputError(fmt::format("{} has no value in {}", where, model.bundle->index_path()));
  const Tensor value = model.bundle->read_slice(source->second.key, source->second.slice);
  const tf::AttrValue* dtype = find_attr(variable, "dtype");
  if (dtype && dtype->type() != dtype_to_tf(value.dtype()))
    throw InputError(fmt::format("{} is {}, its value in the checkpoint is {}", where,
                                 tf_dtype_name(static_cast<int>(dtype->type())), value.str()));
  if (const tf::AttrValue* attr = find_attr(variable, "shape")) {
    const Shape shape = shape_from_tf(attr->shape(), where);
    bool fits = !shape.has_rank() || shape.rank() == value.rank();
    for (int d = 0; fits && d < shape.rank(); ++d)
      fits = shape[d] == kUnknownDim || shape[d] == value.dim(d);
    if (!fits)
      throw InputError(fmt::format("{} has the shape {}, its value in the checkpoint is {}", where,
                                   shape.str(), value.str()));
  }
  tf::NodeDef node;
  node.set_name(variable.name());
  node.set_op("Const");
  set_type(&node, "dtype", dtype_to_tf(value.dtype()));
  tensor_to_proto(value, (*node.mutable_attr())["value"].mutable_tensor());
  return node;
}

// Reference ops read like the plain ones once the variable is a constant.
void drop_references(const std::string& path, NodeList* nodes) {
  for (tf::NodeDef& node : *nodes) {
    if (node.op().rfind("Assign", 0) == 0 || node.op().rfind("Scatter", 0) == 0)
      if (node.op() != "ScatterNd")
        throw InputError(
            fmt::format("{}: node '{}' ({}) changes a variable; only reading is possible", path,
                        node.name(), node.op()));
    for (const char* op :
         {"RefIdentity", "RefEnter", "RefExit", "RefSwitch", "RefMerge", "RefNextIteration"})
      if (node.op() == op) node.set_op(op + 3);
  }
}

}  // namespace

void freeze_variables(const ModelFile& model, InlinedGraph* graph) {
  std::unordered_map<std::string, ValueType> handles;
  bool any = false;
  for (tf::NodeDef& node : graph->nodes) {
    if (!is_variable(node.op())) continue;
    any = true;
    tf::NodeDef constant = constant_of(model, node);
    const tf::TensorProto& value = constant.attr().at("value").tensor();
    if (is_handle(node.op())) handles[node.name()] = {value.dtype(), value.tensor_shape()};
    node = std::move(constant);
  }
  if (!any) return;
  drop_references(model.graph_file, &graph->nodes);
  HandleBinder(model.graph_file, &graph->functions).bind(&graph->nodes, handles);
}

}  // namespace thaw
