#include "base/processors.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#if defined(__linux__)
#include <sched.h>
#endif

namespace thaw {
namespace {

// What the pinned threads of the process make of each processor: a lease's first threads weigh
// more, for a pool that shares the processors runs on those alone.
struct Taken {
  std::mutex mutex;
  std::array<int, kMaxProcessors> load{};
};

Taken& taken() {
  static Taken all;
  return all;
}

// The first processor of the core, which names it; the processor itself where nothing is known.
int core_of(int processor) {
  std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(processor) +
                     "/topology/thread_siblings_list");
  int first = processor;
  return file >> first ? first : processor;
}

// A processor that a lease may take, and how many of its threads it already has.
struct Place {
  size_t processor;
  int core;
  int mine;
};

void allow(const ProcessorSet& processors) {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int i = 0; i < std::min(kMaxProcessors, CPU_SETSIZE); ++i)
    if (processors[static_cast<size_t>(i)]) CPU_SET(i, &set);
  sched_setaffinity(0, sizeof set, &set);
#else
  static_cast<void>(processors);
#endif
}

}  // namespace

ProcessorSet usable_processors() {
  ProcessorSet processors;
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return processors;
  for (int i = 0; i < std::min(kMaxProcessors, CPU_SETSIZE); ++i)
    processors[static_cast<size_t>(i)] = CPU_ISSET(i, &set) != 0;
#endif
  return processors;
}

int available_processors() {
  const auto count = static_cast<int>(usable_processors().count());
  return count > 0 ? count : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

ProcessorLease::ProcessorLease(int count) {
  const ProcessorSet usable = usable_processors();
  std::vector<Place> places;
  for (size_t i = 0; i < kMaxProcessors; ++i)
    if (usable[i]) places.push_back({i, core_of(static_cast<int>(i)), 0});
  if (places.empty()) return;
  const std::lock_guard<std::mutex> lock(taken().mutex);
  const auto load = [&](const Place& place) {
    int on_core = 0;
    for (const Place& other : places)
      if (other.core == place.core) on_core += taken().load[other.processor];
    return std::tuple(place.mine, taken().load[place.processor], on_core, place.processor);
  };
  for (int i = 0; i < count; ++i) {
    const auto best =
        std::min_element(places.begin(), places.end(),
                         [&](const Place& a, const Place& b) { return load(a) < load(b); });
    processors_.push_back(static_cast<int>(best->processor));
    ++best->mine;
    taken().load[best->processor] += count - i;
  }
}

ProcessorLease::~ProcessorLease() {
  const std::lock_guard<std::mutex> lock(taken().mutex);
  auto weight = static_cast<int>(processors_.size());
  for (int processor : processors_) taken().load[static_cast<size_t>(processor)] -= weight--;
}

void bind_this_thread(int processor) {
  ProcessorSet one;
  one.set(static_cast<size_t>(processor));
  allow(one);
}

ThreadBinding::ThreadBinding(int processor) : before_(usable_processors()) {
  bind_this_thread(processor);
}

ThreadBinding::~ThreadBinding() {
  if (before_.any()) allow(before_);
}

}  // namespace thaw
