// Reads protocol buffers field by field, without generated code. Every length is checked.
#pragma once

#include <cstdint>
#include <string_view>

namespace thaw::ref {

// Walks over the fields of one message. After next(), number() and kind() say which field it is,
// and one of the readers must take its value or skip it.
class WireReader {
 public:
  enum class Kind : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  bool at_end() const { return rest_.empty(); }
  // The next field's tag. Throws InputError when the bytes are no message.
  bool next();
  uint32_t number() const { return number_; }
  Kind kind() const { return kind_; }
  uint64_t varint();
  uint32_t fixed32();
  std::string_view bytes();
  void skip();

 private:
  std::string_view take(uint64_t count);

  std::string_view rest_;
  uint32_t number_ = 0;
  Kind kind_ = Kind::kVarint;
};

}  // namespace thaw::ref
