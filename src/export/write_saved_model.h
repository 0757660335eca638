// SavedModels that TensorFlow 2 and TF Serving load.
#pragma once

#include <functional>
#include <string>

#include "import/frozen_model.h"

namespace thaw {

// Writes the folder `path`: saved_model.pb (tag "serve", signature "serving_default" over the
// model's inputs and outputs by their keys) and an empty variables/, as TensorFlow itself leaves it
// for a frozen model. Appears complete or not at all. Throws UsageError when `path` is not empty,
// unless `replace` and it holds a SavedModel and nothing else, and when the model's own file or
// folder lies in it; ResourceError when it can't be written.
// `add_files(folder)` may write more into the folder, of whose name it is told, and look at it
// before it appears; when it throws, nothing appears. `model` is not used after.
// Inputs of a frozen graph that are optional stay PlaceholderWithDefault. A signature's inputs must
// all be fed in TensorFlow: where there are optional ones, "serving_default" leaves them out and
// the signature kAllInputsSignature has them.
constexpr const char* kAllInputsSignature = "serving_with_optional_inputs";
using AddFiles = std::function<void(const std::string& folder)>;
void write_saved_model(const std::string& path, const FrozenModel& model, bool replace,
                       const AddFiles& add_files = {});

// The same from the SavedModel in the folder `source`, whose files are copied as they are, but for
// what thaw itself adds to a SavedModel (assets.extra/thaw). `path` may be `source` itself.
void copy_saved_model(const std::string& source, const std::string& path, bool replace,
                      const AddFiles& add_files = {});

}  // namespace thaw
