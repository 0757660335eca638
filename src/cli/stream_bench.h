// Several requests of one engine, run at the same time, each from a thread of its own.
#pragma once

#include <vector>

#include "cli/bench_input.h"
#include "cli/bench_report.h"
#include "thaw/request.h"

namespace thaw::cli {

std::vector<Request> make_streams(const Engine& engine, int count);

// `warmup` runs of each request (1 at least), then `runs` of all together: a request that has done
// one takes the next, so that all work until the end. Fills the report's times, stages and streams;
// throws what a run threw.
void run_streams(std::vector<Request>& requests, const BenchInput& input, int warmup, int runs,
                 BenchReport& report);

}  // namespace thaw::cli
