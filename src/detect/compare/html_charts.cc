// Charts of the report as inline SVG.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "detect/compare/html.h"

namespace thaw {
namespace {

constexpr size_t kMaxPoints = 4000;
constexpr size_t kMaxSmallCharts = 12;

// A square of 0..1 by 0..1 with room for numbers and titles.
struct Plot {
  double left = 52;
  double top = 12;
  double width = 380;
  double height = 300;

  double x(double value) const { return left + value * width; }
  double y(double value) const { return top + (1 - value) * height; }

  std::string grid(const char* x_title, const char* y_title) const {
    std::string out;
    for (int i = 0; i <= 5; ++i) {
      const double at = i / 5.0;
      out += fmt::format(
          R"(<path class="grid" d="M{0:.1f} {1:.1f}V{2:.1f}M{3:.1f} {4:.1f}H{5:.1f}"/>)", x(at),
          y(0), y(1), x(0), y(at), x(1));
      out += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{:.1f}</text>)", x(at),
                         y(0) + 17, at);
      out += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="end">{:.1f}</text>)", x(0) - 8,
                         y(at) + 4, at);
    }
    out += fmt::format(R"(<path class="axis" fill="none" d="M{:.1f} {:.1f}V{:.1f}H{:.1f}"/>)", x(0),
                       y(1), y(0), x(1));
    out += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", x(0.5),
                       y(0) + 38, x_title);
    const double middle = y(0.5);
    out += fmt::format(
        R"svg(<text x="14" y="{0:.1f}" text-anchor="middle" transform="rotate(-90 14 {0:.1f})">{1}</text>)svg",
        middle, y_title);
    return out;
  }

  std::string open(const char* label) const {
    return fmt::format(R"(<svg viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">)",
                       left + width + 14, top + height + 46, label);
  }
};

// The curve at one IoU threshold, mean over the categories that have objects; -1 in each place when
// there are none.
std::vector<double> mean_curve(const CocoEvaluation& e, size_t iou,
                               const std::vector<size_t>& categories) {
  std::vector<double> curve(CocoEvaluation::kRecalls, -1);
  for (size_t r = 0; r < curve.size(); ++r) {
    double sum = 0;
    size_t count = 0;
    for (const size_t k : categories) {
      const double value = e.precision_at(iou, r, k);
      if (value < 0) continue;
      sum += value;
      ++count;
    }
    if (count > 0) curve[r] = sum / static_cast<double>(count);
  }
  return curve;
}

std::string curve_path(const Plot& plot, const std::vector<double>& curve, const char* style) {
  if (curve[0] < 0) return "";
  std::string path;
  for (size_t r = 0; r < curve.size(); ++r)
    path += fmt::format("{}{:.1f} {:.1f}", r == 0 ? "M" : "L", plot.x(static_cast<double>(r) / 100),
                        plot.y(curve[r]));
  return fmt::format(R"(<path class="line {}" d="{}"/>)", style, path);
}

double score_of(const std::vector<Detection>& detections, int index) {
  return index < 0 ? 0 : static_cast<double>(detections[static_cast<size_t>(index)].score);
}

std::string point(const Plot& plot, const ComparedPicture& picture, const DetectionPair& pair) {
  const std::string title =
      pair.kind == PairKind::kMatched
          ? fmt::format("{} {:.3f}, {:.3f} in B", picture.a[static_cast<size_t>(pair.a)].label,
                        score_of(picture.a, pair.a), score_of(picture.b, pair.b))
          : pair_text(picture, pair);
  return fmt::format(
      R"(<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="4"><title>{}: {}</title></circle>)",
      pair_kind_name(pair.kind), plot.x(score_of(picture.a, pair.a)),
      plot.y(score_of(picture.b, pair.b)), html_text(file_name(picture.file)), html_text(title));
}

// Those of one kind, as many as `left` allows.
std::string points(const Plot& plot, const Comparison& c, bool matched, size_t& left) {
  std::string out;
  for (const ComparedPicture& picture : c.pictures)
    for (const DetectionPair& pair : picture.pairs) {
      if ((pair.kind == PairKind::kMatched) != matched || left == 0) continue;
      --left;
      out += point(plot, picture, pair);
    }
  return out;
}

constexpr const char* kScatterLegend =
    R"html(<div class="legend"><span style="--c:var(--matched)"><i class="dot"></i>matched</span>)html"
    R"html(<span style="--c:var(--relabelled)"><i class="dot"></i>relabelled</span>)html"
    R"html(<span style="--c:var(--lost)"><i class="dot"></i>lost</span>)html"
    R"html(<span style="--c:var(--new)"><i class="dot"></i>new</span></div>)html";

