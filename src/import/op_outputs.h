// The outputs of TensorFlow's ops: their names (function bodies refer to "node:values:0"), how many
// tensors each stands for, and their types.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph.pb.h"

namespace thaw {

// One named output of an op: a single tensor, `number_attr` tensors, or one per type in
// `type_list_attr`.
struct OutputArg {
  std::string name;
  tf::DataType dtype = tf::DT_INVALID;  // when fixed
  std::string type_attr;
  std::string number_attr;
  std::string type_list_attr;
};

class OpOutputs {
 public:
  OpOutputs();                                    // the ops known by themselves
  explicit OpOutputs(const tf::OpList& op_list);  // and what a SavedModel says of its own ops

  // Notes that an op that isn't known calls its one output `arg`.
  void learn(const std::string& op, std::string_view arg);

  // Null when the op is not known; it then has one output as far as anybody can tell.
  const std::vector<OutputArg>* find(const std::string& op) const;
  // The flat index of element `element` of output `arg` of `node`. An unknown op is taken to have
  // one output only. Throws InputError naming `where` when there is no such output.
  int flat_index(const tf::NodeDef& node, std::string_view arg, int element,
                 const std::string& where) const;
  // The inverse: "values:0" for a flat index.
  std::string arg_and_element(const tf::NodeDef& node, int index, const std::string& where) const;
  // The type of output `index`; DT_INVALID when it can't be told.
  tf::DataType dtype(const tf::NodeDef& node, int index) const;
  // How many outputs `node` has; -1 when the op is not known.
  int count(const tf::NodeDef& node) const;

 private:
  std::unordered_map<std::string, std::vector<OutputArg>> ops_;
};

// The attribute, or null.
const tf::AttrValue* find_attr(const tf::NodeDef& node, const std::string& name);

}  // namespace thaw
