// Frozen graph to SavedModel and back, as TensorFlow 2 loads them.
// May be called from any thread; calls at the same time need destinations of their own.
#pragma once

#include <string>
#include <vector>

#include "thaw/options.h"

namespace thaw {

struct ConvertOptions {
  std::string signature;  // of a SavedModel; empty: serving_default, or the only one source
  std::vector<std::string> outputs;  // tensor names; empty: found by themselves
  bool overwrite = false;            // an existing destination is an error otherwise
  double check_seconds = 60;         // that running both may take; 0: any time
};

struct ConvertReport {
  std::string source_kind;       // "frozen graph"
  std::string destination_kind;  // "SavedModel"
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  size_t nodes = 0;
  size_t bytes = 0;                // written
  bool checked = false;            // both were run on the same input and gave identical outputs
  std::string check_note;          // why not, when they were not
  std::vector<std::string> notes;  // what else one should know of the result
};

// SavedModel when the source is a frozen graph, frozen graph when `destination` ends in .pb or
// .pbtxt. Writes to a temporary name, reads the result back, runs both, and renames: when something
// is wrong, the destination is as it was. Throws InputError for a source that can't be read,
// UsageError for a signature or outputs that are not there and for a destination that is in the
// way, ResourceError where it can't be written, InternalError where the two differ.
ConvertReport convert(const std::string& source, const std::string& destination,
                      const ConvertOptions& options = {});

}  // namespace thaw
