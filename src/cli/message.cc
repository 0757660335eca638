#include "cli/message.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/print.h"

namespace thaw::cli {
namespace {

enum Level { kError, kWarning, kInfo, kDebug };
Level log_level = kWarning;

void say(Level level, const std::string& text) {
  if (level <= log_level) print(stderr, "thaw: {}\n", text);
}

}  // namespace

void set_log_level(const std::string& level) {
  log_level = level == "error"     ? kError
              : level == "warning" ? kWarning
              : level == "info"    ? kInfo
                                   : kDebug;
}

void warn(const std::string& text) { say(kWarning, "warning: " + text); }
void info(const std::string& text) { say(kInfo, text); }
void debug(const std::string& text) { say(kDebug, text); }

void tell(LogLevel level, const std::string& text) {
  level == LogLevel::kWarning ? warn(text) : info(text);
}

Progress::Progress(size_t total) : total_(total), shown_(total > 1 && isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (shown_) write_raw(stderr, "\r\x1b[K");
}

void Progress::step(const std::string& what) {
  ++done_;
  detail(what);
}

void Progress::detail(const std::string& what) {
  if (!shown_) return;
  write_raw(stderr, fmt::format("\r\x1b[K{}/{} {:.60}", done_, total_, printable(what)));
  std::fflush(stderr);
}

}  // namespace thaw::cli
