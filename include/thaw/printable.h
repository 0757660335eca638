// Names and texts from outside, for people's eyes. From any thread.
#pragma once

#include <string>
#include <string_view>

namespace thaw {

// The text with what a terminal would obey, or what would make it read as something else, shown as
// \xNN, byte by byte: control characters (line ends and tabs too), bytes that are no UTF-8, marks
// that turn the direction of writing, line and paragraph separators.
std::string printable(std::string_view text);

}  // namespace thaw
