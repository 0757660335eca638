// Public structures as JSON documents.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "thaw/options.h"

namespace thaw::cli {

using Json = nlohmann::ordered_json;

// Unknown dimensions are null, an unknown rank is null as a whole.
Json shape_json(const Shape& shape);
Json tensor_info_json(const TensorInfo& info);
Json tensor_infos_json(const std::vector<TensorInfo>& infos);

// Text of a document; bytes that are no UTF-8 (file names may hold any) are replaced.
std::string dump(const Json& json);
// To a file that appears whole or not at all, or to standard output for "-".
void write_text(const std::string& path, const std::string& text);

}  // namespace thaw::cli
