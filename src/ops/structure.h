// Constants, identities and structured control flow.
#pragma once

#include "ops/field.h"
#include "thaw/tensor.h"

namespace thaw {

// () -> value
struct Const {
  static constexpr const char* kName = "Const";
  Tensor value;
  template <class F>
  static void fields(F&& f) {
    f("value", &Const::value);
  }
};

// (x) -> x
struct Identity {
  static constexpr const char* kName = "Identity";
  template <class F>
  static void fields(F&&) {}
};

// (loop variables) -> their values once cond is false. cond: variables -> scalar bool; body:
// variables -> as many variables. What the body needs from outside comes in as a variable that the
// body returns as it is. TF: While, StatelessWhile, and TF1's Enter/Merge/Switch/Exit frames.
struct While {
  static constexpr const char* kName = "While";
  GraphRef cond;
  GraphRef body;
  template <class F>
  static void fields(F&& f) {
    f("cond", &While::cond);
    f("body", &While::body);
  }
};

// (predicate, captures) -> the taken branch's outputs. Both branches take all captures.
// The predicate is a scalar: bool, number (not zero) or string (not empty).
struct If {
  static constexpr const char* kName = "If";
  GraphRef then_branch;
  GraphRef else_branch;
  template <class F>
  static void fields(F&& f) {
    f("then", &If::then_branch);
    f("else", &If::else_branch);
  }
};

// (condition, data...) -> nothing; fails the run with the data when the condition is false.
struct Assert {
  static constexpr const char* kName = "Assert";
  int64_t summarize = 3;  // at most so many elements of each datum in the message
  template <class F>
  static void fields(F&& f) {
    f("summarize", &Assert::summarize);
  }
};

}  // namespace thaw
