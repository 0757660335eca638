// Values of options that are more than a word.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "thaw/detection.h"
#include "thaw/options.h"
#include "thaw/tensor.h"

namespace thaw::cli {

// All throw UsageError; `option` is for the message.

// "1x360x640x3"
Shape parse_shape(const std::string& option, const std::string& text);
std::vector<Shape> parse_shapes(const std::string& option, const std::vector<std::string>& texts);
// As many shapes as the model has inputs that must be fed go together: one group for each plan, in
// which optional inputs have an unknown shape.
std::vector<std::vector<Shape>> group_shapes(const std::string& option,
                                             const std::vector<Shape>& shapes,
                                             const std::vector<TensorInfo>& inputs);
// "3072MiB", "1GB", "4096"
size_t parse_bytes(const std::string& option, const std::string& text);
// "traffic light=0.3"
std::pair<std::string, float> parse_class_score(const std::string& option, const std::string& text);
// "boxes=import/detection_boxes:0" and the like, of the roles boxes, scores, classes and num
OutputRoles parse_roles(const std::string& option, const std::vector<std::string>& texts);
// "2x3": rows and columns, at most 256 in all
std::pair<int, int> parse_grid(const std::string& option, const std::string& text);
// "0.1,0,0.6,1": top, left, bottom, right in 0..1
std::array<float, 4> parse_region(const std::string& option, const std::string& text);

}  // namespace thaw::cli
