#include "cli/compare_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.h"
#include "thaw/printable.h"

namespace thaw::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr size_t kMaxPictures = 10;
constexpr size_t kMaxConfusions = 10;

std::string known_ms(double ms) { return ms < 0 ? "-" : ms_text(ms); }

std::string figure(double value) { return value < 0 ? "-" : fmt::format("{:.4f}", value); }

std::string change(double a, double b) {
  return a < 0 || b < 0 ? "-" : fmt::format("{:+.4f}", b - a);
}

std::string sides_text(const Comparison& c) {
  Rows rows{{"", "model", "device", "numbers", "parts", ">mean", ">p50"}};
  for (const auto& [name, side] : {std::make_pair("A", &c.a), std::make_pair("B", &c.b)})
    rows.push_back({name, side->path, side->device, side->precision, side->parts,
                    known_ms(side->ms_mean), known_ms(side->ms_p50)});
  return table_text(rows, "");
}

std::string totals_text(const ComparedTotals& t) {
  std::string text =
      fmt::format("{} picture{}: {} matched, {} relabelled, {} lost, {} new\n", t.pictures,
                  t.pictures == 1 ? "" : "s", t.matched, t.relabelled, t.lost, t.added);
  if (t.matched > 0)
    text += fmt::format(
        "Matched: scores change by {:.4f} (at most {:.4f}), IoU {:.4f} (at least {:.4f}), corners "
        "move {:.2f} pixels (at most {:.2f})\n",
        t.mean_score_change, t.max_score_change, t.mean_iou, t.min_iou, t.mean_corner_shift,
        t.max_corner_shift);
  return text;
}

// "lost dog 0.81 (0.44 in B)"
std::string pair_text(const ComparedPicture& picture, const DetectionPair& pair) {
  const Detection* a = pair.a < 0 ? nullptr : &picture.a[static_cast<size_t>(pair.a)];
  const Detection* b = pair.b < 0 ? nullptr : &picture.b[static_cast<size_t>(pair.b)];
  if (pair.kind == PairKind::kRelabelled)
    return fmt::format("{} {:.2f} is {} {:.2f} in B", a->label, a->score, b->label, b->score);
  if (pair.kind == PairKind::kLost)
    return fmt::format("lost {} {:.2f}{}", a->label, a->score,
                       b ? fmt::format(" ({:.2f} in B)", b->score) : "");
  return fmt::format("new {} {:.2f}{}", b->label, b->score,
                     a ? fmt::format(" ({:.2f} in A)", a->score) : "");
}

std::string pictures_text(const Comparison& c) {
  std::string text;
  size_t shown = 0;
  size_t changed = 0;
  for (const size_t index : c.worst_first()) {
    const ComparedPicture& picture = c.pictures[index];
    if (picture.changes() == 0) continue;
    ++changed;
    if (shown == kMaxPictures) continue;
    ++shown;
    std::string line;
    for (const DetectionPair& pair : picture.pairs)
      if (pair.kind != PairKind::kMatched)
        line += (line.empty() ? "" : ", ") + pair_text(picture, pair);
    text += fmt::format("  {}: {}\n", printable(picture.file), printable(line));
  }
  if (changed == 0) return "";
  const std::string more =
      changed > shown ? fmt::format("  and {} more (--json or --report has all)\n", changed - shown)
                      : "";
  return fmt::format("\n{} picture{} with changes, worst first\n{}{}", changed,
                     changed == 1 ? "" : "s", text, more);
}

std::string coco_text(const ComparedTruth& truth) {
  Rows rows{{"COCO", ">A", ">B", ">change"}};
  for (size_t i = 0; i < kCocoLines; ++i)
    rows.push_back({kCocoLineNames[i], figure(truth.a.lines[i]), figure(truth.b.lines[i]),
                    change(truth.a.lines[i], truth.b.lines[i])});
  std::string text = fmt::format("\nAgainst {}: {} images, {} objects\n{}", printable(truth.file),
                                 truth.images, truth.objects, table_text(rows));
  if (truth.tags.empty()) return text;
  Rows tags{
      {"tag", ">images", ">objects", ">AP of A", ">AP of B", ">change", ">AR 100 of A", ">of B"}};
  for (const ComparedTag& tag : truth.tags)
    tags.push_back({tag.tag, fmt::format("{}", tag.images), fmt::format("{}", tag.objects),
                    figure(tag.a[kAp]), figure(tag.b[kAp]), change(tag.a[kAp], tag.b[kAp]),
                    figure(tag.a[kAr100]), figure(tag.b[kAr100])});
  return text + "\n" + table_text(tags);
}

// The cells off the diagonal that differ most or hold most; missed and false ones come last.
std::string confusion_text(const ComparedTruth& truth) {
  struct Cell {
    size_t row;
    size_t column;
    int64_t a;
    int64_t b;
  };
  const size_t count = truth.categories.size();
  std::vector<Cell> cells;
  for (size_t r = 0; r < count; ++r)
    for (size_t c = 0; c < count; ++c) {
      const Cell cell{r, c, truth.confusion_a.at(r, c), truth.confusion_b.at(r, c)};
      if (r != c && cell.a + cell.b > 0) cells.push_back(cell);
    }
  std::stable_sort(cells.begin(), cells.end(), [](const Cell& x, const Cell& y) {
    return std::max(x.a, x.b) > std::max(y.a, y.b);
  });
  cells.resize(std::min(cells.size(), kMaxConfusions));
  Rows rows{{"object", "taken for", ">A", ">B"}};
  for (const Cell& cell : cells)
    rows.push_back({truth.categories[cell.row].name, truth.categories[cell.column].name,
                    fmt::format("{}", cell.a), fmt::format("{}", cell.b)});
  int64_t missed[2] = {0, 0};
  int64_t alarms[2] = {0, 0};
  for (size_t k = 0; k < count; ++k) {
    missed[0] += truth.confusion_a.at(k, count);
    missed[1] += truth.confusion_b.at(k, count);
    alarms[0] += truth.confusion_a.at(count, k);
    alarms[1] += truth.confusion_b.at(count, k);
  }
  rows.push_back({"any", "(missed)", fmt::format("{}", missed[0]), fmt::format("{}", missed[1])});
  rows.push_back({"(none)", "any", fmt::format("{}", alarms[0]), fmt::format("{}", alarms[1])});
  return "\n" + table_text(rows);
}

}  // namespace

std::string comparison_text(const Comparison& comparison) {
  std::string text =
      sides_text(comparison) + "\n" + totals_text(comparison.totals) + pictures_text(comparison);
  if (comparison.truth) text += coco_text(*comparison.truth) + confusion_text(*comparison.truth);
  std::string held;
  for (const Gate& gate : comparison.gates)
    if (gate.passed) held += fmt::format("Held: {}: {}\n", gate.name, printable(gate.text));
  return held.empty() ? text : text + "\n" + held;
}

}  // namespace thaw::cli
