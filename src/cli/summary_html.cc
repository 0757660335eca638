#include "cli/summary_html.h"

#include <fmt/format.h>

#include "cli/summary_page.h"

namespace thaw::cli {
namespace {

// Text for HTML, and a document that may stand in a script: no tag can begin in it.
std::string without_tags(std::string text) {
  for (size_t at = 0; (at = text.find('<', at)) != std::string::npos;)
    text.replace(at, 1, "\\u003c");
  return text;
}

std::string html_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string summary_html(const Json& summary) {
  const std::string document = summary.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::string name =
      Json(summary.at("model")).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
  page += "<title>thaw summary: " + html_text(name.substr(1, name.size() - 2)) + "</title>\n";
  page += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";
  page += "<style>" + std::string(kSummaryStyle) + "</style></head>\n";
  page += kSummaryBody;
  page += "<script type=\"application/json\" id=\"data\">" + without_tags(document) + "</script>\n";
  page += "<script>" + std::string(kSummaryLayout) + kSummaryScript + "</script>\n";
  return page + "</body></html>\n";
}

}  // namespace thaw::cli
