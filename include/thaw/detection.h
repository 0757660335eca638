// What a detector finds in a picture. Plain values and functions of them: for any thread.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

namespace thaw {

struct Detection {
  int class_id = 0;
  std::string label;
  float score = 0;
  std::array<float, 4> box{};  // ymin, xmin, ymax, xmax, 0..1 of the picture
};

// Which of a detector's tensors is what, each by its name, "import/boxes:0", or a signature's key;
// an empty one is told by the names and shapes of the model's outputs.
struct OutputRoles {
  std::string boxes;
  std::string scores;
  std::string classes;
  std::string num;
};

// A picture cut into overlapping parts of one size, which are looked at one by one: what is small
// in the picture is larger in its tile. What the parts and the whole have in common is merged.
struct TileOptions {
  int rows = 1;
  int columns = 1;       // 1 x 1: no tiles
  float overlap = 0.2F;  // of a tile's height and width, shared with each neighbour; 0..0.9
  bool whole = true;     // look at the whole picture too, for what no tile holds
  int batch = 0;         // tiles that run at once; 0: one on a CPU, where that is faster, or all
};

// Which detections count.
struct DetectionFilter {
  float score = 0.5F;
  std::map<int, float> class_scores;  // thresholds of single classes
  std::vector<int> classes;           // only these; empty: all

  bool passes(int class_id, float score_of_it) const;
};

// Those that count, in their order. Detections that were found with a score of 0 can be filtered
// again and again without running the network; only of tiles and regions, where what the parts have
// in common is merged after the filter, that may give others than detecting with the filter.
std::vector<Detection> filtered(std::vector<Detection> detections, const DetectionFilter& filter);

struct DetectOptions : DetectionFilter {
  // The only part that is looked at, and cut into tiles: ymin, xmin, ymax, xmax, 0..1 of the
  // picture, outwards to whole pixels. Boxes stay those of the whole picture.
  std::array<float, 4> region{0, 0, 1, 1};
  TileOptions tiles;
};

}  // namespace thaw
