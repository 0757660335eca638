// A plan file in parts that can be changed, and put together again with lengths and checksums that
// are right: what a file of ours says is reached behind what guards it.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
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

inline std::string signed_plan(const PlanParts& parts) {
  PlanHead head;
  head.meta_bytes = parts.meta.size();
  head.tensor_bytes = parts.tensors.size();
  head.meta_crc = crc32c(0, parts.meta.data(), parts.meta.size());
  head.tensor_crc = crc32c(0, parts.tensors.data(), parts.tensors.size());
  return head.bytes() + parts.meta + parts.tensors;
}

}  // namespace thaw::testing
