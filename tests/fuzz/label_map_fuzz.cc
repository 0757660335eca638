// Any bytes as a label map of either form: labels or an InputError.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "detect/label_map.h"
#include "thaw/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"labels.txt", "labels.pbtxt"}) {
    try {
      const thaw::LabelMap labels = thaw::LabelMap::parse(text, name);
      if (labels.size() == 0) __builtin_trap();
      labels.ids({labels.name(1), "1"});
    } catch (const thaw::InputError&) {
    }
  }
  return 0;
}
