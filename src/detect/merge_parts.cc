#include "detect/merge_parts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

namespace thaw {
namespace {

constexpr double kSameIou = 0.5;       // of two boxes of one object
constexpr double kCoveredShare = 0.7;  // of a cut box that lies in the complete one
constexpr float kWeight = 0.3F;  // of the better score, that the other one needs to change its box
constexpr double kSideBySide = 0.5;  // shared length of two halves along the border, as an IoU

// Edges are numbered as in a box: top, left, bottom, right; 0 and 2 lie on the vertical axis.
using Edges = std::array<double, 4>;

struct Candidate {
  Detection detection;
  Edges box{};                   // pixels of the picture
  Edges border{};                // of the part that each edge was seen in
  std::array<bool, 4> is_cut{};  // the edge is at a border inside the area
  std::vector<size_t> parts;     // ascending

  bool cut() const {
    return std::any_of(is_cut.begin(), is_cut.end(), [](bool c) { return c; });
  }
};

Edges edges_of(const PixelBox& part) {
  return {static_cast<double>(part.top), static_cast<double>(part.left),
          static_cast<double>(part.bottom), static_cast<double>(part.right)};
}

bool same_box(const PixelBox& a, const PixelBox& b) { return edges_of(a) == edges_of(b); }

double extent(const Edges& box, size_t axis) { return std::max(0.0, box[axis + 2] - box[axis]); }

// What two boxes share along an axis; negative when there is a gap.
double shared(const Edges& a, const Edges& b, size_t axis) {
  return std::min(a[axis + 2], b[axis + 2]) - std::max(a[axis], b[axis]);
}

double area_of(const Edges& box) { return extent(box, 0) * extent(box, 1); }

double intersection(const Edges& a, const Edges& b) {
  return std::max(0.0, shared(a, b, 0)) * std::max(0.0, shared(a, b, 1));
}

// How far a box that a border cuts may end from it: detectors place edges roughly.
double reach(const Candidate& c, size_t axis) {
  return std::max(1.5, std::min(0.02 * extent(c.border, axis), 0.2 * extent(c.box, axis)));
}

Candidate make_candidate(const Detection& detection, const PartDetections& from, size_t part,
                         const Edges& area) {
  Candidate c;
  c.detection = detection;
  c.border = edges_of(from.part);
  c.parts = {part};
  for (size_t i = 0; i < 4; ++i) {
    const size_t axis = i % 2;
    c.box[i] = c.border[axis] + static_cast<double>(detection.box[i]) * extent(c.border, axis);
  }
  for (size_t i = 0; i < 4; ++i) {
    const double outwards = i < 2 ? c.box[i] - c.border[i] : c.border[i] - c.box[i];
    c.is_cut[i] = c.border[i] != area[i] && outwards <= reach(c, i % 2);
  }
  return c;
}

bool share_a_part(const Candidate& a, const Candidate& b) {
  return std::any_of(a.parts.begin(), a.parts.end(), [&](size_t part) {
    return std::find(b.parts.begin(), b.parts.end(), part) != b.parts.end();
  });
}

// `first` lies above or left of `second`, and each goes on behind the border that cuts it.
bool continues(const Candidate& first, const Candidate& second, size_t axis) {
  if (!first.is_cut[axis + 2] || !second.is_cut[axis]) return false;
  const double strip = first.border[axis + 2] - second.border[axis];
  const double slack = reach(first, axis) + reach(second, axis);
  if (strip < 0 || shared(first.box, second.box, axis) < strip - slack) return false;
  const size_t along = 1 - axis;
  const double common = shared(first.box, second.box, along);
  const double all = extent(first.box, along) + extent(second.box, along) - common;
  return common > 0 && common >= kSideBySide * all;
}

bool are_halves(const Candidate& a, const Candidate& b) {
  for (size_t axis : {0, 1})
    if (continues(a, b, axis) || continues(b, a, axis)) return true;
  return false;
}

bool same_place(const Candidate& a, const Candidate& b) {
  const double common = intersection(a.box, b.box);
  if (common <= 0)  // boxes without area
    return std::equal(a.box.begin(), a.box.end(), b.box.begin(),
                      [](double x, double y) { return std::abs(x - y) < 0.01; });
  return common >= kSameIou * (area_of(a.box) + area_of(b.box) - common);
}

// One is a cut part of the other; of two cut ones the smaller is.
bool covers(const Candidate& a, const Candidate& b) {
  if (!a.cut() && !b.cut()) return false;
  const double part = !b.cut()   ? area_of(a.box)
                      : !a.cut() ? area_of(b.box)
                                 : std::min(area_of(a.box), area_of(b.box));
  return part > 0 && intersection(a.box, b.box) >= kCoveredShare * part;
}

void join(Candidate& kept, const Candidate& other) {
  for (size_t i = 0; i < 4; ++i) {
    if (i < 2 ? other.box[i] >= kept.box[i] : other.box[i] <= kept.box[i]) continue;
    kept.box[i] = other.box[i];
    kept.border[i] = other.border[i];
    kept.is_cut[i] = other.is_cut[i];
  }
  kept.detection.score = std::max(kept.detection.score, other.detection.score);
  kept.parts.insert(kept.parts.end(), other.parts.begin(), other.parts.end());
}

void sort_by_score(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return a.detection.score > b.detection.score;
  });
}

