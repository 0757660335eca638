// Which steps of a plan read what which others wrote.
#pragma once

#include <vector>

#include "runtime/plan.h"

namespace thaw {

struct Dataflow {
  // By step and input: the steps that wrote it, ascending; none of constants and the plan's inputs.
  std::vector<std::vector<std::vector<size_t>>> writers;
  std::vector<std::vector<size_t>> output_writers;  // by output of the plan
};

// Slots of an arena that share memory are one another's.
Dataflow find_dataflow(const Plan& plan);

}  // namespace thaw
