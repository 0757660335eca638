// The machine's measured peaks and layers against them (the roofline model), for people and as
// JSON.
#pragma once

#include <string>
#include <vector>

#include "cli/json.h"
#include "thaw/peaks.h"

namespace thaw::cli {

// One number of threads.
struct PeakReport {
  Peaks peaks;
  std::vector<ProductRate> products;  // in the same order for every number of threads
};

std::string peaks_text(const std::vector<PeakReport>& reports);
Json peaks_json(const std::vector<PeakReport>& reports);

std::string roofline_text(const Roofline& roofline);
Json roofline_json(const Roofline& roofline);

}  // namespace thaw::cli
