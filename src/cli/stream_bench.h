// Several engines over the same weights, run at the same time, each from a thread of its own.
#pragma once

#include <vector>

#include "cli/bench_input.h"
#include "cli/bench_report.h"
#include "thaw/engine.h"

namespace thaw::cli {

// `engine` and count - 1 that share its weights.
std::vector<Engine> make_streams(Engine engine, int count);

// `warmup` runs of each engine (1 at least), then `runs` of all together: an engine that has done
// one takes the next, so that all work until the end. Fills the report's times, stages and streams;
// throws what a run threw.
void run_streams(std::vector<Engine>& engines, const BenchInput& input, int warmup, int runs,
                 BenchReport& report);

}  // namespace thaw::cli
