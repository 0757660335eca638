#include "cli/annotator.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "thaw/detector.h"
#include "thaw/error.h"

namespace thaw::cli {

namespace fs = std::filesystem;

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw ResourceError(fmt::format("{}: {}", folder, error.message()));
}

Annotator::Annotator(std::string folder) : folder_(std::move(folder)) {
  if (!folder_.empty()) make_folder(folder_);
}

std::string Annotator::write(const std::string& source, const Picture& picture,
                             const std::vector<Detection>& detections) {
  if (folder_.empty()) return {};
  const fs::path path(source);
  const std::string ending = path.extension() == ".png" ? ".png" : ".jpg";
  std::string name = path.stem().string() + ending;
  for (int i = 2; !used_.insert(name).second; ++i)
    name = fmt::format("{}_{}{}", path.stem().string(), i, ending);
  std::string target = (fs::path(folder_) / name).string();
  write_picture(target, annotate(picture, detections));
  return target;
}

}  // namespace thaw::cli
