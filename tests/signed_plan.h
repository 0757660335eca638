// A plan file in parts that can be changed, and put together again with lengths and checksums that
// are right: what a file of ours says is reached behind what guards it.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/round_up.h"
#include "engine/plan_file.h"
#include "import/crc32c.h"

namespace thaw::testing {

struct PlanParts {
  std::string meta;     // facts, tensors' places, graph, kernels, times
  std::string tensors;  // their elements
};

// The bytes of a file that write_plan_file wrote.
inline PlanParts plan_parts(std::string_view bytes) {
  ByteReader head(bytes.substr(12));
  const auto meta_bytes = head.number<uint64_t>();
  return {std::string(bytes.substr(PlanHead::kBytes, meta_bytes)),
          std::string(bytes.substr(PlanHead::kBytes + meta_bytes))};
}

// Zeros come behind `meta` where its length changed, so that the tensors stay aligned.
inline std::string signed_plan(PlanParts parts) {
  parts.meta.resize(round_up(parts.meta.size(), PlanHead::kAlignment));
  PlanHead head;
  head.meta_bytes = parts.meta.size();
  head.tensor_bytes = parts.tensors.size();
  head.meta_crc = crc32c(0, parts.meta.data(), parts.meta.size());
  head.tensor_crc = crc32c(0, parts.tensors.data(), parts.tensors.size());
  return head.bytes() + parts.meta + parts.tensors;
}

// parse_plan of a copy that lies as it asks.
inline PlanFile parse_plan_copy(const std::string& bytes) {
  const std::shared_ptr<void> copy = host_allocator().allocate(bytes.size());
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  return parse_plan({static_cast<const char*>(copy.get()), bytes.size()}, copy);
}

}  // namespace thaw::testing
