// What the translator of one TF node sees: its attributes, its inputs as values, and the graph that
// the translation goes to.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph.pb.h"
#include "graph/graph.h"

namespace thaw {

// The values of a node's outputs; kNone for one that thaw does not compute.
using Outputs = std::vector<ValueId>;

// What is known of a TensorArray: its elements' shape, from the attribute element_shape, else from
// what was scattered into it; whether writing behind its end makes it longer. Kept by the name of
// the node that made the array.
struct TensorArrayFacts {
  Shape element_shape = Shape::unknown();
  bool grows = false;
};
using TensorArrays = std::map<std::string, TensorArrayFacts>;

class NodeContext {
 public:
  NodeContext(const tf::NodeDef& def, Graph& graph, std::vector<ValueId> inputs)
      : def_(def), graph_(graph), inputs_(std::move(inputs)) {}

  const tf::NodeDef& def() const { return def_; }
  const std::string& op() const { return def_.op(); }
  Graph& graph() { return graph_; }
  // Throws InputError "node 'x' (Conv2D): <what>".
  [[noreturn]] void fail(const std::string& what) const;

  size_t num_inputs() const { return inputs_.size(); }
  void expect_inputs(size_t count) const { expect_inputs(count, count); }
  void expect_inputs(size_t min, size_t max) const;
  ValueId input(size_t i) const;  // throws InputError when there are fewer
  const std::vector<ValueId>& inputs() const { return inputs_; }
  std::vector<ValueId> inputs(size_t first, size_t count) const;
  const TensorType& type(size_t i) const { return graph_.value(input(i)).type; }
  // The input's value where it is a constant, else null.
  const Tensor* constant(size_t i) const { return graph_.constant_value(input(i)); }

  // Attributes. Without a default a missing one is an error; one of another type always is.
  bool has_attr(const char* name) const;
  int64_t int_attr(const char* name, std::optional<int64_t> otherwise = {}) const;
  float float_attr(const char* name, std::optional<float> otherwise = {}) const;
  bool bool_attr(const char* name, std::optional<bool> otherwise = {}) const;
  std::string string_attr(const char* name, std::optional<std::string> otherwise = {}) const;
  DType type_attr(const char* name, std::optional<DType> otherwise = {}) const;
  Shape shape_attr(const char* name, std::optional<Shape> otherwise = {}) const;
  std::vector<int64_t> ints_attr(const char* name,
                                 std::optional<std::vector<int64_t>> otherwise = {}) const;
  std::vector<Shape> shapes_attr(const char* name) const;
  std::vector<DType> types_attr(const char* name) const;
  // A count of inputs or outputs, which must be at least `min` and bounded.
  int64_t count_attr(const char* name, int64_t min) const;

  // The TensorArray of a node whose first input is its handle.
  void set_array(const std::string& name, TensorArrays* arrays);
  TensorArrayFacts& array();

  // Adds a node named after the TF node; the first returns its only output.
  ValueId add(Op op, std::vector<ValueId> inputs);
  Outputs add_all(Op op, std::vector<ValueId> inputs);
  ValueId constant_of(Tensor value) { return graph_.constant(std::move(value), def_.name()); }
  ValueId ints(const std::vector<int64_t>& values) { return constant_of(int_vector(values)); }
  ValueId scalar_int(int64_t value);
  // A scalar of a floating type.
  ValueId scalar_float(double value, DType dtype);

 private:
  static Tensor int_vector(const std::vector<int64_t>& values);
  const tf::AttrValue* find(const char* name, tf::AttrValue::ValueCase kind, bool required) const;

  const tf::NodeDef& def_;
  Graph& graph_;
  std::vector<ValueId> inputs_;
  TensorArrayFacts unknown_array_;
  TensorArrayFacts* array_ = nullptr;
};

}  // namespace thaw
