// Strings and bytes.
#pragma once

#include <string>
#include <vector>

#include "ops/field.h"
#include "thaw/tensor.h"

namespace thaw {

// (string...) -> joined element by element (scalars broadcast). TF: StringJoin.
struct StringJoin {
  static constexpr const char* kName = "StringJoin";
  std::string separator;
  template <class F>
  static void fields(F&& f) {
    f("separator", &StringJoin::separator);
  }
};

// (string, position, length) -> a part of each. TF: Substr.
struct Substr {
  static constexpr const char* kName = "Substr";
  bool utf8 = false;  // positions count characters, not bytes
  template <class F>
  static void fields(F&& f) {
    f("utf8", &Substr::utf8);
  }
};

// (string) -> bool: the whole string matches. TF: StaticRegexFullMatch.
struct RegexFullMatch {
  static constexpr const char* kName = "RegexFullMatch";
  std::string pattern;
  template <class F>
  static void fields(F&& f) {
    f("pattern", &RegexFullMatch::pattern);
  }
};

// (string [...]) -> the bytes as numbers [..., count]. TF: DecodeRaw.
struct DecodeRaw {
  static constexpr const char* kName = "DecodeRaw";
  DType dtype = DType::kUInt8;
  bool little_endian = true;
  template <class F>
  static void fields(F&& f) {
    f("dtype", &DecodeRaw::dtype);
    f("little_endian", &DecodeRaw::little_endian);
  }
};

// (serialised tf.Example strings [n] or scalar, default of each dense feature...) -> dense features
// in keys' order, each [n, shape...]. Sparse and ragged features are refused at import.
// TF: ParseExampleV2, ParseSingleExample with dense features only.
struct ParseExample {
  static constexpr const char* kName = "ParseExample";
  std::vector<std::string> keys;
  std::vector<DType> dtypes;
  std::vector<int64_t> shapes;  // for each key its rank, then its dimensions
  template <class F>
  static void fields(F&& f) {
    f("keys", &ParseExample::keys);
    f("dtypes", &ParseExample::dtypes);
    f("shapes", &ParseExample::shapes);
  }
};

}  // namespace thaw
