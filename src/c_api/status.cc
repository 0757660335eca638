#include "c_api/status.h"

#include <fmt/format.h>

#include <new>

#include "thaw/error.h"
#include "thaw/request.h"
#include "thaw/version.h"

namespace thaw::c_api {
namespace {

// Without memory for the message the place stays, so that errors of short memory are told too.
std::string& last_error() {
  thread_local std::string text;
  return text;
}

thaw_status fail(thaw_status status, const char* message) noexcept {
  try {
    last_error() = message;
  } catch (...) {
    last_error().clear();
  }
  return status;
}

thaw_status status_of_kind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return THAW_ERROR_USAGE;
    case ErrorKind::kInput:
      return THAW_ERROR_INPUT;
    case ErrorKind::kResource:
      return THAW_ERROR_RESOURCE;
    case ErrorKind::kInternal:
      break;
  }
  return THAW_ERROR_INTERNAL;
}

}  // namespace

thaw_status caught() noexcept {
  try {
    throw;
  } catch (const Cancelled& error) {
    return fail(THAW_CANCELLED, error.what());
  } catch (const Error& error) {
    return fail(status_of_kind(error.kind()), error.what());
  } catch (const std::bad_alloc&) {
    return fail(THAW_ERROR_RESOURCE, "out of memory");
  } catch (const std::exception& error) {
    return fail(THAW_ERROR_INTERNAL, error.what());
  } catch (...) {
    return fail(THAW_ERROR_INTERNAL, "an unknown exception");
  }
}

thaw_status status_of(const std::exception_ptr& error, const char** message) noexcept {
  *message = "";
  if (!error) return THAW_OK;
  const thaw_status status = guarded([&] { std::rethrow_exception(error); });
  *message = thaw_last_error();
  return status;
}

void throw_null(const char* name) { throw UsageError(fmt::format("{} is NULL", name)); }

void throw_newer(const char* name) {
  throw UsageError(
      fmt::format("{} asks for what this thaw, {}, does not know", name, THAW_VERSION));
}

void check_struct_size(size_t size, size_t least, const char* name) {
  if (size < least || size > 4096)
    throw UsageError(fmt::format("{}: struct_size is {}; THAW_INIT sets it", name, size));
}

}  // namespace thaw::c_api

extern "C" {

const char* thaw_last_error(void) { return thaw::c_api::last_error().c_str(); }

const char* thaw_version(void) { return thaw::version(); }

}  // extern "C"
