#include "cli/demo_data.h"

#include <fmt/format.h>

#include <filesystem>

#include "thaw/error.h"

namespace thaw::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "examples/traffic_lights";
constexpr const char* kModel = "model/frozen_inference_graph.pb";
constexpr const char* kLabels = "label_map.pbtxt";
constexpr const char* kImages = "validation";
constexpr const char* kTruth = "validation/instances.json";

std::vector<fs::path> places(const std::string& folder) {
  if (!folder.empty()) return {folder};
  std::vector<fs::path> found{fs::path(".") / kFolder};
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error)
    found.push_back(program.parent_path().parent_path().parent_path() / kFolder);  // build/release
  return found;
}

// The first place that has the file.
fs::path find_folder(const std::string& folder, const char* file) {
  std::string looked;
  std::error_code error;
  for (const fs::path& place : places(folder)) {
    if (fs::exists(place / file, error)) return place;
    looked += (looked.empty() ? "" : " or ") + place.string();
  }
  throw InputError(
      fmt::format("no {} in {}: --data names a folder as {} is, --model and --images other ones",
                  file, looked, kFolder));
}

}  // namespace

DemoData find_demo_data(const DemoData& given, const std::string& folder) {
  DemoData data = given;
  if (given.model.empty()) {
    const fs::path place = find_folder(folder, kModel);
    data.model = (place / kModel).lexically_normal().string();
    if (given.labels.empty()) data.labels = (place / kLabels).lexically_normal().string();
  }
  if (!given.images.empty()) return data;
  const fs::path place = find_folder(folder, kImages);
  data.images = {(place / kImages).lexically_normal().string()};
  std::error_code error;
  if (given.truth.empty() && given.model.empty() && fs::exists(place / kTruth, error))
    data.truth = (place / kTruth).lexically_normal().string();
  return data;
}

}  // namespace thaw::cli
