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
  ++steps_;
  if (!tells_parts_) done_ = static_cast<double>(steps_ - 1) / static_cast<double>(total_);
  show(what);
}

void Progress::detail(const std::string& what, double done) {
  tells_parts_ = true;
  done_ = done;
  show(what);
}

void Progress::show(const std::string& what) {
  if (!shown_) return;
  if (first_done_ < 0) {
    first_done_ = done_;
    start_ = Clock::now();
  }
  write_raw(stderr,
            fmt::format("\r\x1b[K{}/{} {:.60}{}", steps_, total_, printable(what), time_left()));
  std::fflush(stderr);
}

// Nothing while it would be a guess.
std::string Progress::time_left() const {
  constexpr double kFirstSeconds = 1;
  constexpr double kFirstPart = 0.02;
  const double spent = seconds_since(start_);
  const double part = done_ - first_done_;
  if (spent < kFirstSeconds || part < kFirstPart) return {};
  const auto left = static_cast<int64_t>(spent * (1 - done_) / part + 0.5);
  if (left < 60) return fmt::format(", {} s left", left);
  return fmt::format(", {} min {} s left", left / 60, left % 60);
}

}  // namespace thaw::cli
