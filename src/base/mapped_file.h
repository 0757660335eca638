// A file mapped into memory, read only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace thaw {

// For files of our own that are replaced by renaming and never changed where they lie: a mapped
// file that is cut short while it is read ends the process.
class MappedFile {
 public:
  // Throws InputError naming the path. The mapping begins at a page's start.
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }

 private:
  MappedFile() = default;
  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace thaw
