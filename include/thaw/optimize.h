// A model made ready to start fast: a SavedModel that TensorFlow still loads, with thaw's plans in
// assets.extra/thaw. Functions may be called from any thread; calls at the same time
// disturb each other's races of kernels. Callbacks come on the caller's thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "thaw/engine.h"
#include "thaw/options.h"

namespace thaw {

struct OptimizeOptions {
  std::vector<std::string> outputs;  // tensor names; empty: found by themselves
  // A plan is built for each: the shapes of all inputs in their order. Empty: the model's own, with
  // pictures of 1x720x1280x3 where it leaves that open.
  std::vector<std::vector<Shape>> shapes;
  EngineOptions engine;       // what plans are built with; a precision that is unset is float32
  bool build = true;          // false: no plans; the engine builds in memory as the manifest says
  bool overwrite = false;     // an existing destination is an error otherwise
  double check_seconds = 60;  // that running each plan may take, to time and to check it; 0: any
  std::function<void(const std::string&)> progress;  // told what begins; may be empty
  // Told what goes on within it, and which part of all of this run's work is done, 0 to 1, as far
  // as that can be foreseen; may be empty.
  std::function<void(const std::string&, double done)> detail;
  Log log;  // plans kept of a run before, a wait for another one, a damaged cache; may be empty
};

struct OptimizedPlan {
  std::vector<Shape> shapes;
  std::string file;  // within the destination
  size_t bytes = 0;
  double seconds = 0;       // to build and measure
  double tune_seconds = 0;  // of them, to race kernels
  // The time of the plan without tuning over this one's; 1 where tuning gained nothing and that
  // plan was kept, 0 where they were not compared.
  double tuned_speedup = 0;
  size_t layers_left_out = 0;  // of tuning, for other work disturbed their races
  size_t races = 0;            // of kernels and plans
  size_t known_races = 0;      // of them, that the timing cache had
  bool kept = false;           // a run before had built it and did not come to its end
};

struct OptimizeReport {
  std::string source_kind;  // "frozen graph"
  Precision precision = Precision::kFloat32;
  std::vector<OptimizedPlan> plans;
  size_t bytes = 0;        // all that was written
  bool checked = false;    // each plan was run from disk and from memory with identical outputs
  std::string check_note;  // why not, when they were not
};

// `source` is a frozen graph or a SavedModel, whose files are copied as they are. Writes to a
// temporary name, checks, and renames: when something is wrong, the destination is as it was.
// Throws InputError, UsageError, ResourceError.
//
// One at a time writes a destination: others, of other processes too, wait and say so; who reads it
// never waits. What a run that was killed had built for it lies in "DESTINATION.work" and is kept
// by the next run with the same options; it goes when a run comes to its end.
OptimizeReport optimize(const std::string& source, const std::string& destination,
                        const OptimizeOptions& options = {});

}  // namespace thaw
