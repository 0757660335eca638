#include "import/model_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "import/read_graph.h"
#include "import/read_saved_model.h"
#include "thaw/error.h"

namespace thaw {

const char* model_kind_name(ModelKind kind) {
  switch (kind) {
    case ModelKind::kFrozenBinary:
      return "frozen graph";
    case ModelKind::kFrozenText:
      return "frozen graph (text)";
    case ModelKind::kSavedModelTf1:
      return "SavedModel (TF1)";
    case ModelKind::kSavedModelTf2:
      return "SavedModel (TF2)";
    case ModelKind::kOptimised:
      return "optimised SavedModel";
  }
  return "model";
}

const Signature* ModelFile::signature(const std::string& key) const {
  for (const Signature& s : signatures)
    if (s.key == key) return &s;
  return nullptr;
}

ModelFile read_model_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    throw InputError(fmt::format("{}: {}", path, std::strerror(errno)));
  ModelFile model;
  model.path = path;
  if (S_ISDIR(info.st_mode))
    read_saved_model(path, &model);
  else
    read_graph_file(path, &model);
  model.producer = model.graph.versions().producer();
  return model;
}

ModelFile parse_model_file(std::string bytes, const std::string& name) {
  ModelFile model;
  model.path = name;
  read_graph_bytes(std::move(bytes), name, &model);
  model.producer = model.graph.versions().producer();
  return model;
}

}  // namespace thaw
