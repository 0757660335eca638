// Arrays from bytes of any kind: refused by an Error or whole, never anything else.
#include <cstddef>
#include <cstdint>
#include <string>

#include "thaw/error.h"
#include "thaw/npz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    thaw::parse_npz(bytes, "fuzz.npz");
  } catch (const thaw::Error&) {
  }
  return 0;
}
