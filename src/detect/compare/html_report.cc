// The report as a whole, written piece by piece.
#include <fmt/format.h>

#include "detect/compare/html.h"
#include "detect/report_output.h"

namespace thaw {
namespace {

std::string tile(const char* type, const char* name, const std::string& value,
                 const std::string& more) {
  return fmt::format(
      R"(<div class="card tile {}"><div class="name">{}</div><div class="value">{}</div>)"
      R"(<div class="more">{}</div></div>)",
      type, name, value, more);
}

// "cpu, INT8, 2x3 tiles"
std::string side_details(const ComparedSide& side) {
  std::string text;
  for (const std::string& detail : {side.device, side.precision, side.parts})
    if (!detail.empty()) text += (text.empty() ? "" : ", ") + detail;
  return html_text(text);
}

std::string sides(const Comparison& c) {
  std::string out = "<div class=\"card sides\">";
  for (const auto* side : {&c.a, &c.b}) {
    const bool is_a = side == &c.a;
    out +=
        fmt::format(R"(<i class="chip {}" style="font-style:normal">{}</i><b>{}</b><span>{}</span>)"
                    R"(<span>{}</span>)",
                    is_a ? "a" : "b", is_a ? "A" : "B", html_text(side->path), side_details(*side),
                    side->ms_p50 < 0 ? "" : html_ms(side->ms_p50) + " ms a picture");
  }
  return out + "</div>";
}

std::string gates(const Comparison& c) {
  std::string out;
  for (const Gate& gate : c.gates)
    out += fmt::format(R"(<div class="gate {0}"><b>{1}</b><code>{2}</code> {3}</div>)",
                       gate.passed ? "held" : "missed", gate.passed ? "Gate held" : "Gate missed",
                       html_text(gate.name), html_text(gate.text));
  return out;
}

std::string time_tile(const Comparison& c) {
  if (c.a.ms_p50 <= 0 || c.b.ms_p50 <= 0) return "";
  const double ratio = c.b.ms_p50 / c.a.ms_p50;
  return tile("", "Time of B", fmt::format("{} ms", html_ms(c.b.ms_p50)),
              fmt::format("A {} ms, B/A {:.2f}", html_ms(c.a.ms_p50), ratio));
}

std::string tiles(const Comparison& c) {
  const ComparedTotals& t = c.totals;
  std::string out = "<div class=\"tiles\">";
  if (c.truth)
    for (const CocoLine line : {kAp, kAp50}) {
      const double a = c.truth->a.lines[line];
      const double b = c.truth->b.lines[line];
      out += tile("", line == kAp ? "AP of B" : "AP50 of B", html_figure(b),
                  "A " + html_figure(a) + ", " + html_change(a, b));
    }
  const size_t all = t.matched + t.relabelled + t.lost;
  out += tile("", "Matched", std::to_string(t.matched),
              fmt::format("of {} in A, {} in B", all, t.matched + t.relabelled + t.added));
  out += tile(t.lost > 0 ? "lost" : "", "Lost", std::to_string(t.lost), "in A alone");
  out += tile(t.added > 0 ? "new" : "", "New", std::to_string(t.added), "in B alone");
  out += tile(t.relabelled > 0 ? "relabelled" : "", "Relabelled", std::to_string(t.relabelled),
              "another class in B");
  out += tile("", "Scores change by", fmt::format("{:.3f}", t.mean_score_change),
              fmt::format("at most {:.3f}; matched ones", t.max_score_change));
  out += tile("", "Boxes overlap by", fmt::format("{:.3f}", t.mean_iou),
              fmt::format("at least {:.3f}; corners {:.1f} px", t.min_iou, t.mean_corner_shift));
  return out + time_tile(c) + "</div>";
}

std::string truth_sections(const ComparedTruth& truth) {
  std::string out = "<h2>Accuracy</h2><p class=\"note\" style=\"margin:-6px 0 12px\">" +
                    fmt::format("{} pictures with {} objects of {}", truth.images, truth.objects,
                                html_text(truth.file)) +
                    "</p>" + coco_table(truth);
  if (!truth.tags.empty()) out += "<h2>By tag</h2>" + tag_table(truth);
  return out + "<h2>By class</h2>" + category_table(truth) + category_curves(truth) +
         "<h2>Who is taken for whom</h2>" + confusion_tables(truth);
}

std::string unreadable(const Comparison& c) {
  std::string items;
  for (const ComparedPicture& picture : c.pictures)
    if (!picture.error.empty()) items += "<li>" + html_text(picture.error) + "</li>";
  for (const std::string& warning : c.warnings) items += "<li>" + html_text(warning) + "</li>";
  return items.empty() ? "" : "<h2>To be noted</h2><ul class=\"note\">" + items + "</ul>";
}

constexpr const char* kPictureLegend =
    R"html(<div class="legend"><span style="--c:var(--matched)"><i class="box"></i>matched</span>)html"
    R"html(<span style="--c:var(--relabelled)"><i class="box"></i>relabelled</span>)html"
    R"html(<span style="--c:var(--lost)"><i class="box"></i>lost</span>)html"
    R"html(<span style="--c:var(--new)"><i class="box"></i>new</span>)html";

void write_pictures(const Comparison& c, const HtmlReportOptions& options, ReportOutput& output) {
  const std::vector<size_t> order = c.worst_first();
  const size_t count = std::min(order.size(), options.max_pictures);
  if (count == 0) return;
  std::string head = fmt::format("<h2>Pictures, worst first</h2>{}", kPictureLegend);
  if (c.truth)
    head += R"html(<span style="--c:var(--truth)"><i class="box thin"></i>truth</span>)html";
  head += "</div>";
  if (count < order.size())
    head += fmt::format("<p class=\"note\">{} of {} pictures are shown.</p>", count, order.size());
  output.write(head);
  for (size_t i = 0; i < count; ++i)
    output.write(picture_section(c.pictures[order[i]], i, c.score, options));
}

}  // namespace

void write_html_report(const std::string& path, const Comparison& comparison,
                       const HtmlReportOptions& options) {
  ReportOutput output(path);
  const std::string title =
      html_text(file_name(comparison.a.path)) + " and " + html_text(file_name(comparison.b.path));
  output.write(fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<title>thaw compare: {0}</title><style>{1}</style></head>\n<body><main><h1>{0}</h1>",
      title, kHtmlStyle));
  output.write(sides(comparison) + gates(comparison) + tiles(comparison));
  output.write("<h2>What changed</h2><div class=\"two\">" + score_scatter(comparison) +
               (comparison.truth ? precision_recall_curves(*comparison.truth) : "") + "</div>");
  if (comparison.truth) output.write(truth_sections(*comparison.truth));
  output.write(unreadable(comparison));
  write_pictures(comparison, options, output);
  output.write(fmt::format(
      "<footer>Written by thaw compare. {} picture{}; detections of score {:.2f} and above are "
      "compared{}.</footer></main></body></html>\n",
      comparison.totals.pictures, comparison.totals.pictures == 1 ? "" : "s", comparison.score,
      comparison.truth ? ", all of them are evaluated" : ""));
  output.finish();
}

}  // namespace thaw
