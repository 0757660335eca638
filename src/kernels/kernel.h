// What a kernel is, what it is told when it is built, and what it works on when it runs.
//
// Kernels know ops and tensors, not graphs. A device offers a table of KernelEntry rows; the engine
// takes the first row of an op's whose can_run agrees, and the reference table always has one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/memory.h"
#include "ops/ops.h"
#include "thaw/tensor.h"

namespace thaw {

class ThreadPool;

// What is known of a tensor when the kernel is built.
struct TensorDesc {
  DType dtype = DType::kInvalid;
  Shape shape = Shape::unknown();
  const Tensor* constant = nullptr;  // its value, when it is the same in every run
};

// Where kernels' packed weights lie: fresh memory, or a plan file in which they are ready.
class WeightStore {
 public:
  virtual ~WeightStore() = default;
  // The next piece of the kernel that is being built: uint8 [bytes], aligned to 64. `fill` writes
  // all of it, unless the store has what it wrote in an earlier build of the same kernel for the
  // same op. The contents are read only.
  virtual Tensor take(size_t bytes, const std::function<void(void*)>& fill) = 0;
};

struct OpDesc {
  const Op& op;
  std::vector<TensorDesc> inputs;
  std::vector<TensorDesc> outputs;
  WeightStore* weights = nullptr;  // null: fresh memory

  // How a kernel's constructor gets its packed weights, in an order that follows from the op and
  // the types alone. A kernel that calls this reads the elements of the constants that it holds
  // (OpKernel::holds_constant) in `fill` alone: elsewhere they may have a shape but no memory.
  Tensor pack(size_t bytes, const std::function<void(void*)>& fill) const;
};

// Memory that kernels may ask for while they run: outputs nobody planned, and working memory that
// is kept between runs.
class Workspace {
 public:
  explicit Workspace(Allocator& allocator = host_allocator()) : allocator_(allocator) {}
  Tensor allocate(DType dtype, const Shape& shape);
  // At least so many bytes, aligned to 64, undefined contents, valid until the next call.
  void* scratch(size_t bytes);
  size_t scratch_bytes() const { return scratch_bytes_; }

 private:
  Allocator& allocator_;
  std::shared_ptr<void> scratch_;
  size_t scratch_bytes_ = 0;
};

// One run of one kernel. Inputs are read only. An output is either planned (its tensor is set
// before the run and lies in the plan's arena) or made by the kernel.
class RunContext {
 public:
  RunContext(ThreadPool* pool, Workspace* workspace) : pool_(pool), workspace_(workspace) {}

  size_t num_inputs() const { return inputs_.size(); }
  const Tensor& input(size_t i) const { return *inputs_[i]; }
  size_t num_outputs() const { return outputs_.size(); }
  // Output i with this type and shape: the planned tensor when there is one, else a new one.
  // Throws InternalError when the planned one differs.
  Tensor& output(size_t i, DType dtype, const Shape& shape);
  // Hands a finished tensor over as output i without a copy; copies when the output is planned.
  void set_output(size_t i, Tensor value);
  // The only reader of input i is this kernel, and it may give the buffer away or write into it.
  bool owns_input(size_t i) const { return i < owned_.size() && owned_[i]; }
  Tensor take_input(size_t i) { return std::move(*const_cast<Tensor*>(inputs_[i])); }

  ThreadPool& pool() const { return *pool_; }
  // Working memory of at least so many bytes, aligned to 64; undefined contents; valid for this
  // run.
  void* scratch(size_t bytes) { return workspace_->scratch(bytes); }

  std::vector<const Tensor*> inputs_;  // filled by the executor, whose vectors live on between runs
  std::vector<Tensor*> outputs_;
  std::vector<bool> owned_;

 private:
  ThreadPool* pool_;
  Workspace* workspace_;
};

// An op made ready to run: weights packed, parameters resolved. One instance serves one step of one
// plan and may be run from one thread at a time.
class OpKernel {
 public:
  OpKernel() = default;
  OpKernel(const OpKernel&) = delete;
  OpKernel& operator=(const OpKernel&) = delete;
  virtual ~OpKernel() = default;
  virtual void run(RunContext& context) = 0;
  // Constant inputs that this kernel holds in a form of its own: the engine may drop the originals.
  virtual bool holds_constant(size_t /*input*/) const { return false; }
  // Bytes that the kernel itself keeps (packed weights).
  virtual size_t bytes() const { return 0; }
};

struct KernelEntry {
  const char* name;  // "cpu.conv2d.avx512"
  OpKind op;
  // Empty when the kernel can run the op, otherwise why not, for the summary.
  std::string (*can_run)(const OpDesc& desc);
  std::unique_ptr<OpKernel> (*create)(const OpDesc& desc);
};

struct KernelTable {
  const KernelEntry* rows = nullptr;
  size_t count = 0;
  const KernelEntry* begin() const { return rows; }
  const KernelEntry* end() const { return rows + count; }
};

// Every op but While and If, which the runtime runs itself.
KernelTable ref_kernels();
// Fast ones for this processor, best first for each op.
KernelTable cpu_kernels();
// Rows on other people's libraries, for float32 and what else they take. Empty where the library's
// headers were not there at build time; without the library itself, no row can run. They are
// tactics only: an engine that is not tuned never takes one.
KernelTable onednn_kernels();
KernelTable xnnpack_kernels();

}  // namespace thaw
