#include "thaw/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "detect/compare/compare_truth.h"
#include "detect/compare/match_detections.h"
#include "detect/compare/side.h"
#include "thaw/error.h"

namespace thaw {
namespace {

void check(const CompareOptions& options) {
  if (!(options.score >= 0 && options.score <= 1))
    throw UsageError(fmt::format("the score is {}; 0 to 1 was expected", options.score));
  if (options.max_map_drop && options.truth.empty())
    throw UsageError("--max-map-drop needs --truth");
}

std::vector<std::string> files_of(const CompareOptions& options, const Side& a, const Side& b) {
  if (!options.pictures.empty()) return options.pictures;
  std::vector<std::string> files = a.files();
  const std::set<std::string> known(files.begin(), files.end());
  for (const std::string& file : b.files())
    if (known.count(file) == 0) files.push_back(file);
  if (files.empty()) throw UsageError("pictures are needed (--images): neither side names any");
  return files;
}

// A before B and B before A in turn, so that neither always finds the caches warm.
void detect_both(Side& a, Side& b, bool a_first, ComparedPicture& picture) {
  Picture pixels;
  const bool needs_pixels = a.needs_pixels() || b.needs_pixels();
  if (needs_pixels) pixels = read_picture(picture.file, &picture.warning);
  const Picture* given = needs_pixels ? &pixels : nullptr;
  SideResult of_b;
  if (!a_first) of_b = b.detect(picture.file, given);
  SideResult of_a = a.detect(picture.file, given);
  if (a_first) of_b = b.detect(picture.file, given);
  picture.width = needs_pixels ? pixels.width : std::max(of_a.width, of_b.width);
  picture.height = needs_pixels ? pixels.height : std::max(of_a.height, of_b.height);
  picture.ms_a = of_a.ms;
  picture.ms_b = of_b.ms;
  picture.a = std::move(of_a.detections);
  picture.b = std::move(of_b.detections);
}

ComparedPicture compare_picture(Side& a, Side& b, const std::string& file, bool a_first,
                                float score) {
  ComparedPicture picture;
  picture.file = file;
  try {
    detect_both(a, b, a_first, picture);
  } catch (const InputError& error) {
    picture.error = error.what();
    if (picture.error.find(file) == std::string::npos) picture.error = file + ": " + picture.error;
    return picture;
  }
  match_detections(picture, score);
  return picture;
}

void set_times(const Comparison& comparison, double ComparedPicture::*time, ComparedSide& side) {
  std::vector<double> times;
  for (const ComparedPicture& picture : comparison.pictures)
    if (picture.error.empty() && picture.*time >= 0) times.push_back(picture.*time);
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  const size_t middle = times.size() / 2;
  side.ms_p50 = times.size() % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
  side.ms_mean =
      std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
}

void add_matched(const DetectionPair& pair, ComparedTotals& totals) {
  const double change = std::abs(pair.score_change);
  double shift = 0;
  for (const double edge : pair.corner_shift) shift = std::max(shift, std::abs(edge));
  const auto count = static_cast<double>(++totals.matched);
  totals.mean_score_change += (change - totals.mean_score_change) / count;
  totals.max_score_change = std::max(totals.max_score_change, change);
  totals.mean_iou += (pair.iou - totals.mean_iou) / count;
  totals.min_iou = std::min(totals.min_iou, pair.iou);
  totals.mean_corner_shift += (shift - totals.mean_corner_shift) / count;
  totals.max_corner_shift = std::max(totals.max_corner_shift, shift);
}

void add_picture(const ComparedPicture& picture, ComparedTotals& totals) {
  if (!picture.error.empty()) {
    ++totals.unreadable;
    return;
  }
  ++totals.pictures;
  totals.relabelled += picture.count(PairKind::kRelabelled);
  totals.lost += picture.count(PairKind::kLost);
  totals.added += picture.count(PairKind::kNew);
  for (const DetectionPair& pair : picture.pairs) {
    if (pair.kind == PairKind::kMatched) add_matched(pair, totals);
    const double change = full_change(picture, pair);
    if (change <= totals.largest_change) continue;
    totals.largest_change = change;
    totals.largest_change_file = picture.file;
  }
}

Gate map_gate(const Comparison& comparison, double limit) {
  const double a = comparison.truth->a.lines[kAp];
  const double b = comparison.truth->b.lines[kAp];
  if (a < 0)
    throw InputError(fmt::format("{}: --max-map-drop: there are no objects in these pictures",
                                 comparison.truth->file));
  Gate gate{"--max-map-drop", limit, a - b, a - b <= limit, ""};
  gate.text = fmt::format("AP changes by {:+.4f} ({:.4f} to {:.4f}), a drop of {} is allowed",
                          b - a, a, b, limit);
  return gate;
}

Gate score_gate(const ComparedTotals& totals, double limit) {
  Gate gate{"--max-score-change", limit, totals.largest_change, totals.largest_change <= limit, ""};
  gate.text = fmt::format("the largest change of a score is {:.4f}", totals.largest_change);
  if (!totals.largest_change_file.empty())
    gate.text += fmt::format(" (in {})", totals.largest_change_file);
  gate.text += fmt::format(", {} is allowed", limit);
  return gate;
}

double largest_change(const ComparedPicture& picture) {
  double largest = 0;
  for (const DetectionPair& pair : picture.pairs)
    largest = std::max(largest, full_change(picture, pair));
  return largest;
}

}  // namespace

const char* pair_kind_name(PairKind kind) {
  switch (kind) {
    case PairKind::kMatched:
      return "matched";
    case PairKind::kRelabelled:
      return "relabelled";
    case PairKind::kLost:
      return "lost";
    case PairKind::kNew:
      break;
  }
  return "new";
}

size_t ComparedPicture::count(PairKind kind) const {
  return static_cast<size_t>(std::count_if(
      pairs.begin(), pairs.end(), [kind](const DetectionPair& pair) { return pair.kind == kind; }));
}

size_t ComparedPicture::changes() const { return pairs.size() - count(PairKind::kMatched); }

std::vector<size_t> Comparison::worst_first() const {
  std::vector<size_t> order;
  std::vector<double> change(pictures.size(), 0);
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (!pictures[i].error.empty()) continue;
    order.push_back(i);
    change[i] = largest_change(pictures[i]);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) {
    const size_t changes_x = pictures[x].changes();
    const size_t changes_y = pictures[y].changes();
    return changes_x != changes_y ? changes_x > changes_y : change[x] > change[y];
  });
  return order;
}

