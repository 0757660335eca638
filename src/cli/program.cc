// The command line: finds the sub-command and turns what it throws into one line and an exit
// status.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>

#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/print.h"
#include "thaw/c_api.h"
#include "thaw/error.h"
#include "thaw/report.h"
#include "thaw/version.h"

namespace thaw::cli {
namespace {

constexpr Command kCommands[] = {
    {"inspect", "what a model holds: inputs, outputs, ops, the detector in it", run_inspect},
    {"convert", "frozen graph to SavedModel and back", run_convert},
    {"optimize", "builds plans into a SavedModel: thaw starts from it in milliseconds",
     run_optimize},
    {"summary", "a model's layers: kernels, shapes, times", run_summary},
    {"detect", "finds objects in photographs", run_detect},
    {"run", "feeds tensors from an .npz file and writes the results to one", run_run},
    {"bench", "times a model, stage by stage and layer by layer", run_bench},
    {"compare", "what changes between two detectors, and what that costs", run_compare},
    {"cache", "the timings that tuned engines choose kernels by", run_cache},
    {"demo", "all of it on the bundled detector, or on your model and pictures", run_demo},
};

void print_usage(std::FILE* to) {
  print(to,
        "thaw {}: TensorFlow object detectors, fast and without TensorFlow\n\n"
        "Usage: thaw COMMAND ...   (thaw COMMAND --help says more)\n\nCommands:\n",
        version());
  for (const Command& command : kCommands)
    print(to, "  {:<10} {}\n", command.name, command.summary);
  print(to,
        "\nExit status: 0 done, 1 a gate was missed, 2 wrong usage, 3 bad input,\n"
        "4 a resource is missing, 5 thaw's own fault\n\n"
        "Example:\n  thaw detect frozen_inference_graph.pb photo.jpg --annotate out\n");
}

int dispatch(int argc, char** argv) {
  const char* name = argc > 1 ? argv[1] : "";
  for (const Command& command : kCommands)
    if (std::strcmp(name, command.name) == 0) return command.run(argc - 1, argv + 1);
  if (std::strcmp(name, "--version") == 0) {
    print("thaw {}\n", version());
    return 0;
  }
  if (std::strcmp(name, "--help") == 0 || std::strcmp(name, "-h") == 0 ||
      std::strcmp(name, "help") == 0) {
    print_usage(stdout);
    return 0;
  }
  if (argc > 1) throw UsageError(fmt::format("no command '{}' (see `thaw --help`)", name));
  print_usage(stderr);
  return exit_status(ErrorKind::kUsage);
}

int fail(ErrorKind kind, const char* what) {
  std::fflush(stdout);  // what came before it comes first
  const bool ours = kind == ErrorKind::kInternal;
  try {
    print(stderr, "thaw: {}: {}\n", ours ? "internal error, please report" : "error", what);
  } catch (const std::exception&) {  // there is no memory for the message
    std::fputs("thaw: error: out of memory\n", stderr);
  }
  return exit_status(kind);
}

// Ends the process without a word, as it would have without our being asked.
int end_as_a_broken_pipe_does() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  return exit_status(ErrorKind::kResource);
}

}  // namespace
}  // namespace thaw::cli

extern "C" int thaw_main(int argc, char** argv) {
  using thaw::ErrorKind;
  thaw::cli::prepare_streams();
  try {
    const int status = thaw::cli::dispatch(argc, argv);
    thaw::cli::flush_output();
    return status;
  } catch (const thaw::BrokenPipe&) {
    return thaw::cli::end_as_a_broken_pipe_does();
  } catch (const thaw::Error& error) {
    return thaw::cli::fail(error.kind(), error.what());
  } catch (const std::bad_alloc&) {
    return thaw::cli::fail(ErrorKind::kResource, "out of memory");
  } catch (const std::exception& error) {
    return thaw::cli::fail(ErrorKind::kInternal, error.what());
  }
}
