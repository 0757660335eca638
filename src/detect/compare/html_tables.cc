// Tables of the report.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "detect/compare/html.h"

namespace thaw {
namespace {

constexpr size_t kMaxConfusionClasses = 14;

const char* const kLineMeanings[kCocoLines] = {"mean precision, IoU 0.50 to 0.95",
                                               "mean precision, IoU 0.50",
                                               "mean precision, IoU 0.75",
                                               "objects below 32\xC2\xB2 pixels",
                                               "objects of 32\xC2\xB2 to 96\xC2\xB2 pixels",
                                               "objects above 96\xC2\xB2 pixels",
                                               "recall with 1 detection a class and picture",
                                               "recall with 10",
                                               "recall with 100",
                                               "objects below 32\xC2\xB2 pixels",
                                               "objects of 32\xC2\xB2 to 96\xC2\xB2 pixels",
                                               "objects above 96\xC2\xB2 pixels"};

std::string bars(double a, double b) {
  return fmt::format(R"(<td class="bar"><span class="bars"><i class="a" style="width:{:.1f}%"></i>)"
                     R"(<i class="b" style="width:{:.1f}%"></i></span></td>)",
                     100 * std::max(a, 0.0), 100 * std::max(b, 0.0));
}

std::string figures(double a, double b) {
  return fmt::format("<td>{}</td><td>{}</td><td>{}</td>", html_figure(a), html_figure(b),
                     html_change(a, b));
}

// Categories by how much there is of them: objects and what was taken for them.
std::vector<size_t> busiest_categories(const ComparedTruth& truth) {
  const size_t count = truth.categories.size();
  std::vector<int64_t> weight(count, 0);
  for (size_t r = 0; r <= count; ++r)
    for (size_t c = 0; c <= count; ++c) {
      const int64_t both = truth.confusion_a.at(r, c) + truth.confusion_b.at(r, c);
      if (r < count) weight[r] += both;
      if (c < count) weight[c] += both;
    }
  std::vector<size_t> order;
  for (size_t k = 0; k < count; ++k)
    if (weight[k] > 0) order.push_back(k);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t x, size_t y) { return weight[x] > weight[y]; });
  order.resize(std::min(order.size(), kMaxConfusionClasses));
  std::sort(order.begin(), order.end());
  return order;
}

std::string confusion_cell(int64_t count, int64_t row_sum, bool is_hit, int64_t change) {
  if (count == 0 && change == 0) return "<td class=\"zero\">0</td>";
  const double share = row_sum == 0 ? 0 : static_cast<double>(count) / static_cast<double>(row_sum);
  const double strength = count == 0 ? 0.05 : 0.15 + 0.7 * std::sqrt(share);
  std::string difference;
  if (change != 0)
    difference =
        fmt::format("<em class=\"{}\">{}{}</em>", (change > 0) == is_hit ? "better" : "worse",
                    change > 0 ? "+" : "\xE2\x88\x92", std::abs(change));
  return fmt::format("<td style=\"--c:var(--{});--s:{:.2f}\">{}{}</td>", is_hit ? "hit" : "miss",
                     strength, count, difference);
}

class ConfusionTable {
 public:
  ConfusionTable(const ComparedTruth& truth, const std::vector<size_t>& shown)
      : truth_(truth), places_(shown) {
    places_.push_back(truth.categories.size());
  }

  // `before` is what changes are shown against, or null.
  std::string html(const CocoConfusion& confusion, const CocoConfusion* before) const {
    std::string out = "<table class=\"confusion\"><tr><th></th>";
    for (const size_t c : places_)
      out += fmt::format("<th class=\"column\"><span>{}</span></th>", name(c, "missed"));
    out += "</tr>";
    for (const size_t r : places_) {
      int64_t sum = 0;
      for (size_t c = 0; c <= truth_.categories.size(); ++c) sum += confusion.at(r, c);
      out += fmt::format("<tr><th class=\"row\">{}</th>", name(r, "background"));
      for (const size_t c : places_) {
        if (r == truth_.categories.size() && c == r)
          out += "<td class=\"none\"></td>";
        else
          out += confusion_cell(confusion.at(r, c), sum, r == c,
                                before ? confusion.at(r, c) - before->at(r, c) : 0);
      }
      out += "</tr>";
    }
    return "<div class=\"scroll\">" + out + "</table></div>";
  }

