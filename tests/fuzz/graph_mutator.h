// Changes graphs of TensorFlow's so that they mostly stay ones: numbers, attributes, types, shapes,
// edges, ops and whole nodes, also in functions.
#pragma once

#include <cstdint>
#include <random>

#include "graph.pb.h"

namespace thaw::fuzz {

class GraphMutator {
 public:
  explicit GraphMutator(uint32_t seed) : random_(seed) {}

  // One change, sometimes up to four.
  void mutate(tf::GraphDef& graph);
  // Puts nodes of the other graph into this one.
  void graft(tf::GraphDef& graph, const tf::GraphDef& other);

 private:
  using Nodes = google::protobuf::RepeatedPtrField<tf::NodeDef>;

  void mutate_once(tf::GraphDef& graph);
  void mutate_node(tf::NodeDef& node);
  void mutate_attribute(tf::NodeDef& node);
  void mutate_value(tf::AttrValue& value);
  void mutate_list(tf::AttrValue::ListValue& list);
  void mutate_shape(tf::TensorShapeProto& shape);
  void mutate_tensor(tf::TensorProto& tensor);
  void mutate_content(std::string& content, tf::DataType dtype);
  void rewire(Nodes& nodes);
  void swap_ops(Nodes& nodes);
  void copy_node(Nodes& nodes);
  void bypass_node(Nodes& nodes);

  uint32_t below(uint32_t n) { return n == 0 ? 0 : static_cast<uint32_t>(random_() % n); }
  bool one_in(uint32_t n) { return below(n) == 0; }
  int64_t number(int64_t old);
  double real();
  std::string text(const std::string& old);
  tf::DataType type();

  std::mt19937 random_;
};

}  // namespace thaw::fuzz
