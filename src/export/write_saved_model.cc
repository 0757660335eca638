#include "export/write_saved_model.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
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

void add_signature(const std::string& key, const FrozenModel& model, bool optional,
                   tf::MetaGraphDef* meta) {
  tf::SignatureDef& signature = (*meta->mutable_signature_def())[key];
  signature.set_method_name("tensorflow/serving/predict");
  for (const TensorSpec& spec : model.inputs)
    if (optional || !spec.optional) add_tensor_info(spec, signature.mutable_inputs());
  for (const TensorSpec& spec : model.outputs) add_tensor_info(spec, signature.mutable_outputs());
}

// Everything of the MetaGraph but the graph.
tf::MetaGraphDef meta_graph(const FrozenModel& model) {
  tf::MetaGraphDef meta;
  meta.mutable_meta_info_def()->add_tags("serve");
  const bool any = std::any_of(model.inputs.begin(), model.inputs.end(),
                               [](const TensorSpec& spec) { return spec.optional; });
  // A signature that the source has lists what it lists.
  const bool listed = model.kind >= ModelKind::kSavedModelTf1;
  add_signature("serving_default", model, listed, &meta);
  if (any && !listed) add_signature(kAllInputsSignature, model, true, &meta);
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

// Whether a folder may be replaced: it holds a SavedModel. Throws UsageError where it holds
// something else besides, which would be lost.
bool holds_only_saved_model(const fs::path& folder) {
  const std::set<std::string> known{
      "saved_model.pb", "saved_model.pbtxt", "variables",     "assets", "assets.extra",
      "debug",          "keras_metadata.pb", "fingerprint.pb"};
  std::error_code error;
  if (!fs::exists(folder / "saved_model.pb", error) &&
      !fs::exists(folder / "saved_model.pbtxt", error))
    return false;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (const std::string name = entry.path().filename().string(); known.count(name) == 0)
      throw UsageError(
          fmt::format("{}: can't be replaced: it holds {}, which is no part of a "
                      "SavedModel",
                      folder.string(), name));
  return !error;
}

// Throws UsageError where one of them lies in the other: a folder can't be copied into itself, and
// a source must outlive what replaces a folder.
void check_apart(const std::string& source, const std::string& path) {
  std::error_code error;
  const fs::path from = fs::weakly_canonical(source, error);
  const fs::path to = fs::weakly_canonical(path, error);
  const auto [a, b] = std::mismatch(from.begin(), from.end(), to.begin(), to.end());
  if (!from.empty() && (a == from.end()) != (b == to.end()))
    throw UsageError(fmt::format("{}: lies in {}; another place was expected",
                                 a == from.end() ? path : source, a == from.end() ? source : path));
}

}  // namespace

void copy_saved_model(const std::string& source, const std::string& path, bool replace,
                      const AddFiles& add_files) {
  check_apart(source, path);
  AtomicFolder folder(path, replace && holds_only_saved_model(path));
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

  check_apart(model.path, path);
  AtomicFolder folder(path, replace && holds_only_saved_model(path));
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