 private:
  std::string name(size_t place, const char* outside) const {
    return place == truth_.categories.size() ? std::string("<i>") + outside + "</i>"
                                             : html_text(truth_.categories[place].name);
  }

  const ComparedTruth& truth_;
  std::vector<size_t> places_;
};

}  // namespace

std::string coco_table(const ComparedTruth& truth) {
  std::string out =
      "<table><tr><th>COCO line</th><th style=\"text-align:left\">what it measures</th><th>A</th>"
      "<th>B</th><th>change</th><th></th></tr>";
  for (size_t i = 0; i < kCocoLines; ++i) {
    const double a = truth.a.lines[i];
    const double b = truth.b.lines[i];
    out += fmt::format(
        "<tr{}><td>{}</td><td class=\"same\" style=\"text-align:left\">{}</td>{}{}</tr>",
        i == kApLarge ? " class=\"gap\"" : "", kCocoLineNames[i], kLineMeanings[i], figures(a, b),
        bars(a, b));
  }
  return "<div class=\"card scroll\">" + out + "</table></div>";
}

std::string category_table(const ComparedTruth& truth) {
  std::vector<size_t> order;
  for (size_t k = 0; k < truth.categories.size(); ++k)
    if (truth.category_objects[k] > 0) order.push_back(k);
  const auto change = [&](size_t k) { return truth.b.category_ap(k) - truth.a.category_ap(k); };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t x, size_t y) { return change(x) < change(y); });
  std::string out =
      "<table><tr><th>class</th><th>objects</th><th>AP of A</th><th>AP of B</th><th>change</th>"
      "<th></th></tr>";
  for (const size_t k : order) {
    const double a = truth.a.category_ap(k);
    const double b = truth.b.category_ap(k);
    out += fmt::format("<tr><td>{}</td><td>{}</td>{}{}</tr>", html_text(truth.categories[k].name),
                       truth.category_objects[k], figures(a, b), bars(a, b));
  }
  return "<div class=\"card scroll\">" + out + "</table></div>";
}

std::string tag_table(const ComparedTruth& truth) {
  std::string out =
      "<table><tr><th>tag</th><th>pictures</th><th>objects</th><th>AP of A</th><th>of B</th>"
      "<th>change</th><th></th><th>AP50 of A</th><th>of B</th><th>change</th><th>AR 100 of A</th>"
      "<th>of B</th><th>change</th></tr>";
  for (const ComparedTag& tag : truth.tags)
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td>{}{}{}{}</tr>", html_text(tag.tag),
                       tag.images, tag.objects, figures(tag.a[kAp], tag.b[kAp]),
                       bars(tag.a[kAp], tag.b[kAp]), figures(tag.a[kAp50], tag.b[kAp50]),
                       figures(tag.a[kAr100], tag.b[kAr100]));
  return "<div class=\"card scroll\">" + out + "</table></div>";
}

std::string confusion_tables(const ComparedTruth& truth) {
  const std::vector<size_t> shown = busiest_categories(truth);
  const ConfusionTable table(truth, shown);
  // More columns than half of the page holds stand one above the other.
  std::string out = "<div class=\"" + std::string(shown.size() > 8 ? "one" : "two") +
                    "\"><div class=\"card\"><h3><span class=\"chip a\">A</span>" +
                    std::string("object in the row, detected as the column</h3>") +
                    table.html(truth.confusion_a, nullptr) + "</div><div class=\"card\"><h3>" +
                    "<span class=\"chip b\">B</span>with the change against A</h3>" +
                    table.html(truth.confusion_b, &truth.confusion_a) + "</div></div>";
  if (shown.size() == kMaxConfusionClasses)
    out += fmt::format("<p class=\"note\">The {} classes with most objects and detections.</p>",
                       kMaxConfusionClasses);
  return out;
}

}  // namespace thaw
