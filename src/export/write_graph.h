// A frozen view to TensorFlow's GraphDef bytes and files.
#pragma once

#include <functional>
#include <string>

#include "import/frozen_model.h"

namespace thaw {

// The model's GraphDef, functions of While and If in its library. The same model gives the same
// bytes. Throws InputError above protobuf's 2 GiB.
std::string serialise_graph(const FrozenModel& model);
tf::GraphDef graph_def(const FrozenModel& model);

// A frozen graph; text form when the name ends in .pbtxt. Appears complete or not at all. Throws
// UsageError when `path` exists and `replace` is false, ResourceError when it can't be written.
// `check(file)` may look at what is written, under the name it has before it appears ("" when
// `path` is a pipe or a device); when it throws, nothing appears. `model` is not used after.
using CheckFile = std::function<void(const std::string& file)>;
void write_frozen_graph(const std::string& path, const FrozenModel& model, bool replace,
                        const CheckFile& check = {});

}  // namespace thaw
