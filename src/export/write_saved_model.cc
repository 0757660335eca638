#include "export/write_saved_model.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <filesystem>
#include <system_error>

#include "base/atomic_file.h"
#include "export/atomic_folder.h"
#include "export/write_graph.h"
#include "import/tensor_proto.h"
#include "saved_model.pb.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

void add_tensor_info(const TensorSpec& spec,
                     google::protobuf::Map<std::string, tf::TensorInfo>* infos) {
  tf::TensorInfo& info = (*infos)[spec.key];
  info.set_name(spec.tensor);
  info.set_dtype(spec.dtype);
  shape_to_tf(spec.shape, info.mutable_tensor_shape());
}

// Everything of the MetaGraph but the graph.
tf::MetaGraphDef meta_graph(const FrozenModel& model) {
  tf::MetaGraphDef meta;
  meta.mutable_meta_info_def()->add_tags("serve");
  tf::SignatureDef& signature = (*meta.mutable_signature_def())["serving_default"];
  signature.set_method_name("tensorflow/serving/predict");
  for (const TensorSpec& spec : model.inputs) add_tensor_info(spec, signature.mutable_inputs());
  for (const TensorSpec& spec : model.outputs) add_tensor_info(spec, signature.mutable_outputs());
  return meta;
}

// A field's tag and length; its bytes follow.
std::string field_head(int number, size_t length) {
  std::string head;
  google::protobuf::io::StringOutputStream stream(&head);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.WriteTag(static_cast<uint32_t>(number << 3 | 2));
  coded.WriteVarint64(length);
  return head;
}

std::string serialise(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  return bytes;
}

bool holds_saved_model(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "saved_model.pb", error) ||
         fs::exists(folder / "saved_model.pbtxt", error);
}

}  // namespace

void copy_saved_model(const std::string& source, const std::string& path, bool replace,
                      const AddFiles& add_files) {
  AtomicFolder folder(path, replace && holds_saved_model(path));
  const fs::path to(folder.temporary());
  try {
    fs::copy(source, to, fs::copy_options::recursive);
    fs::remove_all(to / "assets.extra" / "thaw");
  } catch (const fs::filesystem_error& e) {
    throw ResourceError(fmt::format("{}: copying {}: {}", path, source, e.code().message()));
  }
  if (add_files) add_files(folder.temporary());
  folder.commit();
}

void write_saved_model(const std::string& path, const FrozenModel& model, bool replace,
                       const AddFiles& add_files) {
  constexpr int64_t kSchemaVersion = 1;
  // The graph's bytes are by far the largest part: put in between, they are copied only once.
  std::string graph = serialise_graph(model);
  const std::string meta = serialise(meta_graph(model));
  const std::string graph_head = field_head(tf::MetaGraphDef::kGraphDefFieldNumber, graph.size());
  tf::SavedModel empty;
  empty.set_saved_model_schema_version(kSchemaVersion);
  std::string head = serialise(empty);
  head += field_head(tf::SavedModel::kMetaGraphsFieldNumber,
                     meta.size() + graph_head.size() + graph.size());
  head += meta + graph_head;
  graph.insert(0, head);

  AtomicFolder folder(path, replace && holds_saved_model(path));
  write_file(folder.temporary() + "/saved_model.pb", graph);
  std::error_code error;
  fs::create_directory(folder.temporary() + "/variables", error);
  if (error)
    throw ResourceError(
        fmt::format("{}/variables: can't be created: {}", folder.temporary(), error.message()));
  if (add_files) add_files(folder.temporary());
  folder.commit();
}

}  // namespace thaw
