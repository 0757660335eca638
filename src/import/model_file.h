// A model as it lies on disk, parsed and checked but not yet interpreted: TensorFlow's graph, its
// signatures, and where the values of its variables are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph.pb.h"
#include "thaw/tensor.h"

namespace thaw {

class TensorBundle;

enum class ModelKind {
  kFrozenBinary,   // a GraphDef, .pb
  kFrozenText,     // a GraphDef in text form, .pbtxt
  kSavedModelTf1,  // a folder; signatures over plain nodes
  kSavedModelTf2,  // a folder; signatures over calls of library functions
  kOptimised,      // a SavedModel folder with assets.extra/thaw
};
const char* model_kind_name(ModelKind kind);  // "frozen graph (binary)", "SavedModel (TF2)"...

// An input or output of a model.
struct TensorSpec {
  std::string key;     // the name people use: the signature's key, or the node's name
  std::string tensor;  // "node:0" in the graph
  tf::DataType dtype = tf::DT_INVALID;
  Shape shape = Shape::unknown();
  std::string why;        // how it was found, for people; empty when a signature names it
  bool optional = false;  // an input that has a default (PlaceholderWithDefault)
};

struct Signature {
  std::string key;  // "serving_default"
  std::string method;
  std::vector<TensorSpec> inputs;   // sorted by key
  std::vector<TensorSpec> outputs;  // sorted by key
};

// Where the value of a variable is: a key of the bundle and, for one part of a partitioned
// variable, TensorFlow's slice text ("10 4 0,5:0,4"); empty for the whole.
struct VariableSource {
  std::string key;
  std::string slice;
};

struct ModelFile {
  ModelKind kind = ModelKind::kFrozenBinary;
  std::string path;        // as given
  std::string graph_file;  // the file the graph came from
  tf::GraphDef graph;
  tf::OpList ops;  // the signatures of the ops used, where the file carries them
  std::vector<Signature> signatures;
  std::vector<std::string> tags;
  std::string tensorflow_version;                   // empty when unknown
  int producer = 0;                                 // GraphDef.versions.producer
  uint64_t total_bytes = 0;                         // of all files of the model
  std::shared_ptr<const TensorBundle> bundle;       // null when there are no variables
  std::map<std::string, VariableSource> variables;  // by the node of the top graph that owns it

  bool is_saved_model() const { return kind >= ModelKind::kSavedModelTf1; }
  // Null when there is no such signature.
  const Signature* signature(const std::string& key) const;
};

// Reads a frozen graph (.pb, .pbtxt) or a SavedModel folder; what it is shows in its content.
// Throws InputError naming file and field for whatever can't be used as it is.
ModelFile read_model_file(const std::string& path);
// A frozen graph's bytes; `name` is its path in messages.
ModelFile parse_model_file(std::string bytes, const std::string& name);

}  // namespace thaw
