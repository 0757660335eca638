// For tests: models written as text, and a plain interpreter of graphs.
#pragma once

#include <google/protobuf/text_format.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "base/condition.h"
#include "graph/verify.h"
#include "import/import_graph.h"
#include "import/tensor_proto.h"
#include "kernels/evaluate.h"
#include "thaw/error.h"

namespace thaw::test {

// "name | op | inputs | attributes": attributes "name: value" in AttrValue's text form.
// node("y | Add | x x | T {type: DT_FLOAT}")
inline tf::NodeDef node(const std::string& line) {
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < line.size(); ++i) {
    if (line.compare(i, 3, " | ") == 0) {
      parts.emplace_back();
      i += 2;
    } else {
      parts.back() += line[i];
    }
  }
  parts.resize(4);
  tf::NodeDef def;
  def.set_name(parts[0]);
  def.set_op(parts[1]);
  std::string word;
  for (char c : parts[2] + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      def.add_input(word);
      word.clear();
    }
  }
  // "T {type: DT_FLOAT} N {i: 2}" becomes one attr entry each.
  size_t at = 0;
  while ((at = parts[3].find('{')) != std::string::npos) {
    int depth = 0;
    size_t end = at;
    do {
      depth += parts[3][end] == '{' ? 1 : parts[3][end] == '}' ? -1 : 0;
    } while (depth > 0 && ++end < parts[3].size());
    std::string name = parts[3].substr(0, at);
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    const std::string body = parts[3].substr(at + 1, end - at - 1);
    if (!google::protobuf::TextFormat::ParseFromString(body, &(*def.mutable_attr())[name]))
      throw InternalError("test attribute: " + body);
    parts[3].erase(0, end + 1);
  }
  return def;
}

// Attributes of a scalar Const.
inline std::string int_value(int v) {
  return "dtype {type: DT_INT32} value {tensor {dtype: DT_INT32 tensor_shape {} int_val: " +
         std::to_string(v) + "}}";
}
inline std::string float_value(float v) {
  return "dtype {type: DT_FLOAT} value {tensor {dtype: DT_FLOAT tensor_shape {} float_val: " +
         std::to_string(v) + "}}";
}
inline std::string ints_value(const std::vector<int>& values) {
  std::string text =
      "dtype {type: DT_INT32} value {tensor {dtype: DT_INT32 tensor_shape {dim {size: " +
      std::to_string(values.size()) + "}} ";
  for (int v : values) text += "int_val: " + std::to_string(v) + " ";
  return text + "}}";
}

struct ModelText {
  std::vector<std::string> nodes;
  std::vector<std::string> outputs;
};

// Every Placeholder becomes an input; its attributes are dtype and shape.
inline FrozenModel model(const ModelText& text) {
  FrozenModel m;
  m.path = "test.pb";
  m.versions.set_producer(1882);
  for (const std::string& line : text.nodes) {
    tf::NodeDef def = node(line);
    if (def.op() == "Placeholder") {
      TensorSpec spec;
      spec.key = def.name();
      spec.tensor = def.name() + ":0";
      spec.dtype = def.attr().at("dtype").type();
      if (def.attr().count("shape")) spec.shape = shape_from_tf(def.attr().at("shape").shape(), "");
      m.inputs.push_back(spec);
    }
    *m.nodes.Add() = std::move(def);
  }
  for (const std::string& tensor : text.outputs) {
    TensorSpec spec;
    spec.key = tensor;
    spec.tensor = tensor;
    m.outputs.push_back(spec);
  }
  return m;
}

// Imports and verifies.
inline Graph import_text(const ModelText& text, ImportReport* report = nullptr) {
  Graph graph = import_graph(model(text), report);
  verify(graph);
  return graph;
}

// The message of the InputError that importing throws; empty when it throws none.
inline std::string import_error(FrozenModel m) {
  try {
    import_graph(std::move(m), nullptr);
  } catch (const InputError& e) {
    return e.what();
  }
  return {};
}
inline std::string import_error(const ModelText& text) { return import_error(model(text)); }

// Runs the graph with the reference kernels.
inline std::vector<Tensor> interpret(const Graph& graph, const std::vector<Tensor>& inputs) {
  std::unordered_map<ValueId, Tensor> values;
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs()[i]] = inputs[i];
  for (NodeId id : graph.topological_order()) {
    const Node& n = graph.node(id);
    std::vector<Tensor> args;
    for (ValueId v : n.inputs) args.push_back(values.at(v));
    std::vector<Tensor> results;
    if (const auto* constant = n.as<Const>()) {
      results = {constant->value};
    } else if (const auto* loop = n.as<While>()) {
      while (is_true(interpret(graph.subgraph(loop->cond), args)[0]))
        args = interpret(graph.subgraph(loop->body), args);
      results = args;
    } else if (const auto* branches = n.as<If>()) {
      const bool taken = is_true(args[0]);
      args.erase(args.begin());
      results =
          interpret(graph.subgraph(taken ? branches->then_branch : branches->else_branch), args);
    } else {
      results = evaluate(n.op, args);
    }
    for (size_t i = 0; i < n.outputs.size(); ++i) values[n.outputs[i]] = results[i];
  }
  std::vector<Tensor> outputs;
  for (const GraphOutput& o : graph.outputs()) outputs.push_back(values.at(o.value));
  return outputs;
}

inline Tensor scalar(int v) { return Tensor::of<int32_t>(DType::kInt32, {}, {v}); }
inline Tensor scalar(float v) { return Tensor::of<float>(DType::kFloat32, {}, {v}); }
inline Tensor scalar(bool v) { return Tensor::of<bool>(DType::kBool, {}, {v}); }
inline Tensor floats(const std::vector<float>& v) {
  return Tensor::of<float>(DType::kFloat32, {static_cast<int64_t>(v.size())}, v);
}

}  // namespace thaw::test
