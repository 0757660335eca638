// What people are told on standard error while a command works.
#pragma once

#include <string>

#include "thaw/options.h"

namespace thaw::cli {

// "error", "warning", "info" or "debug".
void set_log_level(const std::string& level);
void warn(const std::string& text);
void info(const std::string& text);
void debug(const std::string& text);
// What the library has to say (thaw::Log).
void tell(LogLevel level, const std::string& text);

// A line that is written over while work goes on; nothing when standard error is no terminal.
class Progress {
 public:
  explicit Progress(size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void step(const std::string& what);
  void detail(const std::string& what);  // within the step

 private:
  size_t total_;
  size_t done_ = 0;
  bool shown_ = false;
};

}  // namespace thaw::cli
