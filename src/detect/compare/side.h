// One side of a comparison: a detector, or what a document says one found.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "thaw/compare.h"
#include "thaw/picture.h"

namespace thaw {

struct SideResult {
  std::vector<Detection> detections;  // all, best score first
  double ms = -1;                     // without decoding; -1: not known
  int width = 0;                      // of the picture; 0: not known
  int height = 0;
};

class Side {
 public:
  virtual ~Side() = default;
  virtual ComparedSide head() const = 0;
  // Whether detect wants the picture itself.
  virtual bool needs_pixels() const = 0;
  // `picture` is null where needs_pixels is false. Throws InputError for a picture that can't be
  // used.
  virtual SideResult detect(const std::string& file, const Picture* picture) = 0;
  // The pictures that it has results for; none for a detector.
  virtual std::vector<std::string> files() const = 0;
};

// `score`: from where on its detections count.
std::unique_ptr<Side> open_side(const CompareSide& side, const std::string& labels, float score);

}  // namespace thaw
