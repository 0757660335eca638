// thaw bench: times a model from pixels in memory to detections in memory.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <numeric>

#include "cli/bench_input.h"
#include "cli/bench_report.h"
#include "cli/calibration.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/layer_summary.h"
#include "cli/machine.h"
#include "cli/message.h"
#include "cli/parse.h"
#include "cli/peak_report.h"
#include "cli/print.h"
#include "cli/stream_bench.h"
#include "cli/text.h"
#include "thaw/error.h"
#include "thaw/request.h"

namespace thaw::cli {
namespace {

constexpr int kStep = 50;  // runs between two lines
constexpr int kProfiledRuns = 50;

struct BenchArguments {
  std::string model;
  std::string against;
  std::string against_precision;
  int warmup = 50;
  int runs = 1000;
  int batch = 0;
  std::vector<std::string> shapes;
  std::string images;
  std::vector<std::string> feeds;
  int streams = 1;
  bool profile = false;
  bool peaks = false;
  std::string trace;
  RunOptions run;
  OutputOptions output;
};

double run_once(Request& request, const std::vector<Tensor>& inputs) {
  const auto start = Clock::now();
  request.run(inputs);
  return milliseconds_since(start);
}

// Both sides with the same inputs, in turn; who begins changes with every pair.
class Race {
 public:
  Race(Request& request, Request* other, const BenchInput& input, std::FILE* steps)
      : request_(request), other_(other), input_(input), steps_(steps) {}

  void warm_up(int runs) {
    for (int i = 0; i < std::max(runs, 1); ++i) {
      request_.run(inputs(i));
      if (other_) other_->run(inputs(i));
    }
  }

  void run(int runs, BenchReport& report) {
    double recent = 0;
    for (int i = 0; i < runs; ++i) {
      const bool other_first = other_ && i % 2 == 1;
      if (other_first) report.against->ms.push_back(run_once(*other_, inputs(i)));
      report.side.ms.push_back(run_once(request_, inputs(i)));
      add_stages(report.stages, request_.stages(), 1.0 / runs);
      if (other_ && !other_first) report.against->ms.push_back(run_once(*other_, inputs(i)));
      recent += report.side.ms.back();
      if ((i + 1) % kStep != 0) continue;
      print(steps_, "Step {}: {:.1f}ms\n", i + 1, recent / kStep);
      flush_output(steps_);
      recent = 0;
    }
  }

 private:
  const std::vector<Tensor>& inputs(int i) const {
    return input_.batches[static_cast<size_t>(i) % input_.batches.size()];
  }

