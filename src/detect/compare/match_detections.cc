#include "detect/compare/match_detections.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>

namespace thaw {
namespace {

constexpr double kLeastIou = 0.5;

struct Candidate {
  double iou;
  int a;
  int b;
};

class Matcher {
 public:
  Matcher(ComparedPicture& picture, float score)
      : picture_(picture),
        score_(score),
        free_a_(picture.a.size(), true),
        free_b_(picture.b.size(), true) {}

  void run() {
    pair_up(PairKind::kMatched, [&](const Detection& a, const Detection& b) {
      return counts(a) && counts(b) && a.class_id == b.class_id;
    });
    pair_up(PairKind::kRelabelled,
            [&](const Detection& a, const Detection& b) { return counts(a) && counts(b); });
    pair_up(PairKind::kLost, [&](const Detection& a, const Detection& b) {
      return counts(a) && !counts(b) && a.class_id == b.class_id;
    });
    pair_up(PairKind::kNew, [&](const Detection& a, const Detection& b) {
      return !counts(a) && counts(b) && a.class_id == b.class_id;
    });
    add_lonely();
    std::stable_sort(picture_.pairs.begin(), picture_.pairs.end(),
                     [](const DetectionPair& x, const DetectionPair& y) {
                       const auto key = [](const DetectionPair& pair) {
                         const bool is_new = pair.kind == PairKind::kNew;
                         return std::make_tuple(is_new, is_new ? pair.b : pair.a);
                       };
                       return key(x) < key(y);
                     });
  }

 private:
  using Fits = std::function<bool(const Detection&, const Detection&)>;

  bool counts(const Detection& detection) const { return detection.score >= score_; }

  void pair_up(PairKind kind, const Fits& fits) {
    std::vector<Candidate> candidates;
    for (size_t a = 0; a < picture_.a.size(); ++a)
      for (size_t b = 0; b < picture_.b.size(); ++b) {
        if (!free_a_[a] || !free_b_[b] || !fits(picture_.a[a], picture_.b[b])) continue;
        const double iou = box_iou(picture_.a[a].box, picture_.b[b].box);
        if (iou >= kLeastIou) candidates.push_back({iou, static_cast<int>(a), static_cast<int>(b)});
      }
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& x, const Candidate& y) {
      return std::make_tuple(-x.iou, x.a, x.b) < std::make_tuple(-y.iou, y.a, y.b);
    });
    for (const Candidate& candidate : candidates) {
      const auto a = static_cast<size_t>(candidate.a);
      const auto b = static_cast<size_t>(candidate.b);
      if (!free_a_[a] || !free_b_[b]) continue;
      free_a_[a] = free_b_[b] = false;
      add(kind, candidate);
    }
  }

  void add(PairKind kind, const Candidate& candidate) {
    const Detection& a = picture_.a[static_cast<size_t>(candidate.a)];
    const Detection& b = picture_.b[static_cast<size_t>(candidate.b)];
    DetectionPair pair{kind, candidate.a, candidate.b, candidate.iou};
    pair.score_change = static_cast<double>(b.score) - static_cast<double>(a.score);
    for (size_t i = 0; i < 4; ++i) {
      const int side = i % 2 == 0 ? picture_.height : picture_.width;
      pair.corner_shift[i] = (static_cast<double>(b.box[i]) - static_cast<double>(a.box[i])) * side;
    }
    picture_.pairs.push_back(pair);
  }

  void add_lonely() {
    for (size_t i = 0; i < picture_.a.size(); ++i)
      if (free_a_[i] && counts(picture_.a[i]))
        picture_.pairs.push_back({PairKind::kLost, static_cast<int>(i), -1, 0,
                                  -static_cast<double>(picture_.a[i].score)});
    for (size_t i = 0; i < picture_.b.size(); ++i)
      if (free_b_[i] && counts(picture_.b[i]))
        picture_.pairs.push_back(
            {PairKind::kNew, -1, static_cast<int>(i), 0, static_cast<double>(picture_.b[i].score)});
  }

  ComparedPicture& picture_;
  float score_;
  std::vector<bool> free_a_;
  std::vector<bool> free_b_;
};

}  // namespace

double box_iou(const std::array<float, 4>& a, const std::array<float, 4>& b) {
  if (a == b) return 1;
  const auto area = [](const std::array<float, 4>& box) {
    return std::max(0.0, static_cast<double>(box[2]) - static_cast<double>(box[0])) *
           std::max(0.0, static_cast<double>(box[3]) - static_cast<double>(box[1]));
  };
  const std::array<float, 4> common = {std::max(a[0], b[0]), std::max(a[1], b[1]),
                                       std::min(a[2], b[2]), std::min(a[3], b[3])};
  const double intersection = area(common);
  return intersection > 0 ? intersection / (area(a) + area(b) - intersection) : 0;
}

void match_detections(ComparedPicture& picture, float score) {
  picture.pairs.clear();
  Matcher(picture, score).run();
}

double full_change(const ComparedPicture& picture, const DetectionPair& pair) {
  if (pair.kind != PairKind::kRelabelled) return std::abs(pair.score_change);
  return static_cast<double>(std::max(picture.a[static_cast<size_t>(pair.a)].score,
                                      picture.b[static_cast<size_t>(pair.b)].score));
}

}  // namespace thaw
