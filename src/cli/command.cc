#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <sstream>
#include <utility>

#include "cli/config_file.h"
#include "cli/message.h"
#include "cli/parse.h"
#include "cli/print.h"
#include "cli/sources.h"
#include "thaw/device.h"
#include "thaw/error.h"
#include "thaw/files.h"

namespace thaw::cli {
namespace {

constexpr const char* kModelGroup = "How the model is run";
constexpr const char* kOutputGroup = "Output";
constexpr const char* kPassGroup = "Looking at the graph passes";

bool has_argument(int argc, char** argv, const char* name) {
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], name) == 0) return true;
  return false;
}

// The formatter's groups without double blank lines.
std::string help_text(const CLI::App& app) {
  std::string text = app.help();
  for (size_t at; (at = text.find("\n\n\n")) != std::string::npos;) text.erase(at, 1);
  return text;
}

// TOML that reads back: options without a value are comments.
std::string config_text(const CLI::App& app) {
  std::istringstream lines(app.config_to_str(true, false));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const bool empty = line.size() > 3 && line.compare(line.size() - 3, 3, "=\"\"") == 0;
    text += empty ? "# " + line.substr(0, line.size() - 2) + "\n" : line + "\n";
  }
  return text;
}

// Reads options by parse_config() from the file that add_to() has read.
class ConfigReader : public CLI::ConfigTOML {
 public:
  // The option's validator is the first to see the path, before CLI opens what may be a pipe.
  static std::shared_ptr<const ConfigReader> add_to(CLI::App& app) {
    const auto reader = std::make_shared<ConfigReader>();
    const auto read = [reader](const std::string& path) {
      constexpr uint64_t kMostBytes = 1 << 20;
      std::error_code error;
      if (std::filesystem::exists(path, error)) reader->text_ = read_file(path, kMostBytes);
      reader->path_ = path;
      return std::string();
    };
    app.config_formatter(reader);
    app.set_config("--config", "", "Options from a TOML file; the command line wins")
        ->check(CLI::Validator(read, ""))
        ->group(kOutputGroup);
    app.allow_config_extras(CLI::config_extras_mode::error);
    return reader;
  }

  const std::string& path() const { return path_; }

  std::vector<CLI::ConfigItem> from_config(std::istream& /*input*/) const override {
    std::vector<CLI::ConfigItem> read;
    for (ConfigEntry& entry : parse_config(text_, path_)) {
      read.emplace_back();
      read.back().name = std::move(entry.name);
      read.back().inputs = std::move(entry.values);
    }
    return read;
  }

 private:
  std::string text_;
  std::string path_;
};

}  // namespace

void add_output_options(CLI::App& app, OutputOptions& options, bool with_json) {
  if (with_json)
    app.add_flag("--json", options.json, "One JSON document on standard output")
        ->group(kOutputGroup);
  app.add_option("--log-level", options.log_level, "error, warning, info or debug")
      ->capture_default_str()
      ->check(CLI::IsMember({"error", "warning", "info", "debug"}).description(""))
      ->group(kOutputGroup);
}

OutputRule OutputOptions::rule() const {
  OutputRule rule(overwrite, "; --overwrite replaces it");
  rule.reads(config);
  return rule;
}

void add_overwrite_option(CLI::App& app, OutputOptions& options) {
  app.add_flag("--overwrite", options.overwrite, "Replace files that thaw did not make")
      ->group(kOutputGroup);
}

void tell_reads(OutputRule& rule, const std::vector<std::string>& sources) {
  try {
    for (const std::string& file : expand_sources(sources)) rule.reads(file);
  } catch (const InputError&) {
    return;
  }
}

void add_timing_cache_option(CLI::App& app, std::string& path) {
  app.add_option(
         "--timing-cache", path,
         "File that races are kept in; default: thaw/timings in $XDG_CACHE_HOME or ~/.cache")
      ->group(kModelGroup);
}

void add_roles_option(CLI::App& app, std::vector<std::string>& roles) {
  app.add_option("--outputs", roles,
                 "Which tensor is what, such as boxes=a/b:0,scores=c,classes=d,num=e;\n"
                 "default: as their names and shapes tell")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(kModelGroup);
}

void add_limit_options(CLI::App& app, RunOptions& options) {
  app.add_option("--device", options.device,
                 "auto, cpu, cuda, cuda:1, or ref (slow, obviously right)")
      ->capture_default_str()
      ->group(kModelGroup);
  app.add_option("--memory-limit", options.memory_limit,
                 "What a plan and its weights, and building them, may take, such as 512MiB")
      ->group(kModelGroup);
  app.add_option("--max-workspace-size", options.max_workspace_size,
                 "Working memory that a kernel may ask for, such as 64MiB; others are passed over")
      ->group(kModelGroup);
  app.add_option("--minimum-segment-size", options.minimum_segment_size,
                 "Smaller segments stay beside a device with memory of its own; -1: all do;\n"
                 "default 3")
      ->check(CLI::Validator(
          [](std::string& text) {
            return text == "-1" || (text.find_first_not_of("0123456789") == std::string::npos &&
                                    text != "0")
                       ? std::string()
                       : "a number above 0, or -1, was expected, not " + text;
          },
          ""))
      ->group(kModelGroup);
  app.add_flag("--strict", options.strict,
               "What would run slowly is an error: the plan for all shapes, reference kernels")
      ->group(kModelGroup);
}

