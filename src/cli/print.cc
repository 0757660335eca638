#include "cli/print.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "thaw/error.h"
#include "thaw/report.h"

namespace thaw::cli {
namespace {

[[noreturn]] void fail() {
  if (errno == EPIPE) throw BrokenPipe();
  throw ResourceError(fmt::format("standard output: {}", std::strerror(errno == 0 ? EIO : errno)));
}

}  // namespace

void prepare_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  // The lowest free descriptor is taken, so that each gets its own number.
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF)
      (void)::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void write_raw(std::FILE* to, std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), to) != text.size() && to == stdout) fail();
}

void print_text(std::FILE* to, std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    shown += printable(text.substr(0, end));
    if (end == std::string_view::npos) break;
    shown += '\n';
    text.remove_prefix(end + 1);
  }
  write_raw(to, shown);
}

void flush_output(std::FILE* to) {
  errno = 0;
  if ((std::fflush(to) != 0 || std::ferror(to) != 0) && to == stdout) fail();
}

}  // namespace thaw::cli
