// The reference table: one row for each op, "ref.<Op>".
#include <vector>

#include "kernels/ref/ref.h"

namespace thaw {
namespace {

template <class T>
class RefKernel : public OpKernel {
 public:
  explicit RefKernel(T op) : op_(std::move(op)) {}
  void run(RunContext& context) override { ref::run(op_, context); }

 private:
  T op_;
};

std::string always(const OpDesc&) { return {}; }

template <class T>
void add_row(std::vector<KernelRow>& rows, const char* name, OpKind kind) {
  if constexpr (ref::kHasKernel<T>)
    rows.push_back({name, kind, always, [](const OpDesc& desc) -> std::unique_ptr<OpKernel> {
                      return std::make_unique<RefKernel<T>>(std::get<T>(desc.op));
                    }});
}

std::vector<KernelRow> all_rows() {
  std::vector<KernelRow> rows;
#define OP(Name) add_row<Name>(rows, "ref." #Name, OpKind::k##Name);
#include "ops/ops.inc"
#undef OP
  return rows;
}

}  // namespace

KernelTable ref_kernels() {
  static const std::vector<KernelRow> rows = all_rows();
  return {rows.data(), rows.size()};
}

}  // namespace thaw
