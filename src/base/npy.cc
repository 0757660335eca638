#include "base/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct Header {
  std::string descr;  // "<f4"
  bool fortran = false;
  std::vector<int64_t> dims;
};

// Reads the Python dictionary literal that heads an array: its three keys, in any order.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  Header parse() {
    Header header;
    int seen = 0;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        header.descr = descr();
      } else if (key == "fortran_order") {
        header.fortran = boolean();
      } else if (key == "shape") {
        header.dims = tuple();
      } else {
        fail("has the unknown key '" + key + "'");
      }
      ++seen;
      accept(',');
    }
    if (seen != 3) fail("needs descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: the header of the array {}", where_, what));
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("lacks '{}' at byte {}", c, at_));
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  std::string quoted() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail(fmt::format("lacks a name at byte {}", at_));
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("has a name without an end");
    std::string name(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return name;
  }
  std::string descr() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') fail("says that it holds structures");
    return quoted();
  }
  bool boolean() {
    if (accept_word("True")) return true;
    if (accept_word("False")) return false;
    fail("lacks True or False");
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> dims;
    expect('(');
    while (!accept(')')) {
      dims.push_back(number());
      if (dims.size() > static_cast<size_t>(Shape::kMaxRank))
        fail(fmt::format("has more than {} dimensions", Shape::kMaxRank));
      accept(',');
    }
    return dims;
  }
  int64_t number() {
    skip_space();
    int64_t value = 0;
    const size_t begin = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (at_ - begin > 17) fail("has a dimension that is too large");
      value = value * 10 + (text_[at_] - '0');
    }
    if (at_ == begin) fail(fmt::format("lacks a number at byte {}", at_));
    return value;
  }

  std::string_view text_;
  const std::string& where_;
  size_t at_ = 0;
};

struct NumberType {
  const char* code;  // numpy's kind and size
  DType dtype;
};
constexpr NumberType kNumberTypes[] = {
    {"f4", DType::kFloat32}, {"f8", DType::kFloat64}, {"f2", DType::kFloat16},
    {"i1", DType::kInt8},    {"i2", DType::kInt16},   {"i4", DType::kInt32},
    {"i8", DType::kInt64},   {"u1", DType::kUInt8},   {"u2", DType::kUInt16},
    {"u4", DType::kUInt32},  {"u8", DType::kUInt64},  {"b1", DType::kBool},
};

// The sizes of numpy's S and U elements are part of the type's name.
size_t element_size(const std::string& descr, const std::string& where) {
  const std::string digits = descr.substr(2);
  const bool number =
      !digits.empty() && digits.size() < 10 &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number) throw InputError(fmt::format("{}: unknown array type '{}'", where, descr));
  return std::stoul(digits);
}

void swap_bytes(char* data, size_t count, size_t size) {
  for (size_t i = 0; i < count; ++i) std::reverse(data + i * size, data + (i + 1) * size);
}

// Calls visit(row-major index, column-major index) for every element.
template <class Visit>
void for_each_transposed(const Shape& shape, Visit visit) {
  const int64_t count = shape.num_elements();
  std::vector<int64_t> at(shape.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t from = 0;
    for (int d = shape.rank() - 1; d >= 0; --d) from = from * shape[d] + at[static_cast<size_t>(d)];
    visit(static_cast<size_t>(i), static_cast<size_t>(from));
    for (int d = shape.rank() - 1; d >= 0 && ++at[static_cast<size_t>(d)] == shape[d]; --d)
      at[static_cast<size_t>(d)] = 0;
  }
}

void append_utf8(std::string& out, uint32_t c) {
  const auto push = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xC0 | c >> 6), push(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    push(0xE0 | c >> 12), push(0x80 | (c >> 6 & 0x3F)), push(0x80 | (c & 0x3F));
  } else {
    push(0xF0 | (c >> 18 & 7)), push(0x80 | (c >> 12 & 0x3F)), push(0x80 | (c >> 6 & 0x3F));
    push(0x80 | (c & 0x3F));
  }
}

