// A folder of annotated pictures.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "thaw/detection.h"
#include "thaw/picture.h"

namespace thaw::cli {

// Two sources of one name get different names there.
class Annotator {
 public:
  // "" writes nothing. Throws ResourceError when the folder can't be made.
  explicit Annotator(std::string folder);

  // A PNG of a PNG, a JPEG of anything else; returns its path.
  std::string write(const std::string& source, const Picture& picture,
                    const std::vector<Detection>& detections);

 private:
  std::string folder_;
  std::set<std::string> used_;
};

// Makes a folder and those above it; throws ResourceError.
void make_folder(const std::string& folder);

}  // namespace thaw::cli
