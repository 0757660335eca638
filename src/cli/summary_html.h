// The page of `thaw summary --html`.
#pragma once

#include <string>

#include "cli/json.h"

namespace thaw::cli {

// One page without anything from elsewhere that draws each plan of summary's document.
std::string summary_html(const Json& summary);

}  // namespace thaw::cli
