#include "cli/bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "cli/layer_summary.h"
#include "cli/peak_report.h"
#include "cli/print.h"
#include "cli/text.h"

namespace thaw::cli {
namespace {

std::string figure(double ms) { return fmt::format(ms < 10 ? "{:.3f}" : "{:.2f}", ms); }

std::vector<std::string> time_row(const std::string& name, const Statistics& s) {
  return {name, figure(s.p50), figure(s.p90), figure(s.p99), figure(s.min), figure(s.mean)};
}

void print_times(const BenchReport& report) {
  std::vector<std::vector<std::string>> rows{{"ms", ">p50", ">p90", ">p99", ">min", ">mean"}};
  rows.push_back(
      time_row(report.against ? report.side.model : "whole job", report.side.statistics));
  if (report.against) rows.push_back(time_row(report.against->model, report.against->statistics));
  for (size_t i = 0; i < report.streams.size(); ++i)
    rows.push_back(time_row(fmt::format("stream {}", i + 1), report.streams[i].statistics));
  print_text(stdout, "\n" + table_text(rows));
}

void print_stages(const BenchReport& report) {
  const StageTimes& s = report.stages;
  print("\nStages, mean ms: upload {}, preprocess {}, network {}, postprocess {}, download {}\n",
        figure(s.upload), figure(s.preprocess), figure(s.network), figure(s.postprocess),
        figure(s.download));
  if (report.decode_ms > 0)
    print("Decoding a photograph: {}, not counted above\n", ms_text(report.decode_ms));
}

void print_layers(const BenchReport& report) {
  print("\nLayers, mean of the profiled runs\n");
  print_text(stdout, layers_text(report.layers, report.roofline));
  if (report.roofline) print_text(stdout, "\n" + roofline_text(*report.roofline));
}

Json statistics_json(const Statistics& s) {
  return {{"p50", s.p50}, {"p90", s.p90}, {"p99", s.p99}, {"min", s.min}, {"mean", s.mean}};
}

Json streams_json(const BenchReport& report) {
  Json each = Json::array();
  for (const BenchSide& stream : report.streams)
    each.push_back({{"runs", stream.ms.size()}, {"ms", statistics_json(stream.statistics)}});
  return {{"count", report.streams.size()}, {"seconds", report.seconds}, {"each", each}};
}

}  // namespace

void add_stages(StageTimes& sum, const StageTimes& times, double weight) {
  sum.prepare += times.prepare * weight;
  sum.upload += times.upload * weight;
  sum.preprocess += times.preprocess * weight;
  sum.network += times.network * weight;
  sum.postprocess += times.postprocess * weight;
  sum.download += times.download * weight;
}

void print_bench_head(const BenchReport& report, int streams, std::FILE* to) {
  print(to, "Model   {}\n", report.side.model);
  if (report.against) print(to, "Against {}\n", report.against->model);
  print(to, "Device  {}, {}{} thread{}, {}\nInput   {}\n", report.device,
        streams > 1 ? fmt::format("{} streams of ", streams) : "", report.threads,
        report.threads == 1 ? "" : "s", report.precision, report.input);
}

void print_bench_report(const BenchReport& report) {
  print(
      report.images_per_s < 10 ? "Throughput: {:.2f} images/s\n" : "Throughput: {:.0f} images/s\n",
      report.images_per_s);
  print_times(report);
  if (report.against)
    print("\n{} takes {:.2f}x the time of {}, pair by pair ({:.2f}x to {:.2f}x)\n",
          report.against->model, report.ratio.p50, report.side.model, report.ratio.min,
          report.ratio.max);
  print_stages(report);
  print("Memory: host peak {}; activations {}{}, weights {}, scratch {}\n",
        bytes_text(report.host_peak), bytes_text(report.memory.arena),
        report.planned ? "" : " (not all planned)", bytes_text(report.memory.weights),
        bytes_text(report.memory.scratch));
  if (!report.layers.empty()) print_layers(report);
  if (!report.warnings.empty()) print("\n");
  for (const std::string& warning : report.warnings) print("Warning: {}\n", warning);
}

Json bench_json(const BenchReport& report) {
  const StageTimes& s = report.stages;
  Json json = {{"model", report.side.model},
               {"device", report.device},
               {"precision", report.precision},
               {"batch", report.batch},
               {"threads", report.threads},
               {"runs", report.side.ms.size()},
               {"input", report.input},
               {"ms", statistics_json(report.side.statistics)},
               {"images_per_s", report.images_per_s},
               {"stages_ms",
                {{"upload", s.upload},
                 {"preprocess", s.preprocess},
                 {"network", s.network},
                 {"postprocess", s.postprocess},
                 {"download", s.download}}},
               {"decode_ms", report.decode_ms},
               {"memory",
                {{"host_peak_bytes", report.host_peak},
                 {"device_peak_bytes", 0},
                 {"arena_bytes", report.memory.arena},
                 {"weights_bytes", report.memory.weights},
                 {"scratch_bytes", report.memory.scratch}}}};
  if (!report.streams.empty()) json["streams"] = streams_json(report);
  if (report.against)
    json["against"] = {
        {"model", report.against->model},
        {"ms", statistics_json(report.against->statistics)},
        {"ratio",
         {{"p50", report.ratio.p50}, {"min", report.ratio.min}, {"max", report.ratio.max}}}};
  if (!report.layers.empty()) {
    json["layers"] = Json::array();
    for (const LayerInfo& layer : report.layers)
      json["layers"].push_back(layer_json(layer, report.roofline));
  }
  if (report.roofline) json["distance"] = roofline_json(*report.roofline);
  json["warnings"] = report.warnings;
  return json;
}

Json trace_json(const BenchReport& report) {
  Json events = Json::array();
  double start = 0;
  for (const LayerInfo& layer : report.layers) {
    events.push_back(
        {{"name", layer.name},
         {"cat", layer.stage},
         {"ph", "X"},
         {"ts", start * 1e3},
         {"dur", layer.ms * 1e3},
         {"pid", 1},
         {"tid", 1},
         {"args", {{"op", layer.op}, {"kernel", layer.kernel}, {"output", layer.output}}}});
    start += layer.ms;
  }
  return {{"otherData", {{"text", "made by thaw"}}},
          {"displayTimeUnit", "ms"},
          {"traceEvents", std::move(events)}};
}

}  // namespace thaw::cli
