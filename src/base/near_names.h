// Which known names somebody who mistyped one may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace thaw {

// "; did you mean \"traffic light\" or \"bus\"?", or "" when nothing is near.
std::string near_names_text(std::string_view wanted, std::vector<std::string> names);

}  // namespace thaw
