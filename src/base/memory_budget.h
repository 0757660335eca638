// How much memory may be taken, and by what it is charged: tensors, the text in them, plans.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "thaw/tensor.h"

namespace thaw {

// Bytes of a tensor's elements: of strings and lists without what they hold. Throws what
// Shape::num_elements throws, which is more than any memory holds: products of some of a tensor's
// extents don't overflow, nor do its bytes.
size_t tensor_bytes(DType dtype, const Shape& shape);

// So many bytes and no more, out of those of `parent` or else of the machine's. What is taken out
// of a budget keeps it alive.
class MemoryBudget {
 public:
  explicit MemoryBudget(size_t limit, std::shared_ptr<MemoryBudget> parent = nullptr)
      : limit_(limit), parent_(std::move(parent)) {}
  // Throws ResourceError when that is more than is left here or above.
  void take(size_t bytes);
  void give(size_t bytes) noexcept;
  size_t left() const;
  size_t limit() const { return limit_; }

 private:
  const size_t limit_;
  const std::shared_ptr<MemoryBudget> parent_;
  std::atomic<size_t> used_{0};
};

// Bytes that were taken out of a budget, given back at the end of its life.
class MemoryShare {
 public:
  MemoryShare() = default;
  // Out of the budget that is in force on this thread. Throws ResourceError.
  explicit MemoryShare(size_t bytes);
  MemoryShare(MemoryShare&& other) noexcept
      : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryShare& operator=(MemoryShare&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryShare();

 private:
  std::shared_ptr<MemoryBudget> budget_;
  size_t bytes_ = 0;
};

// Until its end, what this thread allocates is taken out of the budget: tensors, and the contents
// of strings.
class MemoryScope {
 public:
  explicit MemoryScope(std::shared_ptr<MemoryBudget> budget);
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;
  ~MemoryScope();

 private:
  std::shared_ptr<MemoryBudget> outer_;
};

// What a kernel is about to write into strings beyond their own size, summed up until forget_text:
// by then it is charged with the tensors that hold it. Throws ResourceError when the budget in
// force on this thread has not so much left.
void claim_text(size_t bytes);
void forget_text();

// Takes what a tensor of strings or a list holds beside its own elements out of the budget in
// force, until its last copy is gone; nothing for others. The tensor must be one of Tensor::empty
// or Tensor::list that nobody else has. Throws ResourceError when it doesn't fit.
void charge_contents(Tensor& tensor);

// Bytes that this process may have: the machine's memory, or less where its control group or the
// process itself is limited. The budget of all that is taken out of no other.
size_t machine_memory();

}  // namespace thaw
