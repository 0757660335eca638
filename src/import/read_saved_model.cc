#include "import/read_saved_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "import/read_bytes.h"
#include "import/read_graph.h"
#include "import/read_variables.h"
#include "import/tensor_bundle.h"
#include "import/tensor_proto.h"
#include "saved_model.pb.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

constexpr const char* kServeTag = "serve";

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// Throws when `path` leads out of `folder` through a link.
void check_inside(const fs::path& folder, const fs::path& path) {
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  const fs::path real = fs::canonical(path, error);
  if (error) return;  // not there: whoever opens it says so
  const auto [root_end, rest] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (root_end != root.end())
    throw InputError(
        fmt::format("{}: leads out of the model's folder, to {}", path.string(), real.string()));
}

std::string names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
    if (names.size() == 8) break;
  }
  std::sort(names.begin(), names.end());
  return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
}

// The bytes of saved_model.pb or, where there is only that, saved_model.pbtxt.
std::string read_saved_model_file(const std::string& folder, ModelFile* model) {
  const fs::path binary = fs::path(folder) / "saved_model.pb";
  const fs::path text = fs::path(folder) / "saved_model.pbtxt";
  if (!is_there(binary) && !is_there(text))
    throw InputError(fmt::format("{}: no SavedModel: it has no saved_model.pb; found {}{}", folder,
                                 names_in(folder), saved_model_advice(folder)));
  const std::string path = (is_there(binary) ? binary : text).string();
  check_inside(folder, path);
  const InputFile file(path);
  if (file.size() == 0) throw InputError(fmt::format("{}: is empty (0 bytes)", path));
  model->graph_file = path;
  return file.read_all(kMaxMessageBytes);
}

std::string tags_text(const tf::MetaGraphDef& meta) {
  const auto& tags = meta.meta_info_def().tags();
  return fmt::format("[{}]", fmt::join(tags.begin(), tags.end(), ", "));
}

// The MetaGraph for serving on the CPU: of several, the one with the fewest other tags ("gpu").
tf::MetaGraphDef* choose_meta_graph(tf::SavedModel* saved, const std::string& path) {
  tf::MetaGraphDef* chosen = nullptr;
  std::vector<std::string> all;
  for (tf::MetaGraphDef& meta : *saved->mutable_meta_graphs()) {
    all.push_back(tags_text(meta));
    const auto& tags = meta.meta_info_def().tags();
    if (std::find(tags.begin(), tags.end(), kServeTag) == tags.end()) continue;
    if (!chosen || tags.size() < chosen->meta_info_def().tags_size()) chosen = &meta;
  }
  if (all.empty()) throw InputError(fmt::format("{}: has no MetaGraph", path));
  if (!chosen)
    throw InputError(fmt::format("{}: no MetaGraph has the tag '{}'; their tags are {}", path,
                                 kServeTag, fmt::join(all, ", ")));
  return chosen;
}

TensorSpec tensor_spec(const std::string& key, const tf::TensorInfo& info,
                       const std::string& where) {
  if (info.encoding_case() != tf::TensorInfo::kName)
    throw InputError(fmt::format("{}, '{}': only plain tensors are possible, found a composite one",
                                 where, key));
  TensorSpec spec;
  spec.key = key;
  spec.tensor = info.name();
  spec.dtype = info.dtype();
  spec.shape = shape_from_tf(info.tensor_shape(), fmt::format("{}, '{}'", where, key));
  return spec;
}

std::vector<Signature> read_signatures(const tf::MetaGraphDef& meta, const std::string& path) {
  std::vector<Signature> signatures;
  for (const auto& [key, def] : meta.signature_def()) {
    if (key.rfind("__saved_model", 0) == 0 || def.outputs().empty()) continue;
    Signature s;
    s.key = key;
    s.method = def.method_name();
    const std::string where = fmt::format("{}: signature '{}'", path, key);
    for (const auto& [name, info] : def.inputs())
      s.inputs.push_back(tensor_spec(name, info, where));
    for (const auto& [name, info] : def.outputs())
      s.outputs.push_back(tensor_spec(name, info, where));
    const auto by_key = [](const TensorSpec& a, const TensorSpec& b) { return a.key < b.key; };
    std::sort(s.inputs.begin(), s.inputs.end(), by_key);
    std::sort(s.outputs.begin(), s.outputs.end(), by_key);
    signatures.push_back(std::move(s));
  }
  std::sort(signatures.begin(), signatures.end(),
            [](const Signature& a, const Signature& b) { return a.key < b.key; });
  return signatures;
}

// Variables, when the folder has any: a frozen model leaves variables/ empty or away.
void open_bundle(const std::string& folder, ModelFile* model) {
  const fs::path variables = fs::path(folder) / "variables";
  if (!is_there(variables / "variables.index")) return;
  std::error_code error;
  for (fs::directory_iterator it(variables, error), end; !error && it != end; it.increment(error))
    check_inside(folder, it->path());
  auto bundle = std::make_shared<TensorBundle>((variables / "variables").string());
  model->total_bytes += bundle->total_bytes();
  model->bundle = std::move(bundle);
}

}  // namespace

std::string saved_model_advice(const std::string& path) {
  for (const char* name : {"saved_model", "frozen_inference_graph.pb"}) {
    const fs::path inner = fs::path(path) / name;
    if (is_there(inner)) return fmt::format("; did you mean {}?", inner.string());
  }
  return "";
}

void read_saved_model_bytes(std::string bytes, const std::string& path, ModelFile* model) {
  if (model->graph_file.empty()) model->graph_file = path + "/saved_model.pb";
  model->total_bytes += bytes.size();
  tf::SavedModel saved;
  if (model->graph_file.back() == 't')  // .pbtxt
    parse_text(bytes, model->graph_file, &saved);
  else
    parse_binary(std::move(bytes), model->graph_file, &saved);
  tf::MetaGraphDef* meta = choose_meta_graph(&saved, model->graph_file);
  const bool is_tf2 = meta->object_graph_def().nodes_size() > 0;
  model->kind = is_tf2 ? ModelKind::kSavedModelTf2 : ModelKind::kSavedModelTf1;
  const tf::MetaGraphDef::MetaInfoDef& info = meta->meta_info_def();
  model->tags.assign(info.tags().begin(), info.tags().end());
  model->tensorflow_version = info.tensorflow_version();
  model->signatures = read_signatures(*meta, model->graph_file);
  check_graph(meta->graph_def(), model->graph_file);
  model->variables = find_variables(*meta, model->bundle.get());
  model->ops.Swap(meta->mutable_meta_info_def()->mutable_stripped_op_list());
  model->graph.Swap(meta->mutable_graph_def());
}

void read_saved_model(const std::string& path, ModelFile* model) {
  std::string bytes = read_saved_model_file(path, model);
  open_bundle(path, model);
  read_saved_model_bytes(std::move(bytes), path, model);
  if (is_there(fs::path(path) / "assets.extra" / "thaw")) model->kind = ModelKind::kOptimised;
}

}  // namespace thaw
