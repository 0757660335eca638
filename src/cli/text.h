// Figures and tables for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace thaw::cli {

std::string bytes_text(uint64_t bytes);  // "18.1 MB"
std::string ms_text(double ms);          // "12.3 ms", "0.041 ms"
std::string count_text(int64_t count);   // "4.10 M"
double shortest(float value);            // the double that prints as the float would
std::string padded(const std::string& text, size_t width);

// Columns as wide as their widest cell; those that begin with '>' in the first row are flush right.
// Cells are shown as printable() shows them.
std::string table_text(const std::vector<std::vector<std::string>>& texts,
                       const std::string& indent = "  ");

}  // namespace thaw::cli
