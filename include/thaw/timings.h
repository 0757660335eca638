// The timing cache: which kernels were timed for a layer, and which was the fastest.
// Functions here may be called from any thread, several at the same time too.
#pragma once

#include <string>
#include <vector>

namespace thaw {

// One kernel that was raced, on so many threads.
struct KernelTiming {
  std::string kernel;  // "cpu.separable.avx2"
  int threads = 0;
  double ms = 0;
};

// What was raced for one kind of layer. Layers of the same op, types and shapes are one.
struct LayerTimings {
  std::string machine;  // device, processor and the instructions in use
  std::string build;    // of thaw: timings of other kernels don't count
  std::string layer;    // the op with its attributes, and the types of its inputs and results
  int threads = 0;      // that there were
  std::vector<KernelTiming> raced;  // the one to take first
};

// $XDG_CACHE_HOME/thaw/timings, or ~/.cache/thaw/timings; empty when neither variable is set.
std::string default_timing_cache();

// What the file holds; nothing when there is none. Throws InputError when it is damaged or no
// timing cache, ResourceError when it can't be read.
std::vector<LayerTimings> read_timings(const std::string& path);

// Removes the file, damaged or not; false when there is none. Throws InputError when it is
// something else, ResourceError when it can't be removed.
bool clear_timings(const std::string& path);

// Whether an engine of this process would take over timings of this machine and build.
bool timings_apply(const LayerTimings& timings);

}  // namespace thaw
