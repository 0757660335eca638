#include "base/bytes.h"

#include <fmt/format.h>

#include "thaw/error.h"

namespace thaw {

std::string_view ByteReader::take(size_t count) {
  if (count > bytes_.size())
    throw InputError(fmt::format("{} bytes were expected, {} are left", count, bytes_.size()));
  const std::string_view piece = bytes_.substr(0, count);
  bytes_.remove_prefix(count);
  return piece;
}

size_t ByteReader::count(size_t element_bytes) {
  const auto n = number<uint32_t>();
  if (n > bytes_.size() / element_bytes)
    throw InputError(fmt::format("a list of {} elements in {} bytes", n, bytes_.size()));
  return n;
}

}  // namespace thaw
