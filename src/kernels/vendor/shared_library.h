// A library that may be missing: opened when it is first asked for, and never closed.
#pragma once

#include <string>

namespace thaw::vendor {

class SharedLibrary {
 public:
  // `soname` such as "libdnnl.so.2". A library that is not there is a refusal, no exception.
  explicit SharedLibrary(const char* soname);

  // Sets `function` to the symbol, of this library or of those it needs; a missing one is a
  // refusal.
  template <class F>
  void find(const char* symbol, F& function) {
    function = reinterpret_cast<F>(address(symbol));
  }
  // Empty when the library and all symbols asked for are there, otherwise what is not.
  const std::string& refusal() const { return refusal_; }

 private:
  void* address(const char* symbol);

  std::string soname_;
  void* handle_ = nullptr;
  std::string refusal_;
};

}  // namespace thaw::vendor
