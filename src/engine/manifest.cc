// manifest.json: JSON for people and tools. It carries a checksum of itself without that field.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/input_file.h"
#include "engine/saved_plans.h"
#include "import/crc32c.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr const char* kName = "/manifest.json";
constexpr uint64_t kMaxBytes = uint64_t{64} << 20;

Json shape_json(const Shape& shape) {
  return shape.has_rank() ? Json(shape.dims()) : Json(nullptr);
}

Shape shape_from(const Json& json) {
  return json.is_null() ? Shape::unknown() : Shape(json.get<std::vector<int64_t>>());
}

Json infos_json(const std::vector<TensorInfo>& infos) {
  Json out = Json::array();
  for (const TensorInfo& info : infos)
    out.push_back({{"name", info.name},
                   {"tensor", info.tensor},
                   {"dtype", dtype_name(info.dtype)},
                   {"shape", shape_json(info.shape)},
                   {"why", info.why},
                   {"optional", info.optional}});
  return out;
}

std::vector<TensorInfo> infos_from(const Json& json) {
  std::vector<TensorInfo> infos;
  for (const Json& j : json)
    infos.push_back({j.at("name"), j.at("tensor"), dtype_from_name(j.at("dtype")),
                     shape_from(j.at("shape")), j.at("why"), j.value("optional", false)});
  return infos;
}

// [low, high], and where there are such [low, high, method, [[low, high] of each channel]].
Json range_json(const ValueRange& range) {
  Json json = {range.low, range.high};
  if (range.method.empty() && range.channels.empty()) return json;
  json.push_back(range.method);
  if (!range.channels.empty()) json.push_back(range.channels);
  return json;
}

ValueRange range_from(const Json& json) {
  ValueRange range{json.at(0), json.at(1), {}, {}};
  if (json.size() > 2) range.method = json.at(2);
  if (json.size() > 3) range.channels = json.at(3).get<decltype(range.channels)>();
  return range;
}

uint32_t check_of(const Json& json) {
  const std::string text = json.dump();
  return crc32c(0, text.data(), text.size());
}

Manifest manifest_from(const Json& json) {
  Manifest manifest;
  manifest.version = json.at("thaw");
  manifest.device = json.at("device");
  manifest.identity = json.value("identity", "");
  manifest.precision = precision_from_name(json.at("precision"));
  manifest.max_cached_engines = json.at("max_cached_engines");
  manifest.allow_build = json.value("allow_build", true);
  manifest.max_workspace_size = json.value("max_workspace_size", size_t{0});
  manifest.minimum_segment_size = json.value("minimum_segment_size", kMinimumSegmentSize);
  manifest.model_bytes = json.at("model").at("bytes");
  manifest.model_crc = json.at("model").at("crc32c");
  manifest.inputs = infos_from(json.at("inputs"));
  manifest.outputs = infos_from(json.at("outputs"));
  for (const Json& j : json.at("plans")) {
    Manifest::Entry entry{j.at("file"), {}};
    if (entry.file.find('/') != std::string::npos)
      throw InputError(fmt::format("plan {} is outside the folder", entry.file));
    for (const Json& shape : j.at("shapes")) entry.shapes.push_back(shape_from(shape));
    manifest.plans.push_back(std::move(entry));
  }
  if (!json.contains("calibration") && !json.contains("wide")) return manifest;
  auto calibration = std::make_shared<Calibration>();
  if (json.contains("calibration"))
    for (const auto& [layer, range] : json.at("calibration").items())
      calibration->ranges[layer] = range_from(range);
  if (json.contains("wide")) calibration->wide = json.at("wide").get<std::set<std::string>>();
  manifest.calibration = std::move(calibration);
  return manifest;
}

// The files that make up the model, in a fixed order.
std::vector<std::string> model_files(const std::string& saved_model) {
  std::vector<std::string> files{saved_model + "/saved_model.pb"};
  std::error_code error;
  for (fs::directory_iterator it(saved_model + "/variables", error), end; !error && it != end;
       it.increment(error))
    files.push_back(it->path().string());
  std::sort(files.begin() + 1, files.end());
  return files;
}

// Numbers but a calibration's are whole: what JSON reads into whole ones must not have a fraction.
Json parsed(const std::string& path, const std::string& text) {
  bool in_calibration = false;
  return Json::parse(text, [&](int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::key && depth == 1) in_calibration = value == "calibration";
    if (event == Json::parse_event_t::value && value.is_number_float() && !in_calibration)
      throw InputError(
          fmt::format("{}: a whole number was expected, found {}", path, value.dump()));
    return true;
  });
}

}  // namespace

void write_manifest(const std::string& folder, const Manifest& manifest) {
  Json json = {{"format", kFormat},
               {"thaw", manifest.version},
               {"device", manifest.device},
               {"identity", manifest.identity},
               {"precision", precision_name(manifest.precision)},
               {"max_cached_engines", manifest.max_cached_engines},
               {"allow_build", manifest.allow_build},
               {"max_workspace_size", manifest.max_workspace_size},
               {"minimum_segment_size", manifest.minimum_segment_size},
               {"model", {{"bytes", manifest.model_bytes}, {"crc32c", manifest.model_crc}}},
               {"inputs", infos_json(manifest.inputs)},
               {"outputs", infos_json(manifest.outputs)}};
  json["plans"] = Json::array();
  for (const Manifest::Entry& entry : manifest.plans) {
    Json shapes = Json::array();
    for (const Shape& shape : entry.shapes) shapes.push_back(shape_json(shape));
    json["plans"].push_back({{"file", entry.file}, {"shapes", shapes}});
  }
  if (manifest.calibration) {
    for (const auto& [layer, range] : manifest.calibration->ranges)
      json["calibration"][layer] = range_json(range);
    if (!manifest.calibration->wide.empty()) json["wide"] = manifest.calibration->wide;
  }
  json["check"] = check_of(json);
  write_file(folder + kName, json.dump(1) + "\n");
}

Manifest read_manifest(const std::string& folder) {
  const std::string path = folder + kName;
  const std::string text = InputFile(path).read_all(kMaxBytes);
  try {
    Json json = parsed(path, text);
    const uint32_t check = json.at("check");
    json.erase("check");
    if (check != check_of(json)) throw InputError(path + ": is damaged");
    if (json.at("format") != kFormat)
      throw InputError(fmt::format("{}: has format {}, this thaw reads {}", path,
                                   json.at("format").dump(), kFormat));
    return manifest_from(json);
  } catch (const Json::exception& e) {
    throw InputError(fmt::format("{}: {}", path, e.what()));
  } catch (const UsageError& e) {
    throw InputError(fmt::format("{}: {}", path, e.what()));
  }
}

uint64_t model_mark(const Manifest& manifest) {
  return manifest.model_bytes << 32 ^ manifest.model_crc;
}

void mark_model(const std::string& saved_model, Manifest& manifest) {
  constexpr size_t kPiece = size_t{1} << 20;
  manifest.model_bytes = 0;
  manifest.model_crc = 0;
  std::string piece;
  for (const std::string& path : model_files(saved_model)) {
    const InputFile file(path);
    for (uint64_t at = 0; at < file.size(); at += piece.size()) {
      piece.resize(static_cast<size_t>(std::min<uint64_t>(kPiece, file.size() - at)));
      file.read(at, piece.data(), piece.size());
      manifest.model_crc = crc32c(manifest.model_crc, piece.data(), piece.size());
    }
    manifest.model_bytes += file.size();
  }
}

}  // namespace thaw
