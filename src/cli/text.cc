#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "thaw/printable.h"

namespace thaw::cli {
namespace {

// Three significant digits where there is a fraction.
std::string three_digits(double value) {
  return fmt::format(value < 9.995 ? "{:.2f}" : value < 99.95 ? "{:.1f}" : "{:.0f}", value);
}

// Characters, not bytes: labels may be UTF-8.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string bytes_text(uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (value < 1e3) return fmt::format("{} bytes", bytes);
  if (value < 1e6) return three_digits(value / 1e3) + " kB";
  if (value < 1e9) return three_digits(value / 1e6) + " MB";
  return three_digits(value / 1e9) + " GB";
}

std::string ms_text(double ms) {
  return fmt::format(ms < 0.9995 ? "{:.3f} ms" : ms < 99.95 ? "{:.2f} ms" : "{:.0f} ms", ms);
}

std::string count_text(int64_t count) {
  const auto value = static_cast<double>(count);
  if (count < 10000) return fmt::format("{}", count);
  if (value < 1e6) return three_digits(value / 1e3) + " k";
  if (value < 1e9) return three_digits(value / 1e6) + " M";
  return three_digits(value / 1e9) + " G";
}

double shortest(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

std::string padded(const std::string& text, size_t width) {
  const size_t used = width_of(text);
  return used < width ? text + std::string(width - used, ' ') : text;
}

std::string table_text(const std::vector<std::vector<std::string>>& texts,
                       const std::string& indent) {
  if (texts.empty()) return "";
  std::vector<std::vector<std::string>> rows = texts;
  for (std::vector<std::string>& row : rows)
    for (std::string& cell : row) cell = printable(cell);
  std::vector<size_t> widths(rows[0].size(), 0);
  std::vector<bool> right(rows[0].size(), false);
  std::vector<std::string> heads = rows[0];
  for (size_t c = 0; c < heads.size(); ++c) {
    right[c] = !heads[c].empty() && heads[c][0] == '>';
    if (right[c]) heads[c].erase(0, 1);
    widths[c] = width_of(heads[c]);
    for (size_t r = 1; r < rows.size(); ++r) widths[c] = std::max(widths[c], width_of(rows[r][c]));
  }
  std::string out;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line = indent;
    for (size_t c = 0; c < heads.size(); ++c) {
      const std::string& cell = r == 0 ? heads[c] : rows[r][c];
      const std::string space(widths[c] - std::min(widths[c], width_of(cell)), ' ');
      line += right[c] ? space + cell : cell + space;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace thaw::cli
