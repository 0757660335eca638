#include "detect/output_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "thaw/error.h"

namespace thaw {
namespace {

struct Role {
  const char* option;  // in `--outputs`
  const char* name;    // as the Object Detection API calls it
  std::string OutputRoles::*given;
  int OutputPlaces::*place;
};
constexpr Role kBoxes{"boxes", "detection_boxes", &OutputRoles::boxes, &OutputPlaces::boxes};
constexpr Role kScores{"scores", "detection_scores", &OutputRoles::scores, &OutputPlaces::scores};
constexpr Role kClasses{"classes", "detection_classes", &OutputRoles::classes,
                        &OutputPlaces::classes};
constexpr Role kNum{"num", "num_detections", &OutputRoles::num, &OutputPlaces::num};
constexpr Role kRoles[] = {kBoxes, kScores, kClasses, kNum};

std::string listed(const std::vector<TensorInfo>& outputs) {
  constexpr size_t kMost = 12;
  std::string text;
  for (size_t i = 0; i < std::min(outputs.size(), kMost); ++i)
    text += fmt::format("{}{} {}{}", i ? ", " : "", outputs[i].name, dtype_name(outputs[i].dtype),
                        outputs[i].shape.str());
  if (outputs.size() > kMost) text += fmt::format(" and {} more", outputs.size() - kMost);
  return text;
}

std::string_view without_scopes(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

// Without the "_1" that tells a name from one that was taken.
std::string_view without_number(std::string_view name) {
  const size_t end = name.find_last_not_of("0123456789");
  const bool is_numbered = end != std::string_view::npos && end > 0 && end + 1 < name.size();
  return is_numbered && name[end] == '_' ? name.substr(0, end) : name;
}

// Of "a/b:0" the node.
std::string_view without_index(std::string_view tensor) {
  return tensor.substr(0, tensor.rfind(':'));
}

class RoleFinder {
 public:
  RoleFinder(const std::vector<TensorInfo>& outputs, const std::string& path)
      : outputs_(outputs), path_(path) {}

  OutputPlaces find(const OutputRoles& roles) {
    for (const Role& role : kRoles)
      if (!(roles.*role.given).empty()) places_.*role.place = given(role, roles.*role.given);
    const auto exactly = [](std::string_view name) { return name; };
    const auto numbered = [](std::string_view name) {
      return without_number(without_scopes(name));
    };
    for (const Role& role : kRoles) {
      find_named(role, exactly);
      find_named(role, without_scopes);
      find_named(role, numbered);
    }
    // Where a name tells the boxes, one would tell their number.
    const bool is_named = places_.boxes >= 0 && roles.boxes.empty();
    for (size_t round = 0; round < 4; ++round) {
      for (const Role& role : kRoles)
        if (role.place != kNum.place || !is_named) find_shaped(role);
    }
    for (const Role& role : {kBoxes, kScores, kClasses})
      if (places_.*role.place < 0) fail(role);
    return places_;
  }

 private:
  bool is_taken(int output) const {
    return std::any_of(std::begin(kRoles), std::end(kRoles),
                       [&](const Role& role) { return places_.*role.place == output; });
  }

  int given(const Role& role, const std::string& name) const {
    const int output = find_output(outputs_, name);
    if (output >= 0) return output;
    throw UsageError(fmt::format("{}: {}={}: is none of the outputs {}", path_, role.option, name,
                                 listed(outputs_)));
  }

  // The only output whose name, after `shorten`, is the role's.
  template <class F>
  void find_named(const Role& role, const F& shorten) {
    const auto is_it = [&](const TensorInfo& info) {
      return shorten(info.name) == role.name || shorten(without_index(info.tensor)) == role.name;
    };
    take_only(role, is_it);
  }

  void find_shaped(const Role& role) {
    take_only(role, [&](const TensorInfo& info) { return has_shape_of(role, info); });
  }

  template <class F>
  void take_only(const Role& role, const F& is_it) {
    if (places_.*role.place >= 0) return;
    int only = -1;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (is_taken(static_cast<int>(i)) || !is_it(outputs_[i])) continue;
      if (only >= 0) return;
      only = static_cast<int>(i);
    }
    places_.*role.place = only;
  }

  bool has_shape_of(const Role& role, const TensorInfo& info) const {
    const Shape& shape = info.shape;
    const bool is_float = info.dtype == DType::kFloat32;
    if (!shape.has_rank() || !(is_float || is_integer(info.dtype))) return false;
    if (role.place == kBoxes.place)
      return is_float && (shape.rank() == 2 || shape.rank() == 3) && shape[shape.rank() - 1] == 4;
    if (places_.boxes < 0) return false;
    const Shape& boxes = outputs_[static_cast<size_t>(places_.boxes)].shape;
    if (!boxes.has_rank()) return false;
    if (role.place == kNum.place) return shape.rank() == boxes.rank() - 2;
    if (role.place == kScores.place && !is_float) return false;
    bool fits = shape.rank() == boxes.rank() - 1;
    for (int i = 0; fits && i < shape.rank(); ++i)
      fits = shape[i] == kUnknownDim || boxes[i] == kUnknownDim || shape[i] == boxes[i];
    return fits;
  }

  [[noreturn]] void fail(const Role& role) const {
    throw InputError(fmt::format(
        "{}: is no detector that names its {}: an output '{}' was expected, found {}; "
        "boxes=TENSOR,scores=TENSOR,classes=TENSOR,num=TENSOR as --outputs say which is what",
        path_, role.option, role.name, listed(outputs_)));
  }

  const std::vector<TensorInfo>& outputs_;
  const std::string& path_;
  OutputPlaces places_;
};

}  // namespace

int find_output(const std::vector<TensorInfo>& outputs, const std::string& name) {
  const auto at = std::find_if(outputs.begin(), outputs.end(), [&](const TensorInfo& info) {
    return name == info.name || name == info.tensor || name + ":0" == info.tensor;
  });
  return at == outputs.end() ? -1 : static_cast<int>(at - outputs.begin());
}

OutputPlaces find_outputs(const std::vector<TensorInfo>& outputs, const OutputRoles& roles,
                          const std::string& path) {
  return RoleFinder(outputs, path).find(roles);
}

}  // namespace thaw
