// What every sub-command shares: its options for running models, its output and its exit status.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/calibration.h"
#include "thaw/files.h"
#include "thaw/options.h"

namespace CLI {
class App;
}  // namespace CLI

namespace thaw::cli {

// A sub-command: builds its options, parses argv (argv[0] is its name) and returns an exit status.
struct Command {
  const char* name;
  const char* summary;
  int (*run)(int argc, char** argv);
};

int run_inspect(int argc, char** argv);
int run_convert(int argc, char** argv);
int run_optimize(int argc, char** argv);
int run_summary(int argc, char** argv);
int run_run(int argc, char** argv);
int run_detect(int argc, char** argv);
int run_bench(int argc, char** argv);
int run_compare(int argc, char** argv);
int run_cache(int argc, char** argv);
int run_demo(int argc, char** argv);

// --log-level and --json; the latter is left out where a command writes JSON to a file.
struct OutputOptions {
  std::string log_level = "warning";
  bool json = false;
  bool overwrite = false;
  std::string config;  // the file of --config

  // What may be written: nothing that the command reads, to which the caller adds.
  OutputRule rule() const;
};
// --overwrite, of commands that write files.
void add_overwrite_option(CLI::App& app, OutputOptions& options);
void add_output_options(CLI::App& app, OutputOptions& options, bool with_json = true);

// How a model is read and run: --device, --threads, --pin, --memory-limit, --tune, --from,
// --to, --signature and the switches for looking at the passes.
struct RunOptions {
  std::string device = "auto";
  int threads = 0;
  bool pin = false;
  std::string memory_limit;
  std::string max_workspace_size;
  int minimum_segment_size = 0;  // 0: not given
  bool no_build = false;
  bool strict = false;
  std::string precision;  // empty: as the model was optimised, else FP32
  CalibrationArguments calibration;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::string signature;
  std::vector<std::string> disabled_passes;
  std::string dump_graphs;
  bool verify = false;
  bool tune = false;
  std::string timing_cache;

  ModelOptions model_options() const;
  // Tells the rule of the files that these options name.
  void tell_reads(OutputRule& rule) const;
  // Throws UsageError or ResourceError for a device that is not there.
  EngineOptions engine_options() const;
};
void add_timing_cache_option(CLI::App& app, std::string& path);
// --device, --memory-limit, --max-workspace-size, --minimum-segment-size and --strict.
void add_limit_options(CLI::App& app, RunOptions& options);
// --outputs: which tensors are the boxes and so on.
void add_roles_option(CLI::App& app, std::vector<std::string>& roles);
void add_run_options(CLI::App& app, RunOptions& options);

// Parses, answers --help and --dump-config, and otherwise calls `body`, whose result is the exit
// status. Wrong usage becomes a UsageError.
int parse_and_run(CLI::App& app, int argc, char** argv, OutputOptions& output,
                  const std::function<int()>& body);

// Tells the rule of pictures as expand_sources takes them; what is wrong with them is said when
// they are read.
void tell_reads(OutputRule& rule, const std::vector<std::string>& sources);

// The footer of --help.
std::string example(const std::string& lines);

}  // namespace thaw::cli
