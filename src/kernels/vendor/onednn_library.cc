#include "kernels/vendor/onednn_library.h"

#include <fmt/core.h>

#include "base/cpu_features.h"
#include "kernels/vendor/shared_library.h"
#include "thaw/error.h"

namespace thaw::vendor {
namespace {

dnnl_cpu_isa_t highest_isa() {
  switch (best_isa()) {
    case Isa::kGeneric:
      return dnnl_cpu_isa_sse41;
    case Isa::kAvx2:
      return dnnl_cpu_isa_avx2;
    case Isa::kAvx512:
      return dnnl_cpu_isa_avx512_core;
    case Isa::kAvx512Vnni:
      return dnnl_cpu_isa_avx512_core_vnni;
    case Isa::kAvx512Bf16:
      return dnnl_cpu_isa_avx512_core_bf16;
    default:
      return dnnl_cpu_isa_all;
  }
}

OneDnn open_library() {
  OneDnn dnn;
  SharedLibrary library(fmt::format("libdnnl.so.{}", DNNL_VERSION_MAJOR).c_str());
#define THAW_ONEDNN_FIND(name) library.find("dnnl_" #name, dnn.name);
  THAW_ONEDNN_FUNCTIONS(THAW_ONEDNN_FIND)
#undef THAW_ONEDNN_FIND
  library.find("omp_get_max_threads", dnn.omp_get_max_threads);
  library.find("omp_set_num_threads", dnn.omp_set_num_threads);
  dnn.refusal = library.refusal();
  if (!dnn.refusal.empty()) return dnn;
  dnn.set_max_cpu_isa(highest_isa());  // refused when another user of the library came first
  if (dnn.engine_create(&dnn.engine, dnnl_cpu, 0) != dnnl_success)
    dnn.refusal = "oneDNN has no engine for this processor";
  return dnn;
}

}  // namespace

const OneDnn& onednn() {
  static const OneDnn dnn = open_library();
  return dnn;
}

const OneDnn& needed_onednn() {
  if (!onednn().refusal.empty()) throw ResourceError(onednn().refusal);
  return onednn();
}

void must(dnnl_status_t status, const char* call) {
  if (status != dnnl_success)
    throw InternalError(fmt::format("oneDNN's {} gave status {}", call, static_cast<int>(status)));
}

}  // namespace thaw::vendor
