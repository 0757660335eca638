#include "import/tensor_slice.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "thaw/error.h"

namespace thaw {
namespace {

// LevelDB's order-preserving encodings, which make up the keys of slices.
void append_ordered_unsigned(uint64_t value, std::string* out) {
  std::string digits;
  for (; value > 0; value >>= 8) digits.insert(digits.begin(), static_cast<char>(value & 0xff));
  out->push_back(static_cast<char>(digits.size()));
  out->append(digits);
}

void append_ordered_string(const std::string& value, std::string* out) {
  for (char c : value) {
    out->push_back(c);
    if (c == '\0') out->push_back('\xff');
    if (c == '\xff') out->push_back('\0');
  }
  out->append(std::string("\0\1", 2));
}

// As many leading ones as bytes, the sign as the bit after them (inverted), then the value in two's
// complement, big-endian.
void append_ordered_signed(int64_t value, std::string* out) {
  const uint64_t magnitude = static_cast<uint64_t>(value < 0 ? ~value : value);
  int bits = 0;
  while (bits < 63 && magnitude >> bits) ++bits;
  const int length = bits / 7 + 1;
  unsigned char bytes[10];
  for (int i = 0; i < length; ++i) {
    const int shift = 8 * (length - 1 - i);
    bytes[i] =
        shift >= 64 ? (value < 0 ? 0xff : 0) : static_cast<unsigned char>(value >> shift & 0xff);
  }
  // XOR with the header: `length` ones from the top.
  for (int i = 0; i < length; ++i) bytes[i / 8] ^= static_cast<unsigned char>(0x80 >> (i % 8));
  out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

int64_t parse_int(std::string_view text, const std::string& where) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    throw InputError(fmt::format("{}: '{}' in a slice is no number", where, text));
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

std::string slice_key(const std::string& name, const tf::TensorSliceProto& slice) {
  std::string key;
  append_ordered_unsigned(0, &key);
  append_ordered_string(name, &key);
  append_ordered_unsigned(static_cast<uint64_t>(slice.extent_size()), &key);
  for (const tf::TensorSliceProto::Extent& e : slice.extent()) {
    const bool whole = e.has_length_case() == tf::TensorSliceProto::Extent::HAS_LENGTH_NOT_SET;
    append_ordered_signed(e.start(), &key);
    append_ordered_signed(whole ? -1 : e.length(), &key);
  }
  return key;
}

TensorRegion region_of(const Shape& shape) {
  return {std::vector<int64_t>(shape.size(), 0), shape.dims()};
}

TensorRegion region_of(const tf::TensorSliceProto& slice, const Shape& shape,
                       const std::string& where) {
  if (slice.extent_size() != shape.rank())
    throw InputError(fmt::format("{}: a slice of rank {} of a tensor {}", where,
                                 slice.extent_size(), shape.str()));
  TensorRegion region;
  for (int d = 0; d < shape.rank(); ++d) {
    const tf::TensorSliceProto::Extent& e = slice.extent(d);
    const bool whole = e.has_length_case() == tf::TensorSliceProto::Extent::HAS_LENGTH_NOT_SET;
    const int64_t length = whole ? shape[d] : e.length();
    if (e.start() < 0 || length < 0 || e.start() > shape[d] || length > shape[d] - e.start())
      throw InputError(fmt::format("{}: a slice {}..+{} in dimension {} of a tensor {}", where,
                                   e.start(), length, d, shape.str()));
    region.start.push_back(e.start());
    region.length.push_back(length);
  }
  return region;
}

int64_t copy_common(const Tensor& src, const TensorRegion& from, Tensor* dst,
                    const TensorRegion& to) {
  const size_t rank = from.start.size();
  std::vector<int64_t> low(rank), high(rank);
  int64_t count = 1;
  for (size_t d = 0; d < rank; ++d) {
    low[d] = std::max(from.start[d], to.start[d]);
    high[d] = std::min(from.start[d] + from.length[d], to.start[d] + to.length[d]);
    if (low[d] >= high[d]) return 0;
    count *= high[d] - low[d];
  }
  const size_t each = dtype_size(src.dtype());
  const auto row = rank == 0 ? 1 : static_cast<size_t>(high[rank - 1] - low[rank - 1]);
  std::vector<int64_t> at = low;
  const auto offset = [&](const TensorRegion& r) {
    int64_t o = 0;
    for (size_t d = 0; d < rank; ++d) o = o * r.length[d] + at[d] - r.start[d];
    return static_cast<size_t>(o);
  };
  for (int64_t done = 0; done < count; done += static_cast<int64_t>(row)) {
    std::memcpy(static_cast<char*>(dst->raw()) + offset(to) * each,
                static_cast<const char*>(src.raw()) + offset(from) * each, row * each);
    for (size_t d = rank - (rank > 0); d-- > 0;) {
      if (++at[d] < high[d]) break;
      at[d] = low[d];
    }
  }
  return count;
}

TensorRegion parse_slice(const std::string& text, const Shape& shape, const std::string& where) {
  std::vector<std::string_view> words = split(text, ' ');
  const std::vector<std::string_view> extents = split(words.back(), ':');
  words.pop_back();
  std::vector<int64_t> full;
  for (std::string_view word : words) full.push_back(parse_int(word, where));
  if (full != shape.dims() || extents.size() != shape.size())
    throw InputError(
        fmt::format("{}: the slice '{}' of a tensor of shape {}", where, text, shape.str()));
  tf::TensorSliceProto slice;
  for (std::string_view extent : extents) {
    tf::TensorSliceProto::Extent* e = slice.add_extent();
    if (extent == "-") continue;
    const std::vector<std::string_view> numbers = split(extent, ',');
    if (numbers.size() != 2)
      throw InputError(fmt::format("{}: '{}' in a slice is no start,length", where, extent));
    e->set_start(parse_int(numbers[0], where));
    e->set_length(parse_int(numbers[1], where));
  }
  return region_of(slice, shape, where);
}

}  // namespace thaw
