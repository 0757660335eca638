#include "kernels/vendor/shared_library.h"

#include <dlfcn.h>
#include <fmt/core.h>

namespace thaw::vendor {

SharedLibrary::SharedLibrary(const char* soname)
    : soname_(soname), handle_(dlopen(soname, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) refusal_ = fmt::format("{} can't be opened: {}", soname, dlerror());
}

void* SharedLibrary::address(const char* symbol) {
  if (handle_ == nullptr) return nullptr;
  void* found = dlsym(handle_, symbol);
  if (found == nullptr && refusal_.empty()) refusal_ = fmt::format("{} has no {}", soname_, symbol);
  return found;
}

}  // namespace thaw::vendor
