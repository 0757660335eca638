#include "cli/layer_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "cli/bench_input.h"
#include "cli/peak_report.h"
#include "cli/print.h"
#include "cli/text.h"

namespace thaw::cli {
namespace {

bool is_reference(const LayerInfo& layer) { return layer.kernel.rfind("ref.", 0) == 0; }

std::string engine_name(size_t number) { return fmt::format("ThawEngine_{}", number); }

double converted_percent(const OpCoverage& coverage) {
  return coverage.total == 0 ? 100
                             : 100.0 * static_cast<double>(coverage.converted) /
                                   static_cast<double>(coverage.total);
}

std::string rate(const LayerInfo& layer) {
  if (layer.macs <= 0 || layer.ms <= 0) return "";
  return fmt::format("{:.1f}", static_cast<double>(layer.macs) / layer.ms / 1e6);
}

std::string share(const LayerInfo& layer, const std::optional<Roofline>& roofline) {
  const double share = roofline ? share_of_peak(layer, roofline->peaks) : 0;
  return share > 0 ? fmt::format("{:.0f}", 100 * share) : "";
}

std::string shapes_text(const std::vector<Shape>& shapes) {
  std::string text;
  for (const Shape& shape : shapes) text += (text.empty() ? "" : ", ") + shape.str();
  return text;
}

// Those that there are plans for, or the model's; what is open is a picture of 720x1280, or 1.
std::vector<std::vector<Shape>> default_shapes(const Model& model) {
  static constexpr int64_t kPicture[] = {1, 720, 1280, 3};
  std::vector<std::vector<Shape>> all = model.planned_shapes();
  if (all.empty()) {
    all.emplace_back();
    for (const TensorInfo& info : model.inputs())
      all[0].push_back(info.optional ? Shape::unknown() : info.shape);
  }
  for (std::vector<Shape>& shapes : all)
    for (Shape& shape : shapes)
      for (int i = 0; i < shape.rank(); ++i)
        if (shape[i] == kUnknownDim) shape[i] = shape.rank() == 4 ? kPicture[i] : 1;
  return all;
}

void check_can_run(const Engine& engine, const std::vector<Shape>& shapes) {
  for (size_t i = 0; i < shapes.size(); ++i)
    if (!shapes[i].is_static() && !engine.inputs()[i].optional)
      throw UsageError(
          fmt::format("--time needs --shape: the model does not say the shape of input '{}'",
                      engine.inputs()[i].name));
}

PlanSummary summarise_one(Request& request, const std::vector<Shape>& shapes, int runs) {
  const Engine& engine = request.engine();
  request.prepare(shapes);
  PlanSummary summary;
  if (runs > 0) {
    check_can_run(engine, shapes);
    const BenchInput input = make_bench_input(engine.inputs(), {shapes, 0, {}, {}});
    for (int i = 0; i < std::max(runs / 10, 3); ++i) request.run(input.batches[0]);
    request.set_profiling(true);
    for (int i = 0; i < runs; ++i) request.run(input.batches[0]);
    summary.times = fmt::format("mean of {} runs now, {} threads", runs, engine.threads());
  }
  summary.device = engine.device();
  summary.precision = precision_name(engine.precision());
  const PlanInfo plan = request.plan();
  summary.shapes = plan.shapes;
  summary.origin = plan.origin;
  summary.memory = request.memory();
  summary.layers = request.layers();
  summary.segments = request.segments();
  summary.build = plan.build_times;
  if (summary.times.empty() && summary.ms() > 0) summary.times = "as measured by thaw optimize";
  if (summary.ms() > 0) summary.roofline = measure_roofline(request, summary.layers);
  request.set_profiling(false);
  return summary;
}

// What a plain kernel does to so few bytes does not matter beside a device's fast ones.
constexpr int64_t kFewBytes = 8192;

// Which layers the engines leave to others: the reference kernels, the runtime, the host.
std::vector<LayerFate> fates(const PlanSummary& summary) {
  std::vector<LayerFate> fates;
  size_t at = 0;
  for (const SegmentInfo& segment : summary.segments)
    for (size_t i = 0; i < segment.layers; ++i, ++at) {
      const LayerInfo& layer = summary.layers.at(at);
      if (layer.kernel == "upload" || layer.kernel == "download") continue;
      LayerFate& fate = fates.emplace_back(LayerFate{layer.name, {}});
      if (segment.device != summary.device)
        fate.why = fmt::format("on {} beside {}: {}", segment.device, summary.device,
                               layer.why.empty() ? "it is cheaper there" : layer.why);
      else if (layer.kernel == "runtime")
        fate.why = "a loop or branch, which the runtime runs step by step";
      else if (is_reference(layer) &&
               (summary.device == "ref" || layer.activation_bytes > kFewBytes))
        fate.why = layer.kernel + (layer.why.empty() ? "" : ": " + layer.why);
    }
  return fates;
}

std::string list_text(const std::vector<std::string>& items) {
  return fmt::format("[{}]", fmt::join(items, ", "));
}

// What TF-TRT's summary() prints of each of its engines.
std::string engines_text(const PlanSummary& summary) {
  std::vector<std::vector<std::string>> rows{{"Engine", "Device", "># Nodes", "># Inputs",
                                              "># Outputs", "Input DTypes", "Output DTypes",
                                              "Input Shapes", "Output Shapes"}};
  const auto dtypes = [](const std::vector<TensorInfo>& infos) {
    std::vector<std::string> all;
    for (const TensorInfo& info : infos) all.emplace_back(dtype_name(info.dtype));
    return list_text(all);
  };
  const auto shapes = [](const std::vector<TensorInfo>& infos) {
    std::vector<std::string> all;
    for (const TensorInfo& info : infos) all.push_back(info.shape.str());
    return list_text(all);
  };
  for (const SegmentInfo& engine : summary.engines())
    rows.push_back({engine_name(rows.size() - 1), engine.device, fmt::format("{}", engine.layers),
                    fmt::format("{}", engine.inputs.size()),
                    fmt::format("{}", engine.outputs.size()), dtypes(engine.inputs),
                    dtypes(engine.outputs), shapes(engine.inputs), shapes(engine.outputs)});
  return table_text(rows);
}

std::string coverage_text(const PlanSummary& summary) {
  const OpCoverage& coverage = summary.coverage;
  std::string text;
  for (const auto& [op, count] : coverage.ops) text += fmt::format("    - {}: {}x\n", op, count);
  if (!coverage.left_out.empty()) text += "Left out\n";
  for (const OpCoverage::LeftOut& left_out : coverage.left_out)
    text += fmt::format("    - {}: {}x ({}): {}\n", left_out.op, left_out.count, left_out.node,
                        left_out.why);
  return text + fmt::format(
                    "[*] Total number of thaw engines: {}\n"
                    "[*] % of OPs Converted: {:.2f}% [{}/{}]\n",
                    summary.engines().size(), converted_percent(coverage), coverage.converted,
                    coverage.total);
}

Json engines_json(const PlanSummary& summary) {
  Json engines = Json::array();
  const auto add = [](Json& json, const char* side, const std::vector<TensorInfo>& infos) {
    const std::string name = side;
    json[name + "s"] = infos.size();
    for (const char* what : {"_names", "_dtypes", "_shapes"}) json[name + what] = Json::array();
    for (const TensorInfo& info : infos) {
      json[name + "_names"].push_back(info.name);
      json[name + "_dtypes"].push_back(dtype_name(info.dtype));
      json[name + "_shapes"].push_back(shape_json(info.shape));
    }
  };
  for (const SegmentInfo& engine : summary.engines()) {
    Json json = {
        {"name", engine_name(engines.size())}, {"device", engine.device}, {"nodes", engine.layers}};
    add(json, "input", engine.inputs);
    add(json, "output", engine.outputs);
    engines.push_back(std::move(json));
  }
  return engines;
}

Json coverage_json(const OpCoverage& coverage) {
  Json json = {{"ops_total", coverage.total},
               {"ops_converted", coverage.converted},
               {"percent", converted_percent(coverage)},
               {"ops", Json::object()},
               {"left_out", Json::array()}};
  for (const auto& [op, count] : coverage.ops) json["ops"][op] = count;
  for (const OpCoverage::LeftOut& left_out : coverage.left_out)
    json["left_out"].push_back({{"op", left_out.op},
                                {"count", left_out.count},
                                {"node", left_out.node},
                                {"why", left_out.why}});
  return json;
}

// One a line where there are several: how many steps, where, and why the plan is cut there.
std::string segments_text(const std::vector<SegmentInfo>& segments) {
  if (segments.size() < 2) return {};
  std::string text = "Segments\n";
  for (const SegmentInfo& segment : segments)
    text += fmt::format("  {} step{} on {}{}{}\n", segment.layers, segment.layers == 1 ? "" : "s",
                        segment.device, segment.why.empty() ? "" : ": ", segment.why);
  return text + "\n";
}

}  // namespace

double PlanSummary::ms() const {
  double sum = 0;
  for (const LayerInfo& layer : layers) sum += layer.ms;
  return sum;
}

int64_t PlanSummary::macs() const {
  int64_t sum = 0;
  for (const LayerInfo& layer : layers) sum += layer.macs;
  return sum;
}

size_t PlanSummary::fast_layers() const {
  return layers.size() -
         static_cast<size_t>(std::count_if(layers.begin(), layers.end(), is_reference));
}

std::vector<SegmentInfo> PlanSummary::engines() const {
  std::vector<SegmentInfo> engines;
  for (const SegmentInfo& segment : segments)
    if (segment.device == device) engines.push_back(segment);
  return engines;
}

std::vector<PlanSummary> summarise(const Model& model, const ModelOptions& model_options,
                                   const EngineOptions& options,
                                   std::vector<std::vector<Shape>> shapes, int runs) {
  if (shapes.empty()) shapes = default_shapes(model);
  EngineOptions keep_all = options;
  keep_all.max_cached_engines = static_cast<int>(shapes.size());
  Request request(Engine(model, keep_all));
  std::vector<PlanSummary> summaries;
  for (const std::vector<Shape>& s : shapes) {
    summaries.push_back(summarise_one(request, s, runs));
    summaries.back().coverage = cover_ops(model.path(), model_options, fates(summaries.back()));
  }
  return summaries;
}

std::optional<Roofline> measure_roofline(const Request& request,
                                         const std::vector<LayerInfo>& layers) {
  if (!request.engine().device_info().is_host) return std::nullopt;
  return roofline_of(layers, request.memory(),
                     measure_peaks(request.engine().threads(), PeakEffort::quick()));
}

std::string layers_text(const std::vector<LayerInfo>& layers,
                        const std::optional<Roofline>& roofline) {
  double total = 0;
  for (const LayerInfo& layer : layers) total += layer.ms;
  std::vector<std::vector<std::string>> rows{{">ms", ">%", ">GMAC/s", ">% of peak", ">busy %",
                                              "stage", "kernel", ">threads", "output", "node",
                                              "why"}};
  std::map<std::string, double> kernels;
  for (const LayerInfo& layer : layers) {
    rows.push_back({fmt::format("{:.3f}", layer.ms),
                    total > 0 ? fmt::format("{:.1f}", 100 * layer.ms / total) : "", rate(layer),
                    share(layer, roofline),
                    layer.busy > 0 ? fmt::format("{:.0f}", 100 * layer.busy) : "", layer.stage,
                    layer.kernel, fmt::format("{}", layer.threads), layer.output, layer.name,
                    layer.why});
    kernels[layer.kernel] += layer.ms;
  }
  std::string text = table_text(rows);
  if (total <= 0) return text;
  std::vector<std::pair<std::string, double>> sorted(kernels.begin(), kernels.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  rows = {{">ms", ">%", "kernel"}};
  for (const auto& [kernel, ms] : sorted)
    rows.push_back({fmt::format("{:.3f}", ms), fmt::format("{:.1f}", 100 * ms / total), kernel});
  return text + "\nBy kernel\n" + table_text(rows);
}

void print_summary(const PlanSummary& summary) {
  const size_t cuts = summary.segments.size();
  print("Input {}: {} on {}, {}, {}\n", shapes_text(summary.shapes),
        cuts < 2 ? "one segment" : fmt::format("{} segments", cuts), summary.device,
        summary.precision, summary.origin);
  print_text(stdout, segments_text(summary.segments));
  print_text(stdout, layers_text(summary.layers, summary.roofline));
  const size_t all = summary.layers.size();
  print("{} layers, {} of them ({:.0f} %) on fast kernels, {} MACs", all, summary.fast_layers(),
        all ? 100.0 * static_cast<double>(summary.fast_layers()) / static_cast<double>(all) : 0,
        count_text(summary.macs()));
  if (!summary.times.empty()) print(", {} ({})", ms_text(summary.ms()), summary.times);
  print("\nMemory: activations {}, weights {}\n", bytes_text(summary.memory.arena),
        bytes_text(summary.memory.weights));
  print_text(stdout, (summary.roofline ? roofline_text(*summary.roofline) : "") + "\n");
  print_text(stdout, engines_text(summary) + coverage_text(summary) + "\n");
}

Json layer_json(const LayerInfo& layer, const std::optional<Roofline>& roofline) {
  Json json = {{"node", layer.name},       {"op", layer.op},       {"kernel", layer.kernel},
               {"output", layer.output},   {"stage", layer.stage}, {"macs", layer.macs},
               {"ms", layer.ms},           {"busy", layer.busy},   {"why", layer.why},
               {"threads", layer.threads}, {"reads", layer.reads}};
  if (layer.macs > 0) json["numbers"] = dtype_name(layer.numbers);
  if (roofline && layer.macs > 0) json["share_of_peak"] = share_of_peak(layer, roofline->peaks);
  return json;
}

Json summary_json(const PlanSummary& summary) {
  Json shapes = Json::array();
  for (const Shape& shape : summary.shapes) shapes.push_back(shape_json(shape));
  Json json = {
      {"shapes", shapes},
      {"device", summary.device},
      {"precision", summary.precision},
      {"plan", summary.origin},
      {"times", summary.times},
      {"ms", summary.ms()},
      {"macs", summary.macs()},
      {"layer_count", summary.layers.size()},
      {"fast_layers", summary.fast_layers()},
      {"memory",
       {{"arena_bytes", summary.memory.arena}, {"weights_bytes", summary.memory.weights}}}};
  json["segments"] = Json::array();
  for (const SegmentInfo& segment : summary.segments)
    json["segments"].push_back(
        {{"device", segment.device}, {"layers", segment.layers}, {"why", segment.why}});
  json["engines"] = engines_json(summary);
  json["conversion"] = coverage_json(summary.coverage);
  for (const auto& [step, ms] : summary.build) json["build_ms"][step] = ms;
  json["layers"] = Json::array();
  for (const LayerInfo& layer : summary.layers)
    json["layers"].push_back(layer_json(layer, summary.roofline));
  if (summary.roofline) json["distance"] = roofline_json(*summary.roofline);
  return json;
}

}  // namespace thaw::cli
