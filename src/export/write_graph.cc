#include "export/write_graph.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>
#include <sys/stat.h>

#include <string_view>
#include <unordered_map>

#include "base/atomic_file.h"
#include "import/op_outputs.h"
#include "import/read_graph.h"
#include "import/tensor_name.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// "node:1" in the form function bodies have: "node:values:1"; arguments stay as they are.
std::string body_reference(const std::unordered_map<std::string_view, const tf::NodeDef*>& nodes,
                           const std::string& input, const OpOutputs& ops,
                           const std::string& where) {
  const TensorName name = split_tensor_name(input);
  const auto node = nodes.find(name.node);
  if (name.is_control || node == nodes.end()) return input;
  return fmt::format("{}:{}", name.node, ops.arg_and_element(*node->second, name.index, where));
}

tf::FunctionDef function_def(const GraphFunction& f, const OpOutputs& ops,
                             const std::string& path) {
  const std::string where = fmt::format("{}: function '{}'", path, f.name);
  tf::FunctionDef def;
  def.mutable_signature()->set_name(f.name);
  for (const GraphFunction::Arg& arg : f.args) {
    tf::OpDef::ArgDef* a = def.mutable_signature()->add_input_arg();
    a->set_name(arg.name);
    a->set_type(arg.dtype);
  }
  std::unordered_map<std::string_view, const tf::NodeDef*> nodes;
  for (const tf::NodeDef& node : f.nodes) nodes.emplace(node.name(), &node);
  for (const GraphFunction::Result& result : f.results) {
    tf::OpDef::ArgDef* a = def.mutable_signature()->add_output_arg();
    a->set_name(result.name);
    a->set_type(result.dtype);
    (*def.mutable_ret())[result.name] = body_reference(nodes, result.tensor, ops, where);
  }
  *def.mutable_node_def() = f.nodes;
  for (tf::NodeDef& node : *def.mutable_node_def())
    for (std::string& input : *node.mutable_input())
      input = body_reference(nodes, input, ops, where);
  return def;
}

tf::FunctionDefLibrary library_of(const FrozenModel& model) {
  tf::FunctionDefLibrary library;
  const OpOutputs defaults;
  const OpOutputs& ops = model.op_outputs ? *model.op_outputs : defaults;
  for (const auto& [name, f] : model.functions)
    *library.add_function() = function_def(f, ops, model.path);
  return library;
}

// Writes field `number` of a message, deterministically.
void write_field(int number, const google::protobuf::Message& value,
                 google::protobuf::io::CodedOutputStream& coded) {
  coded.WriteTag(static_cast<uint32_t>(number << 3 | 2));
  coded.WriteVarint64(value.ByteSizeLong());
  value.SerializeWithCachedSizes(&coded);
}

// One stream for all fields: each new one would clear all the string's unused room.
void write_fields(const FrozenModel& model, std::string* out) {
  google::protobuf::io::StringOutputStream stream(out);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  for (const tf::NodeDef& node : model.nodes)
    write_field(tf::GraphDef::kNodeFieldNumber, node, coded);
  if (!model.functions.empty())
    write_field(tf::GraphDef::kLibraryFieldNumber, library_of(model), coded);
  write_field(tf::GraphDef::kVersionsFieldNumber, model.versions, coded);
}

}  // namespace

tf::GraphDef graph_def(const FrozenModel& model) {
  tf::GraphDef graph;
  *graph.mutable_node() = model.nodes;
  *graph.mutable_versions() = model.versions;
  if (!model.functions.empty()) *graph.mutable_library() = library_of(model);
  return graph;
}

std::string serialise_graph(const FrozenModel& model) {
  std::string bytes;
  size_t total = 0;
  for (const tf::NodeDef& node : model.nodes) total += node.ByteSizeLong() + 8;
  if (total > kMaxMessageBytes)
    throw InputError(
        fmt::format("{}: the graph takes {} bytes; a GraphDef is limited to 2 GiB by protobuf",
                    model.path, total));
  bytes.reserve(total + (size_t{64} << 10));
  write_fields(model, &bytes);
  if (bytes.size() > kMaxMessageBytes)
    throw InputError(
        fmt::format("{}: the graph takes {} bytes; a GraphDef is limited to 2 GiB by protobuf",
                    model.path, bytes.size()));
  return bytes;
}

void write_frozen_graph(const std::string& path, const FrozenModel& model, bool replace,
                        const CheckFile& check) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode))
      throw UsageError(fmt::format("{}: a folder is in the way of the file to be written", path));
    if (!replace) throw UsageError(fmt::format("{}: exists; remove it or ask to replace it", path));
    struct stat source {};
    if (::stat(model.path.c_str(), &source) == 0 && source.st_dev == info.st_dev &&
        source.st_ino == info.st_ino)
      throw UsageError(fmt::format("{}: is the model itself; another name was expected", path));
  }
  const std::string_view extension = ".pbtxt";
  const bool text = path.size() >= extension.size() &&
                    path.compare(path.size() - extension.size(), extension.size(), extension) == 0;
  std::string out;
  if (text)
    google::protobuf::TextFormat::PrintToString(graph_def(model), &out);
  else
    out = serialise_graph(model);
  AtomicFile file(path);
  file.write(out);
  out = {};
  if (check) check(file.temporary());
  file.commit();
}

}  // namespace thaw
