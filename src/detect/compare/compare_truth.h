// Both sides of a comparison against the truth.
#pragma once

#include <string>

#include "thaw/compare.h"

namespace thaw {

// Fills in the truth of `comparison` and of its pictures. Detections whose label is but their
// number get the name that the truth has for it. Throws InputError when no picture has a truth.
void compare_with_truth(const std::string& file, const CocoTruth& truth, Comparison& comparison);

}  // namespace thaw
