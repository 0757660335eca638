// Any bytes as a plan: a plan or an InputError. The checksums are set right first, so that what
// they guard is reached too.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "engine/plan_file.h"
#include "engine/source_id.h"
#include "import/crc32c.h"
#include "thaw/error.h"

namespace {

constexpr size_t kHead = 64;
constexpr size_t kMetaBytes = 12;
constexpr size_t kTensorBytes = 20;
constexpr size_t kMetaCrc = 28;
constexpr size_t kTensorCrc = 32;
constexpr size_t kHeadCrc = 60;

template <class T>
void put(std::string& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

// A file whose facts begin with this build's sources; the rest is the fuzzer's.
std::string plan_of(const uint8_t* data, size_t size) {
  const std::string sources = thaw::source_id();
  std::string meta(4, '\0');
  put(meta, 0, static_cast<uint32_t>(sources.size()));
  meta += sources;
  meta.append(reinterpret_cast<const char*>(data), size);
  const size_t tensors = meta.size() / 2 < 4096 ? 0 : 1024;
  std::string bytes("thawplan");
  bytes.resize(kHead);
  put(bytes, 8, uint32_t{2});
  put(bytes, kMetaBytes, static_cast<uint64_t>(meta.size() - tensors));
  put(bytes, kTensorBytes, static_cast<uint64_t>(tensors));
  put(bytes, kMetaCrc, thaw::crc32c(0, meta.data(), meta.size() - tensors));
  put(bytes, kTensorCrc, thaw::crc32c(0, meta.data() + meta.size() - tensors, tensors));
  put(bytes, kHeadCrc, thaw::crc32c(0, bytes.data(), kHeadCrc));
  return bytes + meta;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string raw(reinterpret_cast<const char*>(data), size);
  for (const std::string& bytes : {raw, plan_of(data, size)}) {
    try {
      const thaw::PlanFile plan = thaw::parse_plan(bytes, nullptr);
      if (!plan.graph) __builtin_trap();
    } catch (const thaw::InputError&) {
    }
  }
  return 0;
}
