// What the operating system knows of this process and machine while a model is timed.
#pragma once

#include <cstdint>
#include <string>

namespace thaw::cli {

// The most memory that the process ever had in RAM, bytes; 0 where /proc does not say.
uint64_t peak_memory();
// Processors that the process may use.
int usable_processors();
// Runnable tasks of the whole machine right now, this one included; 0 where /proc does not say.
int runnable_tasks();
// "powersave"; empty where there is none, as in most virtual machines.
std::string frequency_governor();
// Ticks that the processors spent at all, and those that a hypervisor gave to others.
struct ProcessorTicks {
  uint64_t all = 0;
  uint64_t stolen = 0;
};
ProcessorTicks processor_ticks();

}  // namespace thaw::cli
