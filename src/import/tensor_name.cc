#include "import/tensor_name.h"

#include <charconv>

namespace thaw {

TensorName split_tensor_name(std::string_view name) {
  TensorName result;
  if (!name.empty() && name[0] == '^') {
    result.is_control = true;
    result.node = name.substr(1);
    return result;
  }
  result.node = name;
  const size_t colon = name.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == name.size()) return result;
  const char* end = name.data() + name.size();
  int index = 0;
  const auto parsed = std::from_chars(name.data() + colon + 1, end, index);
  if (parsed.ec != std::errc() || parsed.ptr != end || index < 0) return result;
  result.node = name.substr(0, colon);
  result.index = index;
  return result;
}

std::string join_tensor_name(std::string_view node, int index) {
  std::string name(node);
  if (index > 0) name += ':' + std::to_string(index);
  return name;
}

}  // namespace thaw
