// Files that users name: read with care, and never written over by accident.
// Functions may be called from any thread; an OutputRule is for one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace thaw {

// A whole file. Throws InputError naming the path for what can't be read, is no regular file (a
// pipe would be waited for, a device never ends) or has more than `limit` bytes.
std::string read_file(const std::string& path, uint64_t limit);

// A file that appears whole or not at all. Throws ResourceError naming the path.
void write_whole_file(const std::string& path, const std::string& bytes);

// What thaw writes for users. Each kind is known by its content.
enum class OutputKind {
  kDetections,  // the JSON of `thaw detect`
  kCsv,
  kReport,   // HTML of `thaw compare`
  kSummary,  // HTML of `thaw summary`
  kPicture,  // JPEG or PNG
  kArrays,   // .npz
  kTrace,
  kGraph,        // the text form
  kCalibration,  // the table of one
};

// Whether thaw wrote that file, or it is empty.
bool is_made_by_thaw(const std::string& path, OutputKind kind);

// What a command may write: a new file; in place of a file only where thaw made it and it is of the
// same kind, where it is empty, or where `overwrite` says so; and never in place of a file that the
// command reads or has written itself, by whatever name: links, hard ones too, are followed.
// Pipes, character devices, and the file that standard output goes to are written to and not
// replaced.
class OutputRule {
 public:
  // `hint` ends the error of a file that is in the way: how to replace it all the same.
  explicit OutputRule(bool overwrite = false, std::string hint = {})
      : overwrite_(overwrite), hint_(std::move(hint)) {}

  // The command reads that file, or the files of the SavedModel in that folder.
  void reads(const std::string& path);
  // Throws UsageError where it may not be written; "-" and "" are no files. To be asked before the
  // work begins and for each file once.
  void writes(const std::string& path, OutputKind kind);

 private:
  using FileId = std::pair<uint64_t, uint64_t>;  // device and inode

  bool overwrite_;
  std::string hint_;
  std::map<FileId, std::string> read_;  // and by what name
  std::set<std::string> written_;       // by their true folders
};

}  // namespace thaw
