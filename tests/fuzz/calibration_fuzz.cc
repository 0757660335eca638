// Any bytes as the table of a calibration, with and without its first line: an InputError, or a
// table that is written and read as the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "thaw/calibrate.h"
#include "thaw/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string raw(reinterpret_cast<const char*>(data), size);
  for (const std::string& text : {raw, "# thaw calibration 1\n" + raw}) {
    try {
      const std::string once = thaw::calibration_text(thaw::parse_calibration(text, "fuzz"));
      if (thaw::calibration_text(thaw::parse_calibration(once, "fuzz")) != once) __builtin_trap();
    } catch (const thaw::InputError&) {
    }
  }
  return 0;
}
