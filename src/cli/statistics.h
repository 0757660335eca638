// What a series of timings says.
#pragma once

#include <vector>

namespace thaw::cli {

struct Statistics {
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double min = 0;
  double max = 0;
  double mean = 0;
};

// Percentiles lie between neighbours where they fall between two values; zeros for no values.
Statistics statistics(std::vector<double> values);
double percentile(const std::vector<double>& sorted, double percent);

}  // namespace thaw::cli
