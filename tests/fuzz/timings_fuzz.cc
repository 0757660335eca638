// Any bytes as a timing cache: an InputError, or timings that are written as the same bytes. The
// head is set right first, so that what it guards is reached too.
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/timing_cache.h"
#include "import/crc32c.h"
#include "thaw/error.h"

namespace {

template <class T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string cache_of(const std::string& body) {
  std::string bytes("thawtime");
  append(bytes, uint32_t{1});
  append(bytes, static_cast<uint64_t>(body.size()));
  const uint32_t head = thaw::crc32c(0, bytes.data(), bytes.size());
  append(bytes, thaw::crc32c(head, body.data(), body.size()));
  return bytes + body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string raw(reinterpret_cast<const char*>(data), size);
  for (const std::string& bytes : {raw, cache_of(raw)}) {
    try {
      if (thaw::timings_bytes(thaw::parse_timings(bytes)) != bytes) __builtin_trap();
    } catch (const thaw::InputError&) {
    }
  }
  return 0;
}
