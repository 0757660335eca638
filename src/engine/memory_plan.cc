#include "engine/memory_plan.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <queue>
#include <utility>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kMostBySize = 4096;

size_t sum(size_t a, size_t b) {
  size_t result = 0;
  if (__builtin_add_overflow(a, b, &result))
    throw ResourceError("the tensors take more bytes than 64 bits can count");
  return result;
}

size_t aligned(size_t bytes) { return sum(bytes, kAlignment - 1) / kAlignment * kAlignment; }

// Places the buffer beside those that are placed already, which are in the order of their offsets.
void place(const std::vector<Lifetime>& lifetimes, size_t i, const std::vector<size_t>& placed,
           MemoryPlan& plan) {
  const Lifetime& life = lifetimes[i];
  const size_t need = aligned(life.bytes);
  size_t best = std::numeric_limits<size_t>::max();
  size_t best_gap = std::numeric_limits<size_t>::max();
  size_t end = 0;
  for (size_t j : placed) {
    const Lifetime& other = lifetimes[j];
    if (other.last < life.first || life.last < other.first) continue;
    if (plan.offsets[j] > end) {
      const size_t gap = plan.offsets[j] - end;
      if (gap >= need && gap < best_gap) {
        best = end;
        best_gap = gap;
      }
    }
    end = std::max(end, sum(plan.offsets[j], aligned(other.bytes)));
  }
  plan.offsets[i] = best == std::numeric_limits<size_t>::max() ? end : best;
  plan.bytes = std::max(plan.bytes, sum(plan.offsets[i], need));
}

// Lays the buffers out behind what is there, the first written first, each into the smallest piece
// that fits it of those whose buffers are read no more.
void place_by_time(const std::vector<Lifetime>& lifetimes, std::vector<size_t> order,
                   MemoryPlan& plan) {
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lifetimes[a].first < lifetimes[b].first; });
  const auto ends_later = [&](size_t a, size_t b) {
    return std::pair(lifetimes[a].last, a) > std::pair(lifetimes[b].last, b);
  };
  std::priority_queue<size_t, std::vector<size_t>, decltype(ends_later)> alive(ends_later);
  std::multimap<size_t, size_t> free;  // offsets by size
  for (size_t i : order) {
    for (; !alive.empty() && lifetimes[alive.top()].last < lifetimes[i].first; alive.pop())
      free.emplace(aligned(lifetimes[alive.top()].bytes), plan.offsets[alive.top()]);
    alive.push(i);
    const size_t need = aligned(lifetimes[i].bytes);
    const auto fit = free.lower_bound(need);
    if (fit == free.end()) {
      plan.offsets[i] = plan.bytes;
      plan.bytes = sum(plan.bytes, need);
      continue;
    }
    const auto [size, offset] = *fit;
    plan.offsets[i] = offset;
    free.erase(fit);
    if (size > need) free.emplace(size - need, offset + need);
  }
}

}  // namespace

MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes) {
  MemoryPlan plan;
  plan.offsets.assign(lifetimes.size(), 0);
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  const size_t by_size = std::min(order.size(), kMostBySize);
  std::vector<size_t> placed;  // by offset
  for (size_t k = 0; k < by_size; ++k) {
    const size_t i = order[k];
    place(lifetimes, i, placed, plan);
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), i,
                         [&](size_t a, size_t b) { return plan.offsets[a] < plan.offsets[b]; }),
        i);
  }
  order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(by_size));
  place_by_time(lifetimes, std::move(order), plan);
  return plan;
}

}  // namespace thaw
