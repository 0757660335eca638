// How an op's attributes are declared once and visited by everything else.
//
// Each op is a plain struct with defaulted attributes, a kName, and one static function
//   template <class F> static void fields(F&& f) { f("strides", &Conv2D::strides); ... }
// from which printing, parsing, comparing, hashing and serialising follow. An attribute is one of
// int64_t, float, bool, std::string, DType, Shape, Tensor, GraphRef, an enum with enum_names, a
// std::array<int64_t, N> or a std::vector of int64_t, float, std::string or DType.
#pragma once

#include <cstdint>

namespace thaw {

// Index of a nested graph in Graph::subgraphs of the graph that owns the node.
struct GraphRef {
  int64_t index = -1;
  bool operator==(GraphRef other) const { return index == other.index; }
};

// The names of an enum's values in order, for text; overloaded for every enum an op uses.
struct EnumNames {
  const char* const* names;
  int count;
};

}  // namespace thaw

// Declares enum class E with `enum_names(E)` returning its values' names.
#define THAW_ENUM_NAMES(E, ...)                                          \
  inline EnumNames enum_names(E) {                                       \
    static constexpr const char* kNames[] = {__VA_ARGS__};               \
    return {kNames, static_cast<int>(sizeof(kNames) / sizeof(*kNames))}; \
  }

// An op without attributes.
#define THAW_PLAIN_OP(Name)                     \
  struct Name {                                 \
    static constexpr const char* kName = #Name; \
    template <class F>                          \
    static void fields(F&&) {}                  \
  };
