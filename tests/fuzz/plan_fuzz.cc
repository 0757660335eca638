// Any bytes as a plan: a plan or an InputError. The checksums are set right first, so that what
// they guard is reached too.
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/source_id.h"
#include "tests/signed_plan.h"
#include "thaw/error.h"

namespace {

// A file whose facts begin with this build's sources; the rest is the fuzzer's.
std::string plan_of(const uint8_t* data, size_t size) {
  thaw::testing::PlanParts parts;
  thaw::ByteWriter sources;
  sources.text(thaw::source_id());
  parts.meta = sources.bytes();
  parts.meta.append(reinterpret_cast<const char*>(data), size);
  const size_t tensors = parts.meta.size() / 2 < 4096 ? 0 : 1024;
  parts.tensors = parts.meta.substr(parts.meta.size() - tensors);
  parts.meta.resize(parts.meta.size() - tensors);
  return signed_plan(parts);
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
