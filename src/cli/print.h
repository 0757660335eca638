// Standard output and standard error.
//
// What people read passes through printable(), so that no name from outside reaches a terminal as a
// command. An error of standard output is thrown, for results are lost; one of standard error is
// not, for there is nobody to tell.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>

#include "thaw/printable.h"

namespace thaw::cli {

// Descriptors 0 to 2 that are closed lead nowhere from now on, so that no file which is opened
// later takes their place: reading and writing there fails. A broken pipe becomes an error.
void prepare_streams();

// As it is: for documents that machines read. Throws ResourceError or BrokenPipe.
void write_raw(std::FILE* to, std::string_view text);
// Lines for people.
void print_text(std::FILE* to, std::string_view text);
// Writes what is left in the buffer; to be called when a command is done.
void flush_output(std::FILE* to = stdout);

// A text among the values of print(), in one line; other values as they are.
template <class Value>
decltype(auto) printed_value(const Value& value) {
  if constexpr (std::is_convertible_v<const Value&, std::string_view>)
    return printable(value);
  else
    return (value);
}

template <class... Values>
void print(std::FILE* to, std::string_view format, const Values&... values) {
  const auto make = [&](const auto&... shown) {
    return fmt::vformat(format, fmt::make_format_args(shown...));
  };
  print_text(to, make(printed_value(values)...));
}

template <class... Values>
void print(std::string_view format, const Values&... values) {
  print(stdout, format, values...);
}

}  // namespace thaw::cli
