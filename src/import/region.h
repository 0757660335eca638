// Turns the nodes of one place (a graph, a function, a loop's condition or body, a branch) into a
// graph of thaw's. A loop or condition inside it becomes one While or If, whose nested graphs are
// made by regions of their own.
//
// Nothing here recurses along the nodes, however long their chains; regions nest at most kMaxDepth
// deep.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "import/frozen_model.h"
#include "import/scope.h"

namespace thaw {

// What all regions of one model share.
struct ImportState {
  FrozenModel& model;
  ImportReport& report;
  SplatBudget splat;
  size_t nodes_left = 0;  // a bound on what hostile nesting can multiply
  std::map<std::string, std::unique_ptr<Scope>> functions;

  Scope& function(const std::string& name, const tf::NodeDef& user);
};

class Region {
 public:
  static constexpr int kMaxDepth = 64;

  Region(ImportState& state, Scope& scope, Graph& graph, int depth);

  // The tensor comes from outside the region.
  void bind(TensorRef ref, ValueId value) { values_[ref.key()] = value; }
  // The node, a PlaceholderWithDefault, takes the graph's input where that is fed.
  void bind_optional(int32_t node, ValueId input) { optional_[node] = input; }
  // Adds what the tensors depend on to the graph.
  void build(const std::vector<TensorRef>& wanted);
  // After build. Throws InputError when thaw does not compute the tensor.
  ValueId value(TensorRef ref) const;

 private:
  // A tensor from outside a nested region: what it is called inside, and where it comes from.
  struct Capture {
    TensorRef inner;
    TensorRef outer;
  };
  // Something that is added to the graph in one go: a node, a loop or a condition.
  struct Unit {
    enum Kind : uint8_t { kNode, kLoop, kCondition } kind = kNode;
    int32_t id = -1;  // node, frame or group
    bool operator<(const Unit& o) const { return kind != o.kind ? kind < o.kind : id < o.id; }
  };
  struct Open {
    Unit unit;
    std::vector<TensorRef> dependencies;
    size_t next = 0;
  };

  Unit unit_of(int32_t node) const;
  bool is_ready(TensorRef ref) const;
  void open(Unit unit, std::vector<Open>& stack);
  std::vector<TensorRef> dependencies(Unit unit);
  void add(Unit unit);
  void add_node(int32_t node);
  void add_translated(int32_t node);
  void add_optional_input(int32_t node, ValueId input);
  void add_assert(int32_t node);
  void set_outputs(int32_t node, const Outputs& outputs);
  std::vector<ValueId> input_values(int32_t node, size_t first) const;

  // region_loop.cc
  std::vector<TensorRef> loop_roots(int32_t frame) const;
  std::vector<Capture> loop_captures(int32_t frame) const;
  void add_loop(int32_t frame);
  void bind_exits(int32_t frame, const std::vector<ValueId>& outputs);
  // region_condition.cc
  std::vector<Capture> condition_captures(int32_t group) const;
  void add_condition(int32_t group);
  // region_function.cc
  void add_functional_while(int32_t node);
  void add_functional_if(int32_t node);
  void add_functional_case(int32_t node);
  GraphRef add_function(int32_t node, const char* attr, const std::vector<ValueId>& inputs);
  Graph function_graph(const tf::NodeDef& user, const std::string& name,
                       const std::vector<ValueId>& inputs);

  // The nested graph's inputs follow these values of the graph's; equal ones are one input.
  struct NestedInputs {
    std::vector<ValueId> values;
    std::vector<std::pair<TensorRef, size_t>> bound;  // tensor inside -> position in values
    std::vector<std::string> names;
  };
  void add_captures(const std::vector<Capture>& captures, NestedInputs& inputs) const;
  // A nested graph that takes the inputs and gives `results`, then the inputs from
  // `passed_from` on as they came.
  Graph nested_graph(const NestedInputs& inputs, const std::vector<TensorRef>& results,
                     const std::vector<std::string>& names);
  // Visits what `roots` depend on, as far as stop(ref) is false.
  template <class F>
  void walk(const std::vector<TensorRef>& roots, F&& stop) const;

  ImportState& state_;
  Scope& scope_;
  Graph& graph_;
  int depth_;
  std::unordered_map<int64_t, ValueId> values_;
  std::unordered_map<int32_t, ValueId> optional_;
  std::set<Unit> done_;
  std::set<Unit> open_;
  std::map<Unit, std::vector<Capture>> captures_;
};

template <class F>
void Region::walk(const std::vector<TensorRef>& roots, F&& stop) const {
  std::unordered_set<int64_t> seen;
  std::unordered_set<int32_t> expanded;
  std::vector<TensorRef> stack(roots.rbegin(), roots.rend());
  while (!stack.empty()) {
    const TensorRef ref = stack.back();
    stack.pop_back();
    if (!seen.insert(ref.key()).second || stop(ref) || !expanded.insert(ref.node).second) continue;
    const std::vector<TensorRef> inputs = scope_.dependencies(ref.node);
    stack.insert(stack.end(), inputs.rbegin(), inputs.rend());
  }
}

}  // namespace thaw
