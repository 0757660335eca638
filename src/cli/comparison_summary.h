// A comparison in a line, and as a small JSON object.
#pragma once

#include <string>

#include "cli/json.h"
#include "thaw/compare.h"

namespace thaw::cli {

// "12 matched, 0 lost, 3 new, 1 relabelled; of 40 objects 20 found, then 31; AP 0.310, then 0.450",
// the objects where the truth is known.
std::string summary_line(const Comparison& comparison);
// The same and the times a picture.
Json summary_json(const Comparison& comparison);

}  // namespace thaw::cli
