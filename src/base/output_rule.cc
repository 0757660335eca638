#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/atomic_file.h"
#include "base/input_file.h"
#include "base/marks.h"
#include "thaw/error.h"
#include "thaw/files.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

struct Mark {
  std::string_view begins;
  std::string_view holds;  // in the first 4 KiB
  std::string_view ends;
};

Mark mark_of(OutputKind kind) {
  switch (kind) {
    case OutputKind::kDetections:
      return {"{\"model\": ", ",\n \"images\": [", "}\n"};
    case OutputKind::kCsv:
      return {kCsvHead, "", "\n"};
    case OutputKind::kReport:
      return {"<!DOCTYPE html>", "<title>thaw compare: ", "</html>\n"};
    case OutputKind::kSummary:
      return {"<!DOCTYPE html>", "<title>thaw summary: ", "</html>\n"};
    case OutputKind::kPicture:
      return {"", kMadeByThaw, ""};
    case OutputKind::kArrays:
      return {"PK", "", kMadeByThaw};
    case OutputKind::kTrace:
      return {"{\n  \"otherData\": {\n    \"text\": \"made by thaw\"", "", "}\n"};
    case OutputKind::kGraph:
      return {"graph(", "", "}\n"};
    case OutputKind::kCalibration:
      return {kCalibrationHead, "", "\n"};
  }
  return {"\0never"sv, "", ""};
}

// An archive of arrays as thaw wrote them before it marked them: neither compressed nor of a
// system, in zip's version 2.0, which numpy's are not.
bool is_unmarked_archive(const InputFile& file) {
  constexpr size_t kEnd = 22;        // the end record
  constexpr size_t kDirectory = 16;  // in it: where the directory begins
  constexpr auto kEntry = "PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\x21\0"sv;
  if (file.size() < kEnd + kEntry.size()) return false;
  unsigned char end[kEnd];
  file.read(file.size() - kEnd, end, kEnd);
  const uint64_t at = end[kDirectory] | uint64_t{end[kDirectory + 1]} << 8 |
                      uint64_t{end[kDirectory + 2]} << 16 | uint64_t{end[kDirectory + 3]} << 24;
  if (at > file.size() - kEnd - kEntry.size()) return false;
  char entry[kEntry.size()];
  file.read(at, entry, kEntry.size());
  return std::string_view(entry, kEntry.size()) == kEntry;
}

bool find_file(const std::string& path, struct stat& info) {
  return ::stat(path.c_str(), &info) == 0;
}

// The name without links and "..", but for what a link at its end leads to.
std::string true_name(const std::string& path) {
  const fs::path name(path);
  const fs::path folder = name.has_parent_path() ? name.parent_path() : fs::path(".");
  std::error_code error;
  const fs::path real = fs::weakly_canonical(folder, error);
  return ((error ? folder : real) / name.filename()).string();
}

}  // namespace

bool is_made_by_thaw(const std::string& path, OutputKind kind) {
  constexpr size_t kHead = 4096;
  constexpr size_t kTail = 16;
  const Mark mark = mark_of(kind);
  try {
    const InputFile file(path);
    const std::string head = file.head(kHead);
    std::string tail(std::min<uint64_t>(file.size(), kTail), '\0');
    file.read(file.size() - tail.size(), tail.data(), tail.size());
    if (file.size() == 0) return true;
    if (kind == OutputKind::kArrays && is_unmarked_archive(file)) return true;
    return head.compare(0, mark.begins.size(), mark.begins) == 0 &&
           head.find(mark.holds) != std::string::npos && tail.size() >= mark.ends.size() &&
           tail.compare(tail.size() - mark.ends.size(), mark.ends.size(), mark.ends) == 0;
  } catch (const InputError&) {
    return false;
  }
}

void OutputRule::reads(const std::string& path) {
  struct stat info {};
  if (!find_file(path, info)) return;
  if (!S_ISDIR(info.st_mode)) {
    read_.emplace(FileId{info.st_dev, info.st_ino}, path);
    return;
  }
  const fs::path folder(path);
  if (!find_file(folder / "saved_model.pb", info) && !find_file(folder / "saved_model.pbtxt", info))
    return;
  std::error_code error;
  for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
       at.increment(error))
    if (find_file(at->path().string(), info) && !S_ISDIR(info.st_mode))
      read_.emplace(FileId{info.st_dev, info.st_ino}, at->path().string());
}

void OutputRule::writes(const std::string& path, OutputKind kind) {
  if (path.empty() || path == "-") return;
  struct stat info {};
  const bool exists = find_file(path, info);
  // Anything else than a file the writer refuses, or writes into.
  if (exists && (!S_ISREG(info.st_mode) || standard_stream(info) >= 0)) return;
  if (exists) {
    const auto read = read_.find(FileId{info.st_dev, info.st_ino});
    if (read != read_.end())
      throw UsageError(
          read->second == path
              ? fmt::format("{}: is read by this command and can't be written too", path)
              : fmt::format("{}: is the same file as {}, which this command reads", path,
                            read->second));
    if (!overwrite_ && !is_made_by_thaw(path, kind))
      throw UsageError(fmt::format("{}: exists, and thaw did not make it{}", path, hint_));
  }
  std::error_code error;
  const fs::path real = exists ? fs::canonical(path, error) : fs::path(true_name(path));
  if (!written_.insert(error ? path : real.string()).second)
    throw UsageError(fmt::format("{}: would be written twice", path));
}

}  // namespace thaw
