// Two detectors on the same pictures: what changes between A and B, and what that costs in accuracy
// and time. Functions here may be called from any thread, several at the same time too.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "thaw/coco.h"
#include "thaw/detection.h"
#include "thaw/options.h"

namespace thaw {

// One of the two: a model with the way to run it, or the document that `thaw detect --json` wrote
// (or anything else that writes such), known by its content.
struct CompareSide {
  std::string path;
  ModelOptions model;
  EngineOptions engine;
  OutputRoles roles;
  DetectOptions detect;  // but for its score: all detections are looked at
};

// Whether the file begins as a JSON object does; false for what can't be read.
bool is_detections_document(const std::string& path);

struct CompareOptions {
  CompareSide a;
  CompareSide b;
  // Picture files. Empty: those that documents name.
  std::vector<std::string> pictures;
  std::string labels;  // a label map, for both; empty: the documents' labels, or class numbers
  std::string truth;   // a COCO instances file; empty: none
  float score = 0.5F;  // detections from here on are compared and counted in confusion matrices
  std::optional<double> max_map_drop;  // gates; see Comparison::gates
  std::optional<double> max_score_change;
  // Called on compare()'s thread before each picture with its file, how many are done and how many
  // there are.
  std::function<void(const std::string&, size_t, size_t)> progress;
};

enum class PairKind {
  kMatched,
  kRelabelled,  // the same place (IoU 0.5 or more), another class
  kLost,        // in A alone
  kNew,         // in B alone
};
const char* pair_kind_name(PairKind kind);  // "matched"

// A detection of A and what became of it in B, or one of B that came from nowhere. Pairs are formed
// by best IoU first, 0.5 or more (equal ones in the order of A, then of B), in three rounds: within
// a class; across classes; then what is lost or new and its counterpart of the same class below the
// score, if there is one. Every detection is in one pair at most.
struct DetectionPair {
  PairKind kind = PairKind::kMatched;
  int a = -1;  // index into ComparedPicture::a; -1: no counterpart
  int b = -1;
  double iou = 0;                        // 0 without a counterpart
  double score_change = 0;               // of B against A; without a counterpart all of the score
  std::array<double, 4> corner_shift{};  // of ymin, xmin, ymax, xmax, in pixels
};

struct ComparedPicture {
  std::string file;
  int width = 0;
  int height = 0;
  std::string error;         // not empty: it could not be read
  std::string warning;       // damage that was lived with
  std::vector<Detection> a;  // all of them, best score first
  std::vector<Detection> b;
  std::vector<DetectionPair> pairs;  // of the detections of at least CompareOptions::score
  double ms_a = -1;                  // without decoding; -1: not known
  double ms_b = -1;
  bool has_truth = false;
  std::vector<std::string> tags;
  std::vector<Detection> objects;  // the truth, crowds left out; their score is 1

  size_t count(PairKind kind) const;
  size_t changes() const;  // lost, new and relabelled
};

struct ComparedSide {
  std::string path;
  std::string device;  // "" where a document does not say
  std::string precision;
  std::string parts;    // "2x3 tiles", "region 0.2,0,0.6,1"; "" where it looks at whole pictures
  double ms_mean = -1;  // over the pictures, -1: not known
  double ms_p50 = -1;
};

struct ComparedTotals {
  size_t pictures = 0;  // that both could read
  size_t unreadable = 0;
  size_t matched = 0;
  size_t relabelled = 0;
  size_t lost = 0;
  size_t added = 0;
  // Of matched pairs.
  double mean_score_change = 0;  // of the absolute changes
  double max_score_change = 0;
  double mean_iou = 1;
  double min_iou = 1;
  double mean_corner_shift = 0;  // of each pair's largest, pixels
  double max_corner_shift = 0;
  // Of all pairs: a detection without counterpart or with another label counts with all of its
  // score. What --max-score-change holds.
  double largest_change = 0;
  std::string largest_change_file;
};

struct ComparedTag {
  std::string tag;
  size_t images = 0;
  size_t objects = 0;
  std::array<double, kCocoLines> a{};
  std::array<double, kCocoLines> b{};
};

// Both sides against the truth; the evaluation uses all detections, whatever their score.
struct ComparedTruth {
  std::string file;
  size_t images = 0;   // that are among the pictures; the others are left out
  size_t objects = 0;  // crowds left out
  std::vector<CocoCategory> categories;
  std::vector<size_t> category_objects;  // how many of each
  CocoEvaluation a;
  CocoEvaluation b;
  CocoConfusion confusion_a;  // of detections of at least CompareOptions::score
  CocoConfusion confusion_b;
  std::vector<ComparedTag> tags;  // by name
};

// What the user demanded of B.
struct Gate {
  std::string name;  // "--max-map-drop"
  double limit = 0;
  double value = 0;
  bool passed = false;
  std::string text;  // "AP fell by 0.0120 (0.512 to 0.500), 0.0050 is allowed"
};

struct Comparison {
  ComparedSide a;
  ComparedSide b;
  float score = 0;
  ComparedTotals totals;
  std::vector<ComparedPicture> pictures;
  std::optional<ComparedTruth> truth;
  std::vector<Gate> gates;
  std::vector<std::string> warnings;

  // Indices of readable pictures: most changes first, then the largest change of a score.
  std::vector<size_t> worst_first() const;
};

// Classes of the truth are found by their name (upper and lower case alike) where detections have
// labels, by number otherwise. Throws InputError for models, documents, labels and truth that can't
// be used, UsageError for options that can't be; pictures that can't be read are told of in the
// result.
Comparison compare(const CompareOptions& options);

// The document of docs/commands.md.
std::string comparison_json(const Comparison& comparison);

struct HtmlReportOptions {
  size_t max_pictures = 24;  // the worst ones are shown
  int picture_width = 640;   // pixels that they are scaled to at most
};

// One file without scripts or anything from elsewhere, pictures included.
// It appears whole or not at all; throws ResourceError naming the path.
void write_html_report(const std::string& path, const Comparison& comparison,
                       const HtmlReportOptions& options = {});

}  // namespace thaw