  Request& request_;
  Request* other_;
  const BenchInput& input_;
  std::FILE* steps_;
};

void summarise_runs(BenchReport& report) {
  const std::vector<double>& ms = report.side.ms;
  report.side.statistics = statistics(ms);
  if (report.streams.empty()) report.seconds = std::accumulate(ms.begin(), ms.end(), 0.0) / 1e3;
  report.images_per_s =
      static_cast<double>(report.batch) * static_cast<double>(ms.size()) / report.seconds;
  if (!report.against) return;
  report.against->statistics = statistics(report.against->ms);
  std::vector<double> ratios;
  for (size_t i = 0; i < ms.size(); ++i) ratios.push_back(report.against->ms[i] / ms[i]);
  report.ratio = statistics(ratios);
}

// The median of a quarter of the runs.
double quarter_median(const std::vector<double>& ms, size_t quarter) {
  const auto size = static_cast<std::ptrdiff_t>(ms.size() / 4);
  const auto begin = ms.begin() + size * static_cast<std::ptrdiff_t>(quarter);
  return statistics({begin, begin + size}).p50;
}

// Why the figures may not hold, each a plain sentence.
std::vector<std::string> doubts(const BenchReport& report, const BenchInput& input, int busy_before,
                                ProcessorTicks before) {
  std::vector<std::string> out;
  const std::vector<double>& ms = report.side.ms;
  const Statistics& s = report.side.statistics;
  if (ms.size() < 100) out.push_back(fmt::format("{} runs are few; 100 say more", ms.size()));
  if (s.p50 > 0 && s.p99 > 1.5 * s.p50)
    out.push_back(
        fmt::format("p99 is {:.1f} times p50: something else uses the machine", s.p99 / s.p50));
  if (ms.size() >= 40) {
    const double drift = quarter_median(ms, 3) / quarter_median(ms, 0);
    if (drift > 1.05 || drift < 0.95)
      out.push_back(
          fmt::format("the last quarter took {:.2f} times as long as the first: the "
                      "clock changes, or the warm-up was short",
                      drift));
  }
  if (busy_before > 1)
    out.push_back(fmt::format("{} other tasks were running at the start", busy_before - 1));
  const ProcessorTicks after = processor_ticks();
  if (after.all > before.all && (after.stolen - before.stolen) * 50 > after.all - before.all)
    out.push_back("the hypervisor gave more than 2 % of the processors' time to others");
  const std::string governor = frequency_governor();
  if (!governor.empty() && governor != "performance")
    out.push_back(fmt::format("the frequency governor is '{}', not 'performance'", governor));
  const auto streams = static_cast<int>(std::max<size_t>(report.streams.size(), 1));
  if (streams * report.threads > usable_processors())
    out.push_back(fmt::format("{}{} threads on {} processors",
                              streams > 1 ? fmt::format("{} streams of ", streams) : "",
                              report.threads, usable_processors()));
  if (!report.planned)
    out.push_back("some shapes only show in the run: the plan is a slower one than with all known");
  if (input.made_up) out.push_back("the input is made up; --images times it on photographs");
  return out;
}

void profile(Request& request, const BenchInput& input, int runs, BenchReport& report) {
  request.set_profiling(true);
  for (int i = 0; i < std::min(runs, kProfiledRuns); ++i)
    request.run(input.batches[static_cast<size_t>(i) % input.batches.size()]);
  report.layers = request.layers();
  request.set_profiling(false);
}

// "x:0=x.npy": what --feed says; a tensor that is fed becomes an input.
std::vector<NamedTensor> read_feeds(const std::vector<std::string>& feeds, RunOptions& run) {
  std::vector<NamedTensor> arrays;
  for (const std::string& feed : feeds) {
    const size_t equals = feed.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UsageError(fmt::format("--feed {}: TENSOR=FILE.npy was expected", feed));
    arrays.emplace_back(feed.substr(0, equals), read_npy(feed.substr(equals + 1)));
    run.from.push_back(arrays.back().first);
  }
  return arrays;
}

Engine make_engine(const std::string& path, const RunOptions& run) {
  const Model model = Model::load(path, run.model_options());
  return Engine(model, calibrated_options(run, model));
}

// The matrix products of the model's layers, each once.
std::vector<Shape> layer_products(const BenchArguments& arguments) {
  if (arguments.model.empty()) return {};
  Request request(make_engine(arguments.model, arguments.run));
  const BenchInput input =
      make_bench_input(request.engine().inputs(),
                       {parse_shapes("--shape", arguments.shapes), arguments.batch, {}, {}});
  request.prepare(input.shapes());
  std::vector<Shape> products;
  for (const LayerInfo& layer : request.layers())
    if (layer.product.rank() == 3 &&
        std::find(products.begin(), products.end(), layer.product) == products.end())
      products.push_back(layer.product);
  return products;
}

int bench_peaks(const BenchArguments& arguments) {
  const int most = arguments.run.threads > 0 ? arguments.run.threads : usable_processors();
  const std::vector<Shape> products = layer_products(arguments);
  std::vector<PeakReport> reports;
  for (const int threads : {1, most}) {
    if (!reports.empty() && threads == 1) continue;
    reports.push_back({measure_peaks(threads), measure_products(products, threads)});
  }
  if (arguments.output.json)
    write_text("-", dump(peaks_json(reports)));
  else
    print_text(stdout, peaks_text(reports));
  return 0;
}

// Of all requests, their weights once.
MemoryUse memory_of(const std::vector<Request>& requests) {
  MemoryUse sum = requests[0].memory();
  for (size_t i = 1; i < requests.size(); ++i) {
    sum.arena += requests[i].memory().arena;
    sum.scratch += requests[i].memory().scratch;
  }
  return sum;
}

void check(BenchArguments& arguments) {
  if (arguments.streams > 1 && !arguments.against.empty())
    throw UsageError("--streams runs one model, --against two in turn: give one of them");
  // All processors are divided among the streams.
  if (arguments.streams > 1 && arguments.run.threads == 0)
    arguments.run.threads = std::max(usable_processors() / arguments.streams, 1);
}

// One request, beside `other` when there is one, or all of them at the same time.
void time_requests(std::vector<Request>& requests, Request* other, const BenchInput& input,
                   const BenchArguments& arguments, std::FILE* steps, BenchReport& report) {
  const int busy = runnable_tasks();
  ProcessorTicks ticks;
  if (requests.size() > 1) {
    ticks = processor_ticks();
    run_streams(requests, input, arguments.warmup, arguments.runs, report);
  } else {
    Race race(requests[0], other, input, steps);
    race.warm_up(arguments.warmup);
    ticks = processor_ticks();
    race.run(arguments.runs, report);
  }
  const PlanInfo plan = requests[0].plan();
  for (const auto& [step, ms] : plan.build_times) debug(step + " " + ms_text(ms));
  summarise_runs(report);
  report.memory = memory_of(requests);
  report.planned = plan.is_static;
  report.host_peak = peak_memory();
  report.warnings = doubts(report, input, busy, ticks);
}

void ask_for_trace(const BenchArguments& arguments) {
  OutputRule rule = arguments.output.rule();
  arguments.run.tell_reads(rule);
  if (!arguments.images.empty()) tell_reads(rule, {arguments.images});
  for (const std::string& path : {arguments.model, arguments.against}) rule.reads(path);
  for (const std::string& feed : arguments.feeds) rule.reads(feed.substr(feed.find('=') + 1));
  rule.writes(arguments.trace, OutputKind::kTrace);
}

int bench(BenchArguments arguments) {
  if (arguments.peaks) return bench_peaks(arguments);
  if (arguments.model.empty()) throw UsageError("MODEL is required, but for --peaks");
  check(arguments);
  ask_for_trace(arguments);
  const std::vector<Shape> shapes = parse_shapes("--shape", arguments.shapes);
  const std::vector<NamedTensor> feeds = read_feeds(arguments.feeds, arguments.run);
  const Engine engine = make_engine(arguments.model, arguments.run);
  std::vector<Request> requests = make_streams(engine, arguments.streams);
  std::optional<Request> other;
  if (!arguments.against.empty()) {
    RunOptions run = arguments.run;
    if (!arguments.against_precision.empty()) run.precision = arguments.against_precision;
    other.emplace(make_engine(arguments.against, run));
  }

  const BenchInput input =
      make_bench_input(engine.inputs(), {shapes, arguments.batch, arguments.images, feeds});
  BenchReport report;
  report.side.model = arguments.model;
  if (other) report.against.emplace().model = arguments.against;
  report.device = engine.device();
  report.precision = precision_name(engine.precision());
  report.threads = engine.threads();
  report.batch = input.batch;
  report.input = input.what;
  report.decode_ms = input.decode_ms;

  std::FILE* steps = arguments.output.json ? stderr : stdout;
  print_bench_head(report, arguments.streams, steps);
  time_requests(requests, other ? &*other : nullptr, input, arguments, steps, report);
  if (arguments.profile || !arguments.trace.empty())
    profile(requests[0], input, arguments.runs, report);
  if (!arguments.trace.empty()) write_text(arguments.trace, dump(trace_json(report)));
  if (!arguments.profile) report.layers.clear();
  if (arguments.profile) report.roofline = measure_roofline(requests[0], report.layers);
  if (arguments.output.json)
    write_text("-", dump(bench_json(report)));
  else
    print_bench_report(report);
  return 0;
}

}  // namespace

int run_bench(int argc, char** argv) {
  CLI::App app(
      "Times a model from decoded pixels in host memory to detections in host memory; reading\n"
      "and decoding files is shown apart.",
      "thaw bench");
  app.footer(
      example("thaw bench frozen_inference_graph.pb --images photos/ --threads 2 --profile\n"
              "  thaw bench frozen_inference_graph.pb --streams 2 --threads 1 --pin\n"
              "  thaw bench --peaks"));
  BenchArguments arguments;
  app.add_option("MODEL", arguments.model, "Frozen graph (.pb, .pbtxt) or SavedModel");
  app.add_option("--warmup", arguments.warmup, "Runs before the timing; at least 1")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000000).description(""));
  app.add_option("--runs", arguments.runs, "Runs that are timed")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000000).description(""));
  app.add_option("--batch", arguments.batch, "Pictures at once; default as the shape says, or 1")
      ->check(CLI::Range(1, 4096).description(""));
  app.add_option("--shape", arguments.shapes, "Input shape such as 1x360x640x3; one per input")
      ->allow_extra_args(false);
  app.add_option("--images", arguments.images,
                 "Photographs to feed (folder, file or glob), brought to one size first");
  app.add_option("--feed", arguments.feeds,
                 "TENSOR=FILE.npy: feed this array, to any tensor of the graph")
      ->allow_extra_args(false);
  app.add_option("--against", arguments.against, "Another model, run in turn pair by pair");
  app.add_option("--against-precision", arguments.against_precision,
                 "The other model's numbers; default: as --precision");
  app.add_flag(
      "--profile", arguments.profile,
      "Time each layer, in runs of their own, and measure how far the network is from the\n"
      "machine's peaks");
  app.add_flag(
      "--peaks", arguments.peaks,
      "Measure the machine in place of the model: arithmetic, caches and memory, and matrix\n"
      "products of the shapes that MODEL's layers have (MODEL may be left out)");
  app.add_option("--streams", arguments.streams,
                 "Requests at the same time over the same weights, --threads each; --runs counts\n"
                 "the runs of all")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024).description(""));
  app.add_option("--trace", arguments.trace, "File for a Chrome trace of the layers' mean times");
  add_run_options(app, arguments.run);
  add_overwrite_option(app, arguments.output);
  add_output_options(app, arguments.output);
  return parse_and_run(app, argc, argv, arguments.output, [&] { return bench(arguments); });
}

}  // namespace thaw::cli
