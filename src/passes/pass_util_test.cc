// Helpers of the passes' tests: see pass_test_util.h.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "base/condition.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "kernels/evaluate.h"
#include "passes/pass_test_util.h"
#include "thaw/error.h"

namespace thaw {
namespace {

Graph canonical(const Graph& graph);

Op rehomed(Graph& target, const Graph& source, Op op) {
  const auto move = [&](GraphRef& ref) {
    ref = target.add_subgraph(canonical(source.subgraph(ref)));
  };
  if (auto* loop = std::get_if<While>(&op)) {
    move(loop->cond);
    move(loop->body);
  } else if (auto* branch = std::get_if<If>(&op)) {
    move(branch->then_branch);
    move(branch->else_branch);
  }
  return op;
}

Graph canonical(const Graph& graph) {
  Graph result;
  std::vector<ValueId> map(graph.num_values(), kNone);
  for (ValueId v : graph.inputs())
    map[v] = result.add_input(graph.value(v).name, graph.value(v).type);
  const std::function<void(NodeId)> add = [&](NodeId id) {
    const Node& node = graph.node(id);
    if (!node.outputs.empty() && map[node.outputs[0]] != kNone) return;
    std::vector<ValueId> inputs;
    for (ValueId v : node.inputs) {
      if (map[v] == kNone) add(graph.value(v).producer);
      inputs.push_back(map[v]);
    }
    const NodeId copy = result.add_node(rehomed(result, graph, node.op), std::move(inputs));
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      map[node.outputs[i]] = result.node(copy).outputs[i];
      result.set_type(map[node.outputs[i]], graph.value(node.outputs[i]).type);
    }
  };
  for (const GraphOutput& o : graph.outputs()) {
    if (map[o.value] == kNone) add(graph.value(o.value).producer);
    result.add_output(o.name, map[o.value]);
  }
  for (NodeId id : graph.topological_order())
    if (graph.node(id).as<Assert>()) add(id);
  return result;
}

std::vector<Tensor> run_nested(const Graph& graph, const Node& node, std::vector<Tensor> inputs) {
  if (const If* branch = node.as<If>()) {
    const bool yes = is_true(inputs[0]);
    inputs.erase(inputs.begin());
    return interpret(graph.subgraph(yes ? branch->then_branch : branch->else_branch), inputs);
  }
  const While& loop = *node.as<While>();
  while (is_true(interpret(graph.subgraph(loop.cond), inputs)[0]))
    inputs = interpret(graph.subgraph(loop.body), inputs);
  return inputs;
}

}  // namespace

PassContext test_context() {
  PassContext context;
  context.target.forms = LayerForms::all();
  context.evaluate = evaluate;
  return context;
}

std::string canonical_text(const Graph& graph) { return to_text(canonical(graph)); }

void expect_pass(bool (*pass)(Graph&, const PassContext&), const std::string& before,
                 const std::string& after) {
  Graph graph = parse_graph(before);
  const std::string given = canonical_text(graph);
  const bool changed = pass(graph, test_context());
  EXPECT_NO_THROW(verify(graph));
  EXPECT_EQ(canonical_text(graph), canonical_text(parse_graph(after)));
  if (given != canonical_text(graph)) {
    EXPECT_TRUE(changed);
  }
  pass(graph, test_context());
  EXPECT_EQ(canonical_text(graph), canonical_text(parse_graph(after))) << "after a second run";
}

void expect_unchanged(bool (*pass)(Graph&, const PassContext&), const std::string& graph) {
  expect_pass(pass, graph, graph);
}

std::vector<Tensor> interpret(const Graph& graph, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> values(graph.num_values());
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs()[i]] = inputs[i];
  for (NodeId id : graph.topological_order()) {
    const Node& node = graph.node(id);
    std::vector<Tensor> arguments;
    for (ValueId v : node.inputs) arguments.push_back(values[v]);
    std::vector<Tensor> results;
    if (node.as<While>() || node.as<If>())
      results = run_nested(graph, node, std::move(arguments));
    else if (const Const* constant = node.as<Const>())
      results = {constant->value};
    else
      results = evaluate(node.op, arguments);
    for (size_t i = 0; i < node.outputs.size(); ++i) values[node.outputs[i]] = results[i];
  }
  std::vector<Tensor> outputs;
  for (const GraphOutput& o : graph.outputs()) outputs.push_back(values[o.value]);
  return outputs;
}

Tensor random_tensor(DType dtype, const Shape& shape, unsigned seed) {
  std::mt19937 random(seed);
  Tensor t = Tensor::empty(dtype, shape);
  for (int64_t i = 0; i < t.num_elements(); ++i) {
    const auto r = random();
    if (dtype == DType::kFloat32)
      t.data<float>()[i] = static_cast<float>(r % 4001) / 1000.0F - 2.0F;
    else if (dtype == DType::kInt32)
      t.data<int32_t>()[i] = static_cast<int32_t>(r % 10);
    else if (dtype == DType::kUInt8)
      t.data<uint8_t>()[i] = static_cast<uint8_t>(r);
    else
      throw InternalError("no random numbers of this type");
  }
  return t;
}

void expect_close(const Tensor& actual, const Tensor& expected, float relative) {
  ASSERT_EQ(actual.str(), expected.str());
  if (actual.dtype() != DType::kFloat32) {
    EXPECT_TRUE(identical(actual, expected));
    return;
  }
  float magnitude = 0;
  for (int64_t i = 0; i < expected.num_elements(); ++i)
    if (std::isfinite(expected.data<float>()[i]))
      magnitude = std::max(magnitude, std::abs(expected.data<float>()[i]));
  for (int64_t i = 0; i < expected.num_elements(); ++i) {
    const float a = actual.data<float>()[i];
    const float e = expected.data<float>()[i];
    if (std::isnan(e) ? std::isnan(a) : a == e) continue;
    ASSERT_LE(std::abs(a - e), relative * magnitude) << "element " << i << ": " << a << ", " << e;
  }
}

}  // namespace thaw
