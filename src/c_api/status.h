// No exception leaves the C interface: each function's body runs in guarded().
#pragma once

#include <cstddef>
#include <exception>
#include <string>

#include "thaw/c_api.h"

namespace thaw::c_api {

// What is being handled, as a status; its message becomes thaw_last_error().
thaw_status caught() noexcept;
// The same of an exception that is kept; `message` lives until this thread's next error.
thaw_status status_of(const std::exception_ptr& error, const char** message) noexcept;

template <class F>
thaw_status guarded(F&& body) noexcept {
  try {
    body();
    return THAW_OK;
  } catch (...) {
    return caught();
  }
}

[[noreturn]] void throw_null(const char* name);
[[noreturn]] void throw_newer(const char* name);
void check_struct_size(size_t size, size_t least, const char* name);

// Throws UsageError for a pointer that must not be null.
template <class T>
T& need(T* pointer, const char* name) {
  if (pointer == nullptr) throw_null(name);
  return *pointer;
}

}  // namespace thaw::c_api
