#include <fmt/format.h>

#include <cmath>

#include "detect/compare/html.h"
#include "thaw/printable.h"

namespace thaw {

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string html_figure(double value) {
  return value < 0 ? "\xE2\x80\x93" : fmt::format("{:.3f}", value);
}

std::string html_change(double a, double b) {
  if (a < 0 || b < 0) return "<span class=\"same\">\xE2\x80\x93</span>";
  const double change = b - a;
  if (std::abs(change) < 0.0005) return "<span class=\"same\">0.000</span>";
  return fmt::format("<span class=\"{}\">{}{:.3f}</span>", change > 0 ? "better" : "worse",
                     change > 0 ? "+" : "\xE2\x88\x92", std::abs(change));
}

std::string html_ms(double ms) {
  if (ms < 0) return "\xE2\x80\x93";
  return fmt::format(ms < 0.9995 ? "{:.3f}" : ms < 99.95 ? "{:.1f}" : "{:.0f}", ms);
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

std::string file_name(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return path;
  const size_t slash = path.find_last_of('/', end);
  const size_t begin = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(begin, end + 1 - begin);
}

}  // namespace thaw
