// What a kernel is, what it is told when it is built, and what it works on when it runs.
//
// Kernels know ops and tensors, not graphs. A device offers a table of KernelRow rows; the engine
// takes the first row of an op's whose can_run agrees, and the reference table always has one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/memory.h"
#include "base/target.h"
#include "kernels/exactness.h"
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

// What a device offers kernels while they are made: a place for what they prepare (packed weights,
// compiled code), which is fresh or, from an earlier build of the same kernel for the same op,
// ready. Pieces come in an order that follows from the op, the types and the target alone.
class BuildServices {
 public:
  virtual ~BuildServices() = default;
  // The next piece: uint8 [bytes] in host memory, aligned to 64, read only. `fill` writes all of
  // it, unless it is ready.
  virtual Tensor take(size_t bytes, const std::function<void(void*)>& fill) = 0;
  // The next piece where only making it shows its size, such as compiled code: what `make` returns
  // (uint8 [bytes]), unless it is ready.
  virtual Tensor make(const std::function<Tensor()>& make) = 0;
  // The piece in the memory of the device that the kernel runs on, once for all kernels that are
  // made of it. It stays there as long as the result lives.
  virtual Tensor resident(const Tensor& piece) = 0;
};

struct OpDesc {
  const Op& op;
  std::vector<TensorDesc> inputs;
  std::vector<TensorDesc> outputs;
  BuildServices* services = nullptr;  // null: fresh host memory
  Target target = {};                 // that the kernel is to run on

  // How a kernel's constructor gets its packed weights. A kernel that calls this reads the elements
  // of the constants that it holds (OpKernel::holds_constant) in `fill` alone: elsewhere they may
  // have a shape but no memory.
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

  // Whoever runs the kernel says what on, once or anew for each run; the tensors must stay where
  // they are. An output that is not defined is the kernel's to make.
  void add_input(const Tensor& t) { inputs_.push_back(&t), owned_.push_back(false); }
  void add_output(Tensor& t) { outputs_.push_back(&t); }
  void bind(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs);
  void set_owned(size_t input, bool owned) { owned_[input] = owned; }
  // What OpKernel::scratch_bytes asked for; it must stay there for the run.
  void set_scratch(void* scratch, size_t bytes) { scratch_ = scratch, scratch_bytes_ = bytes; }
  size_t scratch_bytes() const { return scratch_bytes_; }

  size_t num_inputs() const { return inputs_.size(); }
  const Tensor& input(size_t i) const { return *inputs_[i]; }
  size_t num_outputs() const { return outputs_.size(); }
  // Planned, or made already.
  Tensor& output(size_t i) { return *outputs_[i]; }
  // Output i with this type and shape: the planned tensor when there is one, else a new one.
  // Throws InternalError when the planned one differs.
  Tensor& output(size_t i, DType dtype, const Shape& shape);
  // Hands a finished tensor over as output i without a copy; copies when the output is planned.
  void set_output(size_t i, Tensor value);
  // The only reader of input i is this kernel, and it may give the buffer away or write into it.
  bool owns_input(size_t i) const { return owned_[i]; }
  Tensor take_input(size_t i) { return std::move(*const_cast<Tensor*>(inputs_[i])); }

  ThreadPool& pool() const { return *pool_; }
  // Working memory of at least so many bytes, aligned to 64; undefined contents; valid for this
  // run. What the kernel said beforehand is planned; more comes from the workspace, which only a
  // host has.
  void* scratch(size_t bytes) {
    return bytes <= scratch_bytes_ ? scratch_ : workspace_->scratch(bytes);
  }

 private:
  std::vector<const Tensor*> inputs_;
  std::vector<Tensor*> outputs_;
  std::vector<bool> owned_;
  void* scratch_ = nullptr;
  size_t scratch_bytes_ = 0;
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
  // Bytes of RunContext::scratch that a run asks for when the pool splits its loops for so many
  // threads, where the op's shapes say so beforehand; 0 where only the run does.
  virtual size_t scratch_bytes(int /*threads*/) const { return 0; }
  // Bytes that the kernel itself keeps (packed weights).
  virtual size_t bytes() const { return 0; }
};

struct KernelRow {
  const char* name;  // "cpu.conv2d.avx512"
  OpKind op;
  // Empty when the kernel can run the op, otherwise why not, for the summary.
  std::string (*can_run)(const OpDesc& desc);
  std::unique_ptr<OpKernel> (*create)(const OpDesc& desc);
  // How near its results come to the reference's; null for the reference itself.
  Exactness (*exactness)(const OpDesc& desc) = nullptr;
};

struct KernelTable {
  const KernelRow* rows = nullptr;
  size_t count = 0;
  const KernelRow* begin() const { return rows; }
  const KernelRow* end() const { return rows + count; }
};

// Every op but While and If, which the runtime runs itself.
KernelTable ref_kernels();
// Fast ones for this processor, best first for each op.
KernelTable cpu_kernels();
// Rows on other people's libraries, for float32 and what else they take. Empty where the library's
// headers were not there at build time; without the library itself, no row can run. They are
// for races only: an engine that is not tuned never takes one.
KernelTable onednn_kernels();
KernelTable xnnpack_kernels();

}  // namespace thaw
