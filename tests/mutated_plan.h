// Plans whose checksums are right and whose contents are not what any thaw wrote.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include "tests/signed_plan.h"

namespace thaw::testing {

// Changes a few of a plan's fields: flipped bits, numbers that are often boundaries, numbers moved
// to the place of others. The fields lie at any byte, so that most changes hit one in part.
class PlanMutator {
 public:
  PlanMutator(std::string_view plan, unsigned seed)
      : parts_(plan_parts(plan)),
        used_(std::max<size_t>(parts_.meta.find_last_not_of('\0') + 1, 32)),
        random_(seed) {}

  std::string next() {
    PlanParts parts = parts_;
    for (int64_t n = below(3); n >= 0; --n) change(parts);
    return signed_plan(parts);
  }

 private:
  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  template <class T>
  void put(std::string& bytes, size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }

  int64_t boundary() {
    static constexpr int64_t kNumbers[] = {
        0,    1,      2,          3,  4,  7,   8,          64,         255,
        256,  65536,  0x7fffffff, -1, -2, -64, 0x80000000, 0xffffffff, int64_t{1} << 40,
        1000, 1 << 20};
    const int64_t pick = below(static_cast<int64_t>(std::size(kNumbers)) + 2);
    if (pick < static_cast<int64_t>(std::size(kNumbers))) return kNumbers[pick];
    return pick % 2 == 0 ? INT64_MAX : INT64_MIN;
  }

  void change(PlanParts& parts) {
    std::string& meta = parts.meta;
    const auto at = static_cast<size_t>(below(static_cast<int64_t>(used_ - 16)));
    const auto other = static_cast<size_t>(below(static_cast<int64_t>(used_ - 16)));
    uint32_t word = 0;
    std::memcpy(&word, meta.data() + at, sizeof word);
    switch (below(9)) {
      case 0:
        meta[at] = static_cast<char>(meta[at] ^ (1 << below(8)));
        return;
      case 1:
        meta[at] = static_cast<char>(boundary());
        return;
      case 2:
        return put(meta, at, static_cast<uint32_t>(boundary()));
      case 3:
        return put(meta, at, boundary());
      case 4:
        return put(meta, at, word + static_cast<uint32_t>(below(2) * 2 - 1));
      case 5:
        std::memmove(meta.data() + at, meta.data() + other, 1 + static_cast<size_t>(below(16)));
        return;
      case 6:
        std::swap_ranges(meta.begin() + static_cast<long>(at),
                         meta.begin() + static_cast<long>(at + 4),
                         meta.begin() + static_cast<long>(other));
        return;
      case 7:
        if (!parts.tensors.empty())
          parts.tensors[random_() % parts.tensors.size()] = static_cast<char>(boundary());
        return;
      default:
        parts.tensors.resize(
            64 * static_cast<size_t>(below(2 + static_cast<int64_t>(parts.tensors.size() / 32))));
    }
  }

  PlanParts parts_;
  const size_t used_;  // of meta: zeros follow
  std::mt19937 random_;
};

}  // namespace thaw::testing
