// What `thaw bench` found, for people and as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/json.h"
#include "cli/statistics.h"
#include "thaw/peaks.h"

namespace thaw::cli {

struct BenchSide {
  std::string model;
  std::vector<double> ms;  // one per run
  Statistics statistics;
};

struct BenchReport {
  BenchSide side;
  std::optional<BenchSide> against;
  Statistics ratio;  // of the pairs: MODEL2's time through MODEL's
  std::string device;
  std::string precision;
  int threads = 0;                 // of each stream
  std::vector<BenchSide> streams;  // of --streams, when there are several
  double seconds = 0;              // that they took together
  int64_t batch = 1;
  std::string input;
  double images_per_s = 0;
  double decode_ms = 0;
  StageTimes stages;  // means
  MemoryUse memory;   // of all streams, their weights once
  bool planned = true;
  uint64_t host_peak = 0;
  std::vector<LayerInfo> layers;  // of --profile
  std::optional<Roofline> roofline;
  std::vector<std::string> warnings;
};

void add_stages(StageTimes& sum, const StageTimes& times, double weight);

void print_bench_head(const BenchReport& report, int streams, std::FILE* to);
void print_bench_report(const BenchReport& report);
Json bench_json(const BenchReport& report);
// The layers' mean times laid end to end, for a Chrome trace viewer.
Json trace_json(const BenchReport& report);

}  // namespace thaw::cli
