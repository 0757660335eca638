// A folder of annotated pictures.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "thaw/detection.h"
#include "thaw/files.h"
#include "thaw/picture.h"

namespace thaw::cli {

// Pictures of one name, whatever their folders and endings, get different names there, and each the
// same whatever share of them a process does.
class Annotator {
 public:
  // "" writes nothing. `all` are the pictures of all processes, `mine` those that may be written
  // here. Throws UsageError when a picture would replace what `rule` forbids.
  Annotator(const std::string& folder, const std::vector<std::string>& all,
            const std::vector<std::string>& mine, OutputRule& rule);

  // A PNG of a PNG, a JPEG of anything else. Throws ResourceError.
  void write(const std::string& source, const Picture& picture,
             const std::vector<Detection>& detections) const;

 private:
  std::map<std::string, std::string> targets_;  // by source
};

// Makes a folder and those above it; throws ResourceError.
void make_folder(const std::string& folder);

}  // namespace thaw::cli
