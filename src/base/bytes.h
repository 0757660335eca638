// Numbers and text as bytes of our own files: little-endian, text and lists led by their length.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace thaw {

class ByteWriter {
 public:
  template <class T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes_.append(raw, sizeof(T));
  }
  void text(std::string_view value) {
    number(static_cast<uint32_t>(value.size()));
    bytes_.append(value);
  }
  // Zeros up to a multiple of `alignment`.
  void align(size_t alignment) {
    while (bytes_.size() % alignment != 0) bytes_.push_back('\0');
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads what ByteWriter wrote, from bytes that are not trusted. Throws InputError at their end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T number() {
    static_assert(std::is_arithmetic_v<T>);
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  bool flag() { return number<uint8_t>() != 0; }
  std::string text() { return std::string(take(number<uint32_t>())); }
  std::string_view take(size_t count);
  // The length of a list whose elements take at least `element_bytes` each: no more than the bytes
  // left can hold, so that a wrong length asks for no memory.
  size_t count(size_t element_bytes);
  size_t left() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

}  // namespace thaw
