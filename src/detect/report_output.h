// Where a report goes: a file that appears when it is complete, or standard output.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/atomic_file.h"

namespace thaw {

class ReportOutput {
 public:
  explicit ReportOutput(const std::string& path);  // "-": standard output
  void write(std::string_view text);
  void finish();

 private:
  std::optional<AtomicFile> file_;
};

// Shortest text that reads back as the same number, whatever the locale; "null" when it is none.
std::string number_text(float value);
// Milliseconds and the like: three decimals at most.
std::string number_text(double value);

}  // namespace thaw