constexpr const char* kCurveLegend =
    R"html(<div class="legend"><span style="--c:var(--a)"><i></i>A, IoU 0.50</span>)html"
    R"html(<span style="--c:var(--b)"><i></i>B, IoU 0.50</span>)html"
    R"html(<span style="--c:var(--a)"><i class="dash"></i>A, IoU 0.75</span>)html"
    R"html(<span style="--c:var(--b)"><i class="dash"></i>B, IoU 0.75</span></div>)html";

std::string small_chart(const ComparedTruth& truth, size_t k) {
  const Plot plot{4, 4, 180, 120};
  std::string svg = fmt::format(R"(<svg viewBox="0 0 188 128" role="img" aria-label="{}">)",
                                html_text(truth.categories[k].name));
  for (int i = 0; i <= 2; ++i)
    svg += fmt::format(R"(<path class="grid" d="M{:.0f} 4V124M4 {:.0f}H184"/>)", 4 + i * 90.0,
                       4 + i * 60.0);
  svg += R"(<path class="axis" fill="none" d="M4 4V124H184"/>)";
  svg += curve_path(plot, mean_curve(truth.a, 0, {k}), "a");
  svg += curve_path(plot, mean_curve(truth.b, 0, {k}), "b");
  return fmt::format(
      "<div><div class=\"title\">{}</div>{}</svg><div class=\"more\">{} object{}: {} to "
      "{}</div></div>",
      html_text(truth.categories[k].name), svg, truth.category_objects[k],
      truth.category_objects[k] == 1 ? "" : "s", html_figure(truth.a.category_ap50(k)),
      html_figure(truth.b.category_ap50(k)));
}

}  // namespace

std::string score_scatter(const Comparison& comparison) {
  const Plot plot;
  const auto score = static_cast<double>(comparison.score);
  std::string out = "<div class=\"card\"><h3>Scores</h3>" + plot.open("Score in B over score in A");
  out += plot.grid("score in A", "score in B");
  out += fmt::format(R"(<path class="axis" d="M{:.1f} {:.1f}L{:.1f} {:.1f}" opacity=".45"/>)",
                     plot.x(0), plot.y(0), plot.x(1), plot.y(1));
  out += fmt::format(
      R"(<path class="guide" fill="none" d="M{0:.1f} {1:.1f}V{2:.1f}M{3:.1f} {4:.1f}H{5:.1f}"/>)",
      plot.x(score), plot.y(0), plot.y(1), plot.x(0), plot.y(score), plot.x(1));
  size_t left = kMaxPoints;
  const std::string changed = points(plot, comparison, false, left);
  out += points(plot, comparison, true, left) + changed + "</svg>" + kScatterLegend;
  if (left == 0) out += fmt::format("<p class=\"note\">{} points are shown.</p>", kMaxPoints);
  return out +
         "<p class=\"note\">On the diagonal nothing changed; on an axis there is no counterpart at "
         "all. Dotted: the score from which detections count.</p></div>";
}

std::string precision_recall_curves(const ComparedTruth& truth) {
  const Plot plot;
  std::vector<size_t> all(truth.categories.size());
  std::iota(all.begin(), all.end(), size_t{0});
  std::string out = "<div class=\"card\"><h3>Precision over recall, mean of the classes</h3>" +
                    plot.open("Precision over recall") + plot.grid("recall", "precision");
  out += curve_path(plot, mean_curve(truth.a, 5, all), "a dashed");
  out += curve_path(plot, mean_curve(truth.b, 5, all), "b dashed");
  out += curve_path(plot, mean_curve(truth.a, 0, all), "a");
  out += curve_path(plot, mean_curve(truth.b, 0, all), "b");
  return out + "</svg>" + kCurveLegend +
         "<p class=\"note\">Of all detections, whatever their score.</p></div>";
}

std::string category_curves(const ComparedTruth& truth) {
  std::vector<size_t> order;
  for (size_t k = 0; k < truth.categories.size(); ++k)
    if (truth.category_objects[k] > 0) order.push_back(k);
  if (order.size() < 2) return "";
  std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) {
    return truth.category_objects[x] > truth.category_objects[y];
  });
  std::string out;
  for (size_t i = 0; i < order.size() && i < kMaxSmallCharts; ++i)
    out += small_chart(truth, order[i]);
  const std::string more =
      order.size() > kMaxSmallCharts
          ? fmt::format(
                "<p class=\"note\">The {} classes with most objects; {} more have objects."
                "</p>",
                kMaxSmallCharts, order.size() - kMaxSmallCharts)
          : "";
  return "<div class=\"card\" style=\"margin-top:16px\"><h3>Precision over recall by class, IoU "
         "0.50; below: AP50 of A and B</h3><div class=\"small\">" +
         out + "</div>" + more + "</div>";
}

}  // namespace thaw
