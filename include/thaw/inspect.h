// What a model file holds, without running it.
// Functions here may be called from any thread, several at the same time too.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "thaw/options.h"

namespace thaw {

// The detector that a graph was recognised as; `found` is false for other graphs.
struct DetectorInfo {
  bool found = false;
  std::string family;             // "SSD", "Faster R-CNN"
  std::string feature_extractor;  // "MobilenetV1", as the graph's scopes call it
  Shape input_size;     // {height, width} after the resizer, unknown for keep_aspect_ratio
  std::string resizer;  // "to 300x300", "keep aspect ratio 600..1024", "none", "unknown"
  int64_t anchors = 0;
  int64_t classes = 0;
  float iou_threshold = 0;
  float score_threshold = 0;
  int64_t max_per_class = 0;
  int64_t max_total = 0;
};

struct Inspection {
  std::string path;
  std::string kind;  // "frozen graph (binary)", "SavedModel (TF2)"
  size_t bytes = 0;
  int producer = 0;  // GraphDef version
  std::vector<std::string> signatures;
  std::vector<std::string> tags;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  size_t nodes = 0;
  std::map<std::string, int> op_histogram;
  int64_t parameters = 0;  // elements of the constants that kernels read
  // Multiply-accumulates at the shape asked for; -1 when the shape does not decide them.
  int64_t macs = -1;
  std::vector<Shape> shapes;  // at which macs were counted
  // Op types thaw does not have, each with one node that uses it.
  std::vector<std::pair<std::string, std::string>> unsupported;
  DetectorInfo detector;
  std::vector<std::string> notes;
};

// `shapes` in the order of the inputs, all or those that are not optional; empty: unknown
// dimensions are taken as 1, 300, 300 where an image is fed, or as others that fit.
// Throws InputError for a file that is no model or is damaged and for shapes that don't fit,
// UsageError for a signature or outputs that are not there. ModelOptions::inputs has no effect.
Inspection inspect(const std::string& path, const ModelOptions& options = {},
                   const std::vector<Shape>& shapes = {});

// What became of a graph's ops in a plan.
struct OpCoverage {
  // A kind of op that no fast kernel of the engine's device runs.
  struct LeftOut {
    std::string op;  // "NonMaxSuppressionV3"
    std::string why;
    std::string node;  // one of them
    int count = 0;
  };
  int64_t total = 0;
  int64_t converted = 0;
  std::map<std::string, int> ops;  // those that are converted
  std::vector<LeftOut> left_out;   // the most frequent first
};

// A layer of a plan: the TF node that it is called after, and why it counts as left out; empty
// where it does not.
struct LayerFate {
  std::string node;
  std::string why;
};

// Counts the TF ops that the outputs need, functions of loops and branches among them, without
// constants, placeholders and no-ops. An op shares the fate of the layer that is called after it.
// One that was fused, folded or replaced is left out where all layers are that lie in the innermost
// of its name scopes that has any. Throws what inspect throws.
OpCoverage cover_ops(const std::string& path, const ModelOptions& options,
                     const std::vector<LayerFate>& layers);

// The names of all TF ops that can be imported, sorted (src/import/op_table.h).
std::vector<std::string> importable_ops();

}  // namespace thaw
