#include "kernels/vendor/xnnpack_library.h"

#include <fmt/core.h>

#include "base/cpu_features.h"
#include "kernels/vendor/shared_library.h"
#include "thaw/error.h"

namespace thaw::vendor {
namespace {

Xnnpack open_library() {
  Xnnpack xnn;
  if (best_isa() != choose_isa(cpu_features(), nullptr)) {
    xnn.refusal = "XNNPACK can't be held to a level below the processor's";
    return xnn;
  }
  SharedLibrary library("libXNNPACK.so.0");
#define THAW_XNNPACK_FIND(name) library.find("xnn_" #name, xnn.name);
  THAW_XNNPACK_FUNCTIONS(THAW_XNNPACK_FIND)
#undef THAW_XNNPACK_FIND
  xnn.refusal = library.refusal();
  if (xnn.refusal.empty() && xnn.initialize(nullptr) != xnn_status_success)
    xnn.refusal = "XNNPACK has nothing for this processor";
  return xnn;
}

}  // namespace

const Xnnpack& xnnpack() {
  static const Xnnpack xnn = open_library();
  return xnn;
}

const Xnnpack& needed_xnnpack() {
  if (!xnnpack().refusal.empty()) throw ResourceError(xnnpack().refusal);
  return xnnpack();
}

void must(xnn_status status, const char* call) {
  if (status != xnn_status_success)
    throw InternalError(fmt::format("XNNPACK's {} gave status {}", call, static_cast<int>(status)));
}

}  // namespace thaw::vendor