Comparison compare(const CompareOptions& options) {
  check(options);
  const CocoTruth truth = options.truth.empty() ? CocoTruth() : CocoTruth::read(options.truth);
  const std::unique_ptr<Side> a = open_side(options.a, options.labels, options.score);
  const std::unique_ptr<Side> b = open_side(options.b, options.labels, options.score);
  const std::vector<std::string> files = files_of(options, *a, *b);
  Comparison comparison;
  comparison.a = a->head();
  comparison.b = b->head();
  comparison.score = options.score;
  for (size_t i = 0; i < files.size(); ++i) {
    if (options.progress) options.progress(files[i], i, files.size());
    comparison.pictures.push_back(compare_picture(*a, *b, files[i], i % 2 == 0, options.score));
    add_picture(comparison.pictures.back(), comparison.totals);
  }
  set_times(comparison, &ComparedPicture::ms_a, comparison.a);
  set_times(comparison, &ComparedPicture::ms_b, comparison.b);
  if (!options.truth.empty() && comparison.totals.pictures > 0)
    compare_with_truth(options.truth, truth, comparison);
  if (options.max_map_drop && comparison.truth)
    comparison.gates.push_back(map_gate(comparison, *options.max_map_drop));
  if (options.max_score_change)
    comparison.gates.push_back(score_gate(comparison.totals, *options.max_score_change));
  return comparison;
}

}  // namespace thaw
