#include "runtime/null_device.h"

#include <sys/mman.h>

#include <algorithm>
#include <string>

#include "base/memory_budget.h"
#include "ops/traits.h"
#include "runtime/null_queue.h"
#include "thaw/error.h"

namespace thaw {
namespace {

std::string can_run(const OpDesc& desc) {
  if (traits(desc.op).suppresses_boxes) return "non-maximum suppression stays on the host";
  if (desc.outputs.empty()) return "it has no result";
  for (const TensorDesc& out : desc.outputs) {
    if (!out.shape.is_static()) return "the output's shape is not known before the run";
    if (dtype_size(out.dtype) == 0) return "the output is not numbers";
  }
  for (const TensorDesc& in : desc.inputs) {
    if (!in.shape.is_static()) return "an input's shape is not known before the run";
    if (dtype_size(in.dtype) == 0) return "an input is not numbers";
  }
  return {};
}

// The reference kernels under names of this device's own.
struct Rows {
  std::vector<std::string> names;
  std::vector<KernelRow> rows;

  Rows() {
    const KernelTable table = ref_kernels();
    names.reserve(table.count);
    for (const KernelRow& row : table) {
      const std::string name = row.name;
      names.push_back("null" + name.substr(name.find('.')));
      rows.push_back({names.back().c_str(), row.op, can_run, row.create});
    }
  }
};

}  // namespace

size_t NullDevice::memory_bytes() const { return machine_memory(); }

KernelTable NullDevice::kernels() const {
  static const Rows rows;
  return {rows.rows.data(), rows.rows.size()};
}

std::unique_ptr<Queue> NullDevice::create_queue() { return std::make_unique<NullQueue>(*this); }

std::unique_ptr<PreparedSegment> NullDevice::prepare(const std::vector<Work>& work) {
  count(&NullCounts::prepared);
  return Device::prepare(work);
}

// It claims to be fast, so that it is given all that it can run.
Device::Speed NullDevice::speed() const { return {0.01, 0.1, 1e6, 1e6, 1e6}; }

std::shared_ptr<void> NullDevice::allocate(size_t bytes) {
  const size_t reserved = std::max<size_t>(bytes, 1);
  void* address = ::mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED)
    throw ResourceError("no memory for " + std::to_string(bytes) + " bytes");
  const auto at = reinterpret_cast<uintptr_t>(address);
  const std::lock_guard<std::mutex> lock(mutex_);
  ++counts_.allocations;
  blocks_[at] = {reserved, host_allocator().allocate(reserved)};
  return {address, [this, at, reserved](void* p) {
            ::munmap(p, reserved);
            const std::lock_guard<std::mutex> freeing(mutex_);
            blocks_.erase(at);
          }};
}

char* NullDevice::behind(const void* address) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  const std::lock_guard<std::mutex> lock(mutex_);
  auto next = blocks_.upper_bound(at);
  if (next == blocks_.begin()) return nullptr;
  const auto& [start, block] = *--next;
  return at - start < block.bytes ? static_cast<char*>(block.elements.get()) + (at - start)
                                  : nullptr;
}

NullCounts NullDevice::counts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

void NullDevice::count(int NullCounts::*what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++(counts_.*what);
}

}  // namespace thaw
