// XNNPACK, opened when it is first asked for: its functions by name, without their xnn_.
#pragma once

#include <xnnpack.h>

#include <memory>
#include <string>

namespace thaw::vendor {

// clang-format off
#define THAW_XNNPACK_FUNCTIONS(F) \
  F(initialize) F(create_convolution2d_nhwc_f32) F(setup_convolution2d_nhwc_f32) \
  F(create_convolution2d_nhwc_qc8) F(setup_convolution2d_nhwc_qc8) F(run_operator) \
  F(delete_operator)
// clang-format on

struct Xnnpack {
#define THAW_XNNPACK_MEMBER(name) decltype(&xnn_##name) name = nullptr;
  THAW_XNNPACK_FUNCTIONS(THAW_XNNPACK_MEMBER)
#undef THAW_XNNPACK_MEMBER
  std::string refusal;  // why it can't be used; empty when it can
};

// Opens the library at the first call.
const Xnnpack& xnnpack();
// xnnpack(), or ResourceError with its refusal.
const Xnnpack& needed_xnnpack();

using XnnOperator = std::unique_ptr<xnn_operator, xnn_status (*)(xnn_operator_t)>;

// Throws InternalError when a call failed.
void must(xnn_status status, const char* call);

}  // namespace thaw::vendor
