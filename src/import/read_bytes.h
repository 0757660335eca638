// What a file that is no model may be instead.
#pragma once

#include <string>
#include <string_view>

#include "base/input_file.h"

namespace thaw {

// What bytes look like when they are no GraphDef: "a JPEG image", "an ONNX model", "text", or ""
// when nothing is recognised.
std::string looks_like(std::string_view bytes);

}  // namespace thaw
