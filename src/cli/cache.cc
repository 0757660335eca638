// thaw cache: what the timing cache holds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/print.h"
#include "cli/text.h"
#include "thaw/error.h"
#include "thaw/timings.h"

namespace thaw::cli {
namespace {

struct CacheArguments {
  std::string action;
  std::string path;
  OutputOptions output;
};

std::string cache_path(const CacheArguments& arguments) {
  std::string path = arguments.path.empty() ? default_timing_cache() : arguments.path;
  if (path.empty())
    throw UsageError("neither $XDG_CACHE_HOME nor $HOME is set: --timing-cache names the file");
  return path;
}

size_t applying(const std::vector<LayerTimings>& layers) {
  return static_cast<size_t>(std::count_if(layers.begin(), layers.end(), timings_apply));
}

Json layers_json(const std::vector<LayerTimings>& layers) {
  Json list = Json::array();
  for (const LayerTimings& layer : layers) {
    Json raced = Json::array();
    for (const KernelTiming& t : layer.raced)
      raced.push_back({{"kernel", t.kernel}, {"threads", t.threads}, {"ms", t.ms}});
    list.push_back({{"layer", layer.layer},
                    {"machine", layer.machine},
                    {"build", layer.build},
                    {"threads", layer.threads},
                    {"applies", timings_apply(layer)},
                    {"raced", raced}});
  }
  return list;
}

void print_layers(const std::vector<LayerTimings>& layers) {
  std::vector<std::vector<std::string>> rows{
      {">ms", "kernel", ">threads", ">of", ">raced", "here", "layer"}};
  for (const LayerTimings& layer : layers) {
    const KernelTiming& best = layer.raced.front();
    rows.push_back({fmt::format("{:.3f}", best.ms), best.kernel, fmt::format("{}", best.threads),
                    fmt::format("{}", layer.threads), fmt::format("{}", layer.raced.size()),
                    timings_apply(layer) ? "yes" : "no", layer.layer});
  }
  print_text(stdout, table_text(rows));
}

int list(const CacheArguments& arguments, const std::string& path) {
  const std::vector<LayerTimings> layers = read_timings(path);
  if (arguments.output.json) {
    write_text("-", dump({{"path", path}, {"layers", layers_json(layers)}}));
    return 0;
  }
  if (!layers.empty()) print_layers(layers);
  print("{}: {} layers, {} of them for this machine and this thaw\n", path, layers.size(),
        applying(layers));
  return 0;
}

int verify(const CacheArguments& arguments, const std::string& path) {
  std::error_code error;
  const bool exists = std::filesystem::exists(path, error);
  const std::vector<LayerTimings> layers = read_timings(path);
  if (arguments.output.json)
    write_text("-", dump({{"path", path},
                          {"exists", exists},
                          {"whole", true},
                          {"layers", layers.size()},
                          {"applying", applying(layers)}}));
  else if (exists)
    print("{}: whole, {} layers, {} of them for this machine and this thaw\n", path, layers.size(),
          applying(layers));
  else
    print("{}: is not there; tuning writes it\n", path);
  return 0;
}

int clear(const CacheArguments& arguments, const std::string& path) {
  const bool removed = clear_timings(path);
  if (arguments.output.json)
    write_text("-", dump({{"path", path}, {"removed", removed}}));
  else
    print("{}: {}\n", path, removed ? "removed" : "was not there");
  return 0;
}

int cache(const CacheArguments& arguments) {
  const std::string path = cache_path(arguments);
  if (arguments.action == "list") return list(arguments, path);
  if (arguments.action == "verify") return verify(arguments, path);
  return clear(arguments, path);
}

}  // namespace

int run_cache(int argc, char** argv) {
  CLI::App app(
      "The timing cache: how long each kernel took for each kind of layer on this machine. Tuned\n"
      "engines (`thaw optimize`, `thaw bench --tune`) choose by it, and time only what it lacks.\n"
      "`verify` ends with 3 when the file is damaged.",
      "thaw cache");
  app.footer(example("thaw cache list"));
  CacheArguments arguments;
  app.add_option("ACTION", arguments.action, "list, verify or clear")
      ->required()
      ->check(CLI::IsMember({"list", "verify", "clear"}).description(""));
  app.add_option("--timing-cache", arguments.path,
                 "The file; default: thaw/timings in $XDG_CACHE_HOME or ~/.cache");
  add_output_options(app, arguments.output);
  return parse_and_run(app, argc, argv, arguments.output, [&] { return cache(arguments); });
}

}  // namespace thaw::cli
