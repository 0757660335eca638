#include "cli/annotator.h"

#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <set>

#include "thaw/detector.h"
#include "thaw/error.h"

namespace thaw::cli {

namespace fs = std::filesystem;

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw ResourceError(fmt::format("{}: {}", folder, error.message()));
}

namespace {

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

Annotator::Annotator(const std::string& folder, const std::vector<std::string>& all,
                     const std::vector<std::string>& mine, OutputRule& rule) {
  if (folder.empty()) return;
  std::set<std::string> used;  // in lower case: some file systems don't tell a.jpg from A.jpg
  for (const std::string& source : all) {
    const auto [target, is_new] = targets_.try_emplace(source);
    if (!is_new) continue;
    const fs::path path(source);
    const std::string ending = path.extension() == ".png" ? ".png" : ".jpg";
    std::string name = path.stem().string() + ending;
    for (int i = 2; !used.insert(lower_case(name)).second; ++i)
      name = fmt::format("{}_{}{}", path.stem().string(), i, ending);
    target->second = (fs::path(folder) / name).string();
  }
  std::set<std::string> asked;
  for (const std::string& source : mine)
    if (asked.insert(source).second) rule.writes(targets_.at(source), OutputKind::kPicture);
}

void Annotator::write(const std::string& source, const Picture& picture,
                      const std::vector<Detection>& detections) const {
  const auto target = targets_.find(source);
  if (target == targets_.end()) return;
  make_folder(fs::path(target->second).parent_path().string());
  write_picture(target->second, annotate(picture, detections));
}

}  // namespace thaw::cli
