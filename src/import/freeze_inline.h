// Calls of library functions are replaced by the functions' nodes, recursively; the functions of
// While, If and Case become graphs of their own, one for each place that uses them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph.pb.h"
#include "import/frozen_model.h"
#include "import/op_outputs.h"

namespace thaw {

// Inlines what `wanted` nodes of `graph` (all their ancestors included) call. `reserved` names are
// not given to inlined nodes. `outputs` are tensor names of the top graph and are rewritten to what
// they have become. Takes the nodes out of `graph`. Throws InputError for functions that are
// missing or call themselves, and where inlining would give out-of-proportion graphs.
struct InlinedGraph {
  google::protobuf::RepeatedPtrField<tf::NodeDef> nodes;
  std::map<std::string, GraphFunction> functions;
};
InlinedGraph inline_calls(tf::GraphDef* graph, OpOutputs* ops, const std::string& path,
                          const std::vector<std::string>& reserved,
                          std::vector<std::string>* outputs);

// The names of the functions that attributes of a While, If or Case node refer to.
std::vector<std::string*> function_attrs(tf::NodeDef* node);
std::vector<std::string> function_names(const tf::NodeDef& node);
bool is_functional_op(const std::string& op);  // While, If, Case and their stateless forms

}  // namespace thaw
