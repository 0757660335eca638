#include "cli/machine.h"

#include <sched.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace thaw::cli {

uint64_t peak_memory() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    unsigned long long kib = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %llu kB", &kib) == 1) return kib * 1024;
  }
  return 0;
}

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

int runnable_tasks() {
  std::ifstream file("/proc/loadavg");
  double averages[3];
  int runnable = 0;
  file >> averages[0] >> averages[1] >> averages[2] >> runnable;
  return file ? runnable : 0;
}

std::string frequency_governor() {
  std::ifstream file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  std::string name;
  file >> name;
  return name;
}

ProcessorTicks processor_ticks() {
  std::ifstream file("/proc/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line);
  std::string cpu;
  fields >> cpu;
  ProcessorTicks ticks;
  uint64_t value = 0;
  // user nice system idle iowait irq softirq steal; guest times are part of user's.
  for (int i = 0; i < 8 && fields >> value; ++i) {
    ticks.all += value;
    if (i == 7) ticks.stolen = value;
  }
  return ticks;
}

}  // namespace thaw::cli
