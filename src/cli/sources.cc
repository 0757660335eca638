#include "cli/sources.h"

#include <dirent.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "thaw/error.h"

namespace thaw::cli {
namespace {

using namespace std::string_view_literals;

constexpr std::array kEndings = {".jpg"sv, ".jpeg"sv, ".jpe"sv, ".jfif"sv,
                                 ".png"sv, ".bmp"sv,  ".gif"sv};

// kOther: a pipe, a socket or a device. Reading it says so when its turn comes, as of any other
// picture that can't be read.
enum class PathKind { kMissing, kFile, kFolder, kOther };

PathKind kind_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return PathKind::kMissing;
  if (S_ISREG(info.st_mode)) return PathKind::kFile;
  return S_ISDIR(info.st_mode) ? PathKind::kFolder : PathKind::kOther;
}

bool same_ending(std::string_view name, std::string_view ending) {
  if (name.size() <= ending.size()) return false;
  name.remove_prefix(name.size() - ending.size());
  return std::equal(name.begin(), name.end(), ending.begin(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

bool is_picture_name(std::string_view name) {
  return name[0] != '.' && std::any_of(kEndings.begin(), kEndings.end(),
                                       [name](auto ending) { return same_ending(name, ending); });
}

void add_folder(const std::string& folder, std::vector<std::string>& files) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (!open)
    throw InputError(fmt::format("{}: the folder can't be read: {}", folder, strerror(errno)));
  const std::string prefix = folder.back() == '/' ? folder : folder + '/';
  std::vector<std::string> found;
  while (const dirent* entry = ::readdir(open.get()))
    if (is_picture_name(entry->d_name) && kind_of(prefix + entry->d_name) != PathKind::kFolder)
      found.push_back(prefix + entry->d_name);
  if (found.empty())
    throw InputError(
        fmt::format("{}: the folder holds no pictures (.jpg, .jpeg, .png, .bmp, .gif)", folder));
  std::sort(found.begin(), found.end());
  files.insert(files.end(), found.begin(), found.end());
}

void add_matches(const std::string& pattern, std::vector<std::string>& files) {
  glob_t matches{};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &matches);
  std::vector<std::string> found;
  for (size_t i = 0; status == 0 && i < matches.gl_pathc; ++i)
    if (kind_of(matches.gl_pathv[i]) != PathKind::kFolder) found.emplace_back(matches.gl_pathv[i]);
  ::globfree(&matches);
  if (found.empty()) throw InputError(fmt::format("{}: no file matches", pattern));
  std::sort(found.begin(), found.end());
  files.insert(files.end(), found.begin(), found.end());
}

void add_source(const std::string& source, std::vector<std::string>& files) {
  if (source.empty()) throw InputError("a source is empty; a file or folder was expected");
  switch (kind_of(source)) {
    case PathKind::kFile:
    case PathKind::kOther:
      files.push_back(source);
      return;
    case PathKind::kFolder:
      return add_folder(source, files);
    case PathKind::kMissing:
      break;
  }
  if (source.find_first_of("*?[") != std::string::npos) return add_matches(source, files);
  files.push_back(source);
}

// FNV-1a, then mixed so that every bit of the path reaches the low ones.
uint64_t path_hash(const std::string& path) {
  uint64_t hash = 0xCBF29CE484222325;
  for (char c : path) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  hash ^= hash >> 33;
  hash *= 0xFF51AFD7ED558CCD;
  return hash ^ hash >> 33;
}

}  // namespace

Shard parse_shard(const std::string& text) {
  const char* end = text.data() + text.size();
  Shard shard;
  const auto index = std::from_chars(text.data(), end, shard.index);
  if (index.ec == std::errc() && index.ptr != end && *index.ptr == '/') {
    const auto count = std::from_chars(index.ptr + 1, end, shard.count);
    if (count.ec == std::errc() && count.ptr == end && shard.count > 0 &&
        shard.index <= shard.count) {
      shard.index %= shard.count;
      return shard;
    }
  }
  throw UsageError(
      fmt::format("a shard is i/N with i from 0 to N-1 (or from 1 to N), not \"{}\"", text));
}

std::vector<std::string> expand_sources(const std::vector<std::string>& sources,
                                        const Shard& shard) {
  std::vector<std::string> files;
  for (const std::string& source : sources) add_source(source, files);
  if (shard.count > 1)
    files.erase(std::remove_if(files.begin(), files.end(),
                               [&shard](const std::string& path) {
                                 return path_hash(path) % shard.count != shard.index;
                               }),
                files.end());
  return files;
}

}  // namespace thaw::cli