// One S element: what stands before its trailing zeros.
std::string bytes_element(std::string_view bytes) {
  const size_t end = bytes.find_last_not_of('\0');
  return std::string(bytes.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

// One U element: code points of four bytes.
std::string text_element(std::string_view bytes, bool swapped) {
  std::vector<uint32_t> points(bytes.size() / 4);
  std::string copy(bytes);
  if (swapped) swap_bytes(copy.data(), points.size(), 4);
  if (!points.empty()) std::memcpy(points.data(), copy.data(), points.size() * 4);
  while (!points.empty() && points.back() == 0) points.pop_back();
  std::string text;
  for (const uint32_t point : points) append_utf8(text, point);
  return text;
}

void check_size(const Shape& shape, size_t element, size_t found, const std::string& where) {
  const auto count = static_cast<uint64_t>(shape.num_elements());
  if (element == 0 ? found != 0 : (found % element != 0 || found / element != count))
    throw InputError(fmt::format("{}: {} elements of {} bytes were expected, found {} bytes", where,
                                 count, element, found));
}

Tensor parse_strings(const Header& header, const Shape& shape, std::string_view data,
                     const std::string& where) {
  const bool text = header.descr[1] == 'U';
  const size_t size = element_size(header.descr, where) * (text ? 4 : 1);
  check_size(shape, size, data.size(), where);
  // Elements of no bytes cost nothing in the file, but a std::string each in memory.
  if (size == 0 && shape.num_elements() > 1 << 20)
    throw InputError(fmt::format("{}: {} empty strings", where, shape.num_elements()));
  Tensor tensor = Tensor::empty(DType::kString, shape);
  auto* out = tensor.data<std::string>();
  const bool swapped = header.descr[0] == '>';
  const auto element = [&](size_t i) {
    const std::string_view bytes = data.substr(i * size, size);
    return text ? text_element(bytes, swapped) : bytes_element(bytes);
  };
  if (header.fortran) {
    for_each_transposed(shape, [&](size_t to, size_t from) { out[to] = element(from); });
  } else {
    for (size_t i = 0; i < static_cast<size_t>(shape.num_elements()); ++i) out[i] = element(i);
  }
  return tensor;
}

Tensor parse_numbers(const Header& header, DType dtype, const Shape& shape, std::string_view data,
                     const std::string& where) {
  const size_t size = dtype_size(dtype);
  check_size(shape, size, data.size(), where);
  Tensor tensor = Tensor::empty(dtype, shape);
  auto* out = tensor.data<char>();
  if (header.fortran) {
    for_each_transposed(shape, [&](size_t to, size_t from) {
      std::memcpy(out + to * size, data.data() + from * size, size);
    });
  } else if (!data.empty()) {
    std::memcpy(out, data.data(), data.size());
  }
  if (header.descr[0] == '>') swap_bytes(out, static_cast<size_t>(tensor.num_elements()), size);
  if (dtype == DType::kBool)
    for (size_t i = 0; i < data.size(); ++i) out[i] = out[i] != 0;
  return tensor;
}

Shape shape_of(const Header& header, const std::string& where) {
  Shape shape{header.dims};
  try {
    shape.num_elements();
  } catch (const InputError& error) {
    throw InputError(where + ": " + error.what());
  }
  return shape;
}

// The header's text; `data` becomes what follows it.
std::string_view split_header(std::string_view bytes, std::string_view& data,
                              const std::string& where) {
  if (bytes.size() < 12 || bytes.substr(0, kMagic.size()) != kMagic)
    throw InputError(fmt::format("{}: no numpy array (its magic bytes are missing)", where));
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(bytes[i])); };
  const size_t version = byte(6);
  if (version < 1 || version > 3)
    throw InputError(
        fmt::format("{}: version 1 to 3 of the npy format was expected, found {}", where, version));
  const size_t start = version == 1 ? 10 : 12;
  size_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > bytes.size() - start)
    throw InputError(fmt::format("{}: the array ends within its header", where));
  data = bytes.substr(start + length);
  return bytes.substr(start, length);
}

std::string descr_of(const Tensor& tensor, size_t& string_size) {
  if (tensor.dtype() == DType::kString) {
    string_size = 1;
    for (int64_t i = 0; i < tensor.num_elements(); ++i)
      string_size = std::max(string_size, tensor.data<std::string>()[i].size());
    return fmt::format("|S{}", string_size);
  }
  for (const NumberType& type : kNumberTypes)
    if (type.dtype == tensor.dtype())
      return std::string(dtype_size(type.dtype) == 1 ? "|" : "<") + type.code;
  throw InputError(fmt::format("a tensor of {} has no form in a numpy file", tensor.str()));
}

Tensor widened(const Tensor& bfloat16) {
  Tensor wide = Tensor::empty(DType::kFloat32, bfloat16.shape());
  for (int64_t i = 0; i < wide.num_elements(); ++i) {
    const uint32_t bits = uint32_t{bfloat16.data<uint16_t>()[i]} << 16;
    std::memcpy(wide.data<float>() + i, &bits, sizeof bits);
  }
  return wide;
}

}  // namespace

Tensor parse_npy(std::string_view bytes, const std::string& where) {
  std::string_view data;
  const Header header = HeaderParser(split_header(bytes, data, where), where).parse();
  const Shape shape = shape_of(header, where);
  if (header.descr.size() < 2 ||
      std::string_view("<>|=").find(header.descr[0]) == std::string::npos)
    throw InputError(fmt::format("{}: unknown array type '{}'", where, header.descr));
  const char kind = header.descr[1];
  if (kind == 'S' || kind == 'U') return parse_strings(header, shape, data, where);
  for (const NumberType& type : kNumberTypes)
    if (header.descr.compare(1, std::string::npos, type.code) == 0)
      return parse_numbers(header, type.dtype, shape, data, where);
  throw InputError(
      fmt::format("{}: arrays of type '{}' can't be read{}", where, header.descr,
                  kind == 'O' ? " (Python objects; save bytes with numpy's astype('S'))" : ""));
}

std::string npy_bytes(const Tensor& tensor) {
  if (tensor.dtype() == DType::kBFloat16) return npy_bytes(widened(tensor));
  size_t string_size = 0;
  const std::string descr = descr_of(tensor, string_size);
  std::string dims;
  for (const int64_t dim : tensor.shape()) dims += fmt::format("{},", dim);
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, dims);
  // Data begin at a multiple of 64.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header.push_back('\n');
  std::string out(kMagic);
  out += {'\x01', '\0', static_cast<char>(header.size() & 0xFF),
          static_cast<char>(header.size() >> 8)};
  out += header;
  if (tensor.dtype() != DType::kString) {
    out.append(tensor.data<char>(), tensor.num_bytes());
    return out;
  }
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    const std::string& element = tensor.data<std::string>()[i];
    out += element;
    out.append(string_size - element.size(), '\0');
  }
  return out;
}

}  // namespace thaw
