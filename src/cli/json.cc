#include "cli/json.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "thaw/error.h"

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
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
      throw ResourceError(fmt::format("standard output: {}", std::strerror(errno)));
    return;
  }
  const std::string part = path + ".part";
  std::ofstream file(part, std::ios::binary);
  file << text;
  file.close();
  if (!file || std::rename(part.c_str(), path.c_str()) != 0) {
    const int error = errno;
    std::remove(part.c_str());
    throw ResourceError(fmt::format("{}: can't be written: {}", path, std::strerror(error)));
  }
}

}  // namespace thaw::cli
