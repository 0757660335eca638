#include "detect/report_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "thaw/error.h"
#include "thaw/report.h"

namespace thaw {

ReportOutput::ReportOutput(const std::string& path) {
  if (path != "-") file_.emplace(path);
}

void ReportOutput::write(std::string_view text) {
  if (file_) return file_->write(text);
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EPIPE) throw BrokenPipe();
    if (count < 0)
      throw ResourceError(fmt::format("writing to standard output failed: {}", strerror(errno)));
    text.remove_prefix(static_cast<size_t>(count));
  }
}

void ReportOutput::finish() {
  if (file_) file_->commit();
}

std::string number_text(float value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "null";
}

std::string number_text(double value) {
  return std::isfinite(value) ? fmt::format("{}", std::round(value * 1000) / 1000) : "null";
}

}  // namespace thaw