void add_run_options(CLI::App& app, RunOptions& options) {
  add_limit_options(app, options);
  app.add_flag("--no-build", options.no_build,
               "Build no plan: shapes without one run on the slower plan for all shapes, and a\n"
               "plan for another machine is an error")
      ->group(kModelGroup);
  app.add_option("--threads", options.threads, "Threads; 0: as many as the process may use")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024).description(""))
      ->group(kModelGroup);
  app.add_flag("--pin", options.pin, "Bind each thread to a processor of its own")
      ->group(kModelGroup);
  app.add_option("--precision", options.precision,
                 "Numbers of the network's layers: FP32, FP16, BF16 or INT8; default: what an\n"
                 "optimised SavedModel was optimised for, FP32 for other models")
      ->group(kModelGroup);
  add_calibration_options(app, options.calibration, kModelGroup);
  app.add_option("--signature", options.signature, "Signature of a SavedModel")
      ->capture_default_str()
      ->group(kModelGroup);
  app.add_option("--from", options.from, "Tensors to feed instead of the inputs, such as a:0,b:0")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(kModelGroup);
  app.add_option("--to", options.to, "Tensors to compute instead of the outputs")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(kModelGroup);
  app.add_flag("--tune", options.tune,
               "Race the kernels of each layer first, for plans that are built in memory")
      ->group(kModelGroup);
  add_timing_cache_option(app, options.timing_cache);
  app.add_option("--disable-pass", options.disabled_passes,
                 "Leave passes out (`thaw inspect --passes` lists them)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(kPassGroup);
  app.add_option("--dump-graphs", options.dump_graphs,
                 "Folder for the graph as text after each pass")
      ->group(kPassGroup);
  app.add_flag("--verify", options.verify, "Check the graph after each pass")->group(kPassGroup);
}

ModelOptions RunOptions::model_options() const {
  ModelOptions options;
  options.signature = signature;
  options.inputs = from;
  options.outputs = to;
  options.log = tell;
  return options;
}

void RunOptions::tell_reads(OutputRule& rule) const {
  calibration.tell_files(rule);
  if (!timing_cache.empty()) rule.reads(timing_cache);
}

EngineOptions RunOptions::engine_options() const {
  device_info(device);  // throws where there is none such
  EngineOptions options;
  options.device = device;
  options.threads = threads;
  options.pin = pin;
  if (!precision.empty()) options.precision = precision_from_name(precision);
  if (!memory_limit.empty()) options.memory_limit = parse_bytes("--memory-limit", memory_limit);
  if (!max_workspace_size.empty())
    options.max_workspace_size = parse_bytes("--max-workspace-size", max_workspace_size);
  if (minimum_segment_size != 0) options.minimum_segment_size = minimum_segment_size;
  if (no_build) options.allow_build = false;
  options.strict = strict;
  options.tune = tune;
  options.timing_cache = timing_cache;
  options.disabled_passes = disabled_passes;
  options.dump_dir = dump_graphs;
  options.verify = verify;
  return options;
}

int parse_and_run(CLI::App& app, int argc, char** argv, OutputOptions& output,
                  const std::function<int()>& body) {
  app.get_formatter()->column_width(32);
  app.get_formatter()->label("REQUIRED", "");
  const auto config = ConfigReader::add_to(app);
  bool dump = false;
  app.add_flag("--dump-config", dump, "Print all options as TOML for --config, do nothing else")
      ->configurable(false)
      ->group(kOutputGroup);
  if (has_argument(argc, argv, "--dump-config"))
    for (CLI::Option* option : app.get_options()) option->required(false);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print_text(stdout, help_text(app));
    return 0;
  } catch (const CLI::ConfigError& error) {
    std::string what = error.what();
    if (what.rfind("INI was not able to parse ", 0) == 0) what.replace(0, 26, "no such option: ");
    throw UsageError(fmt::format("--config: {} (see `{} --help`)", what, app.get_name()));
  } catch (const CLI::ParseError& error) {
    throw UsageError(fmt::format("{} (see `{} --help`)", error.what(), app.get_name()));
  }
  if (dump) {
    print_text(stdout, config_text(app));
    return 0;
  }
  output.config = config->path();
  set_log_level(output.log_level);
  return body();
}

std::string example(const std::string& lines) { return "Example:\n  " + lines; }

}  // namespace thaw::cli
