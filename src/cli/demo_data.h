// The model and pictures that `thaw demo` shows: those of the repository, or given ones.
#pragma once

#include <string>
#include <vector>

namespace thaw::cli {

struct DemoData {
  std::string model;
  std::string labels;               // "": class numbers
  std::vector<std::string> images;  // as expand_sources takes them
  std::string truth;                // "": none
};

// Fills in what `given` leaves open from a folder laid out as examples/traffic_lights: `folder`, or
// when that is "" in the current folder or in the repository of the program (build/release/thaw).
// The bundled labels go with the bundled model alone, the truth with the bundled model and
// pictures. Throws InputError saying where it was looked for.
DemoData find_demo_data(const DemoData& given, const std::string& folder);

}  // namespace thaw::cli
