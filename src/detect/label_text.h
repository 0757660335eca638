// The two texts a label map is written as; see label_map.h.
#pragma once

#include <string>
#include <string_view>

#include "detect/label_map.h"

namespace thaw {

// Whether the first thing behind blanks and comments is `item {`.
bool begins_with_item(std::string_view text);
// Protobuf text; `file` begins every error.
void parse_label_items(std::string_view text, const std::string& file, LabelMap& labels);
// One name a line.
void parse_label_lines(std::string_view text, const std::string& file, LabelMap& labels);

// ASCII letters in lower case.
std::string lower_case(std::string_view text);
// Without blanks at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace thaw
