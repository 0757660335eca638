// The parts of the HTML report, each as text; html_report.cc puts them together.
#pragma once

#include <string>
#include <string_view>

#include "thaw/compare.h"

namespace thaw {

// Safe in HTML text and attributes; shown as printable() shows it.
std::string html_text(std::string_view text);
// "0.512", "-" for less than 0, which stands for nothing to measure.
std::string html_figure(double value);
// "+0.012" in a span whose class says better or worse.
std::string html_change(double a, double b);
std::string html_ms(double ms);
std::string base64(std::string_view bytes);
// The last component of a path.
std::string file_name(const std::string& path);

extern const char* const kHtmlStyle;

// html_charts.cc
std::string score_scatter(const Comparison& comparison);
std::string precision_recall_curves(const ComparedTruth& truth);
std::string category_curves(const ComparedTruth& truth);

// html_tables.cc
std::string coco_table(const ComparedTruth& truth);
std::string category_table(const ComparedTruth& truth);
std::string tag_table(const ComparedTruth& truth);
std::string confusion_tables(const ComparedTruth& truth);

// html_picture.cc: one picture of both sides. `number` is its place in the report.
std::string picture_section(const ComparedPicture& picture, size_t number, float score,
                            const HtmlReportOptions& options);
// "lost car 0.52 (0.40 in B)"
std::string pair_text(const ComparedPicture& picture, const DetectionPair& pair);

}  // namespace thaw
