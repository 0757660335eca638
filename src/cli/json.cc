#include "cli/json.h"

#include <cstdio>

#include "cli/print.h"
#include "thaw/files.h"

namespace thaw::cli {

Json shape_json(const Shape& shape) {
  if (!shape.has_rank()) return nullptr;
  Json dims = Json::array();
  for (const int64_t dim : shape) dims.push_back(dim == kUnknownDim ? Json(nullptr) : Json(dim));
  return dims;
}

Json tensor_info_json(const TensorInfo& info) {
  Json json = {{"name", info.name},
               {"tensor", info.tensor},
               {"dtype", dtype_name(info.dtype)},
               {"shape", shape_json(info.shape)}};
  if (info.optional) json["optional"] = true;
  if (!info.why.empty()) json["why"] = info.why;
  return json;
}

Json tensor_infos_json(const std::vector<TensorInfo>& infos) {
  Json list = Json::array();
  for (const TensorInfo& info : infos) list.push_back(tensor_info_json(info));
  return list;
}

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void write_text(const std::string& path, const std::string& text) {
  if (path == "-") {
    write_raw(stdout, text);
    return flush_output();
  }
  write_whole_file(path, text);
}

}  // namespace thaw::cli
