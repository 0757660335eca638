#include "runtime/null_kernels.h"

#include <cstring>
#include <string>
#include <vector>

#include "ops/traits.h"
#include "runtime/null_device.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kFilter = 1;  // input of a layer

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

const KernelRow& ref_row(OpKind op) {
  for (const KernelRow& row : ref_kernels())
    if (row.op == op) return row;
  throw InternalError(std::string("no reference kernel for ") + op_name(op));
}

class NullLayer : public OpKernel {
 public:
  NullLayer(const OpDesc& desc, std::unique_ptr<OpKernel> ref)
      : ref_(std::move(ref)),
        dtype_(desc.inputs[kFilter].dtype),
        shape_(desc.inputs[kFilter].shape),
        bytes_(desc.inputs[kFilter].constant->num_bytes()) {
    const Tensor& filter = *desc.inputs[kFilter].constant;
    BuildServices& services = *desc.services;
    filter_ = services.resident(
        services.take(bytes_, [&](void* to) { std::memcpy(to, filter.raw(), bytes_); }));
    const std::string name = op_name(desc.op);
    const Tensor code = services.make([&] {
      Tensor made = Tensor::empty(DType::kUInt8, {static_cast<int64_t>(name.size())});
      std::memcpy(made.raw(), name.data(), name.size());
      return made;
    });
    if (std::string(static_cast<const char*>(code.raw()), code.num_bytes()) != name)
      throw InputError("code for another op than " + name);
  }

  void run(RunContext& context) override {
    void* scratch = context.scratch(bytes_);
    std::memcpy(scratch, NullDevice::behind(filter_.raw()), bytes_);
    const Tensor filter = Tensor::view(dtype_, shape_, scratch);
    Workspace workspace;
    RunContext inner(nullptr, &workspace);
    for (size_t i = 0; i < context.num_inputs(); ++i)
      inner.add_input(i == kFilter ? filter : context.input(i));
    for (size_t i = 0; i < context.num_outputs(); ++i) inner.add_output(context.output(i));
    ref_->run(inner);
  }
  bool holds_constant(size_t input) const override { return input == kFilter; }
  size_t scratch_bytes(int /*threads*/) const override { return bytes_; }
  size_t bytes() const override { return bytes_; }

 private:
  const std::unique_ptr<OpKernel> ref_;
  const DType dtype_;
  const Shape shape_;
  const size_t bytes_;
  Tensor filter_;  // on the device
};

std::unique_ptr<OpKernel> create(const OpDesc& desc) {
  std::unique_ptr<OpKernel> ref = ref_row(kind_of(desc.op)).create(desc);
  const bool has_filter = traits(desc.op).is_layer && desc.services != nullptr &&
                          desc.inputs[kFilter].constant != nullptr;
  if (!has_filter) return ref;
  return std::make_unique<NullLayer>(desc, std::move(ref));
}

struct Rows {
  std::vector<std::string> names;
  std::vector<KernelRow> rows;

  Rows() {
    const KernelTable table = ref_kernels();
    names.reserve(table.count);
    for (KernelRow row : table) {
      const std::string name = row.name;
      names.push_back("null" + name.substr(name.find('.')));
      row.name = names.back().c_str();
      row.can_run = can_run;
      row.create = create;
      rows.push_back(row);
    }
  }
};

}  // namespace

KernelTable null_kernels() {
  static const Rows rows;
  return {rows.rows.data(), rows.rows.size()};
}

}  // namespace thaw
