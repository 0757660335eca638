// A comparison for people.
#pragma once

#include <string>

#include "thaw/compare.h"

namespace thaw::cli {

std::string comparison_text(const Comparison& comparison);

}  // namespace thaw::cli
