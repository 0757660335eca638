// Errors say whose fault it is, what, where, and with which values.
#pragma once

#include <stdexcept>
#include <string>

namespace thaw {

// Whose fault it is.
enum class ErrorKind {
  kUsage,     // wrong arguments
  kInput,     // a bad model, image or label file
  kResource,  // memory, device or disk is missing
  kInternal,  // our own fault
};

// Base of everything thaw throws. what() is one line for people: the file, node or field, what was
// expected and what was found.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// Wrong use of a command or of the library.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ErrorKind::kUsage, message) {}
};

// A file or model from outside that can't be used as it is.
class InputError : public Error {
 public:
  explicit InputError(const std::string& message) : Error(ErrorKind::kInput, message) {}
};

// Memory, a device or disk space is missing.
class ResourceError : public Error {
 public:
  explicit ResourceError(const std::string& message) : Error(ErrorKind::kResource, message) {}
};

// A broken invariant of thaw itself; worth a report.
class InternalError : public Error {
 public:
  explicit InternalError(const std::string& message) : Error(ErrorKind::kInternal, message) {}
};

}  // namespace thaw
