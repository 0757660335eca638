#include "kernels/ref/wire.h"

#include <cstring>

#include "kernels/ref/ref.h"

namespace thaw::ref {

std::string_view WireReader::take(uint64_t count) {
  if (count > rest_.size()) fail("ParseExample", "the example ends within a field");
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

bool WireReader::next() {
  if (rest_.empty()) return false;
  const uint64_t tag = varint();
  number_ = static_cast<uint32_t>(tag >> 3);
  const auto kind = static_cast<uint32_t>(tag & 7);
  if (number_ == 0 || tag > UINT32_MAX || kind == 3 || kind == 4 || kind > 5)
    fail("ParseExample", "the example is no protocol buffer");
  kind_ = static_cast<Kind>(kind);
  return true;
}

uint64_t WireReader::varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail("ParseExample", "a number of more than ten bytes");
}

uint32_t WireReader::fixed32() {
  const std::string_view b = take(4);
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i)
    value |= static_cast<uint32_t>(static_cast<unsigned char>(b[i])) << 8 * i;
  return value;
}

std::string_view WireReader::bytes() { return take(varint()); }

void WireReader::skip() {
  switch (kind_) {
    case Kind::kVarint:
      varint();
      return;
    case Kind::kFixed64:
      take(8);
      return;
    case Kind::kBytes:
      bytes();
      return;
    case Kind::kFixed32:
      take(4);
      return;
  }
}

}  // namespace thaw::ref
