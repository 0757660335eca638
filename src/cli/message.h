// What people are told on standard error while a command works.
#pragma once

#include <string>

#include "cli/clock.h"
#include "thaw/options.h"

namespace thaw::cli {

// "error", "warning", "info" or "debug".
void set_log_level(const std::string& level);
void warn(const std::string& text);
void info(const std::string& text);
void debug(const std::string& text);
// What the library has to say (thaw::Log).
void tell(LogLevel level, const std::string& text);

// A line that is written over while work goes on, with the time left as far as it can be told;
// nothing when standard error is no terminal.
class Progress {
 public:
  explicit Progress(size_t total);  // steps
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void step(const std::string& what);
  // Within the step; `done`: which part of all the work is done, 0 to 1. Who does not say has steps
  // that take about the same time.
  void detail(const std::string& what, double done);

 private:
  void show(const std::string& what);
  std::string time_left() const;

  size_t total_;
  size_t steps_ = 0;
  bool tells_parts_ = false;
  double done_ = 0;
  double first_done_ = -1;  // what was done when it began, such as what a run before has left
  Clock::time_point start_;
  bool shown_ = false;
};

}  // namespace thaw::cli
