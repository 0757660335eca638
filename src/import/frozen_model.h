// The view of a model that the importer and the exporter work on: variables are constants, calls of
// library functions are inlined, and only While and If still refer to functions.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph.pb.h"
#include "import/model_file.h"

namespace thaw {

class OpOutputs;

// The body, condition or branch of a While or If. Inside, too, there are no calls and no resources.
// Inputs of nodes are written as in a GraphDef: "node", "node:1", "^node"; an argument is referred
// to by its name alone.
struct GraphFunction {
  struct Arg {
    std::string name;
    tf::DataType dtype = tf::DT_INVALID;
  };
  struct Result {
    std::string name;
    std::string tensor;  // "node:1", or an argument's name
    tf::DataType dtype = tf::DT_INVALID;
  };
  std::string name;
  std::vector<Arg> args;
  std::vector<Result> results;
  google::protobuf::RepeatedPtrField<tf::NodeDef> nodes;
};

struct FrozenModel {
  std::string path;  // of the model, for messages
  ModelKind kind = ModelKind::kFrozenBinary;
  tf::VersionDef versions;
  google::protobuf::RepeatedPtrField<tf::NodeDef> nodes;  // in no particular order
  std::map<std::string, GraphFunction> functions;         // by name; only those in use
  std::vector<TensorSpec> inputs;  // Placeholders, and PlaceholderWithDefault where optional
  std::vector<TensorSpec> outputs;
  std::shared_ptr<const OpOutputs> op_outputs;  // what the model's ops return
};

struct FreezeOptions {
  std::string signature;             // empty: serving_default, or the only one
  std::vector<std::string> outputs;  // tensor or node names in place of the signature's outputs
  // Tensors that are fed in place of the model's inputs: keys of the signature, tensor or node
  // names. Nothing that only they depend on is needed.
  std::vector<std::string> inputs;
};

// Freezes one signature of `model`, or for a frozen graph finds its inputs and outputs. Takes the
// graph out of `model`. Throws InputError (unreadable variables, recursive or missing functions)
// and UsageError (no such signature or output; names the nearest ones).
FrozenModel freeze(ModelFile model, const FreezeOptions& options = {});

// read_model_file and freeze.
FrozenModel read_frozen_model(const std::string& path, const FreezeOptions& options = {});

}  // namespace thaw
