// Plans that a run of `thaw optimize` has built, so that the next one need not where this one dies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan_file.h"
#include "export/work_folder.h"
#include "thaw/optimize.h"

namespace thaw {

// A plan as it was built and tried.
struct BuiltPlan {
  OptimizedPlan plan;             // `file` is its path in the work folder
  std::vector<uint64_t> results;  // fingerprints of what it gave; empty where it was not run
  std::string note;               // why not
};

// Of type, shape and elements.
uint64_t fingerprint(const Tensor& tensor);

// All that a plan depends on, as text: who builds, for which model, device and shapes, and how.
std::string plan_key(const PlanFacts& facts, const EngineOptions& options);

// What `work` has for the key; nothing where that is damaged or not whole.
std::optional<BuiltPlan> find_built(const WorkFolder& work, const std::string& key);
// Writes it there; sets the path and the bytes of `built.plan`. Throws ResourceError.
void keep_built(const WorkFolder& work, const std::string& key, const PlanFile& file,
                BuiltPlan& built);

}  // namespace thaw
