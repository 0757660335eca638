#include "base/memory_budget.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

thread_local std::shared_ptr<MemoryBudget> in_force;  // null: the machine's
thread_local size_t claimed_text = 0;

// Never destroyed: buffers of other static objects may outlive it otherwise.
MemoryBudget& machine_budget() {
  static auto* budget = new MemoryBudget(machine_memory());
  return *budget;
}

// A number in a file; no limit where there is none ("max").
size_t limit_in(const std::string& path) {
  std::ifstream file(path);
  size_t bytes = 0;
  return file >> bytes ? bytes : kNoLimit;
}

// The least limit of the control group that the process is in and of those around it.
size_t group_limit() {
  size_t least = std::min(limit_in("/sys/fs/cgroup/memory.max"),
                          limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.rfind("0::/", 0) != 0) continue;
    for (std::string path = line.substr(3); path.size() > 1; path.erase(path.rfind('/')))
      least = std::min(least, limit_in("/sys/fs/cgroup" + path + "/memory.max"));
  }
  return least;
}

size_t process_limit(decltype(RLIMIT_AS) resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  return static_cast<size_t>(limit.rlim_cur);
}

}  // namespace

void MemoryBudget::take(size_t bytes) {
  const size_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
  try {
    if (before > limit_ || bytes > limit_ - before)
      throw ResourceError("no memory for " + std::to_string(bytes) + " bytes beside " +
                          std::to_string(before) + ", at most " + std::to_string(limit_) +
                          " may be taken");
    if (this != &machine_budget()) (parent_ ? *parent_ : machine_budget()).take(bytes);
  } catch (const ResourceError&) {
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    throw;
  }
}

void MemoryBudget::give(size_t bytes) noexcept {
  used_.fetch_sub(bytes, std::memory_order_relaxed);
  if (this != &machine_budget()) (parent_ ? *parent_ : machine_budget()).give(bytes);
}

size_t MemoryBudget::left() const {
  const size_t used = used_.load(std::memory_order_relaxed);
  const size_t here = used < limit_ ? limit_ - used : 0;
  if (this == &machine_budget()) return here;
  return std::min(here, (parent_ ? *parent_ : machine_budget()).left());
}

MemoryShare::MemoryShare(size_t bytes) : budget_(in_force), bytes_(bytes) {
  (budget_ ? *budget_ : machine_budget()).take(bytes);
}

MemoryShare::~MemoryShare() {
  if (bytes_ > 0) (budget_ ? *budget_ : machine_budget()).give(bytes_);
}

MemoryScope::MemoryScope(std::shared_ptr<MemoryBudget> budget) : outer_(std::move(budget)) {
  std::swap(outer_, in_force);
  forget_text();
}

MemoryScope::~MemoryScope() {
  std::swap(outer_, in_force);
  forget_text();
}

void claim_text(size_t bytes) {
  claimed_text += bytes;
  const size_t left = (in_force ? *in_force : machine_budget()).left();
  if (claimed_text > left)
    throw ResourceError("no memory for strings of " + std::to_string(claimed_text) +
                        " bytes, at most " + std::to_string(left) + " may be taken");
}

void forget_text() { claimed_text = 0; }

size_t machine_memory() {
  static const size_t bytes = [] {
    const auto pages = static_cast<size_t>(std::max(sysconf(_SC_PHYS_PAGES), 0L));
    const auto page = static_cast<size_t>(std::max(sysconf(_SC_PAGESIZE), 0L));
    const size_t all = pages * page > 0 ? pages * page : kNoLimit;
    return std::min({all, group_limit(), process_limit(RLIMIT_AS), process_limit(RLIMIT_DATA)});
  }();
  return bytes;
}

}  // namespace thaw