enum class Outcome { kOther, kSame, kChanged };

// Puts `c` into `kept`, which has no lower score, when they are one object; kChanged when the box
// of `kept` is another now.
Outcome take_in(Candidate& kept, const Candidate& c) {
  if (kept.detection.class_id != c.detection.class_id) return Outcome::kOther;
  // What one part tells apart stays apart, unless it was joined from two double ones.
  const bool apart = share_a_part(kept, c);
  if (apart && kept.parts.size() == 1 && c.parts.size() == 1) return Outcome::kOther;
  const bool counts = c.detection.score >= kWeight * kept.detection.score;
  if (!apart && counts && are_halves(kept, c)) {
    join(kept, c);
    return Outcome::kChanged;
  }
  const bool gives_way = kept.cut() && !c.cut();
  const bool covered = !apart && (counts || !gives_way) && covers(kept, c);
  if (!covered && !same_place(kept, c)) return Outcome::kOther;
  if (!gives_way || !counts) return Outcome::kSame;
  const float score = kept.detection.score;
  kept = c;
  kept.detection.score = score;
  return Outcome::kChanged;
}

// One round; true when boxes have changed, which may meet others now.
bool merge_once(std::vector<Candidate>& candidates) {
  sort_by_score(candidates);
  bool changed = false;
  std::vector<Candidate> kept;
  for (Candidate& c : candidates) {
    Outcome outcome = Outcome::kOther;
    for (size_t i = 0; i < kept.size() && outcome == Outcome::kOther; ++i)
      outcome = take_in(kept[i], c);
    changed = changed || outcome == Outcome::kChanged;
    if (outcome == Outcome::kOther) kept.push_back(std::move(c));
  }
  candidates = std::move(kept);
  return changed;
}

Detection finished(Candidate c, int width, int height) {
  for (size_t i = 0; i < 4; ++i)
    c.detection.box[i] = static_cast<float>(c.box[i] / (i % 2 == 0 ? height : width));
  return std::move(c.detection);
}

}  // namespace

std::vector<Detection> merge_parts(const std::vector<PartDetections>& parts, const PixelBox& area,
                                   int picture_width, int picture_height) {
  const PixelBox picture{0, 0, picture_width, picture_height};
  if (parts.size() == 1 && same_box(parts[0].part, picture)) return parts[0].found;
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < parts.size(); ++i)
    for (const Detection& detection : parts[i].found)
      candidates.push_back(make_candidate(detection, parts[i], i, edges_of(area)));
  if (parts.size() > 1) {
    while (merge_once(candidates)) continue;
    sort_by_score(candidates);
  }
  std::vector<Detection> merged;
  for (Candidate& c : candidates)
    merged.push_back(finished(std::move(c), picture_width, picture_height));
  return merged;
}

}  // namespace thaw
