// Reference kernels of strings and bytes.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "kernels/ref/ref.h"
#include "kernels/ref/regex.h"

namespace thaw::ref {
namespace {

void require_strings(const char* op, const Tensor& t) {
  if (t.dtype() != DType::kString) fail(op, fmt::format("strings were expected, got {}", t.str()));
}

// Index into a tensor that broadcasts to `out`, of out's element i.
int64_t broadcast_index(const Shape& shape, const Shape& out, int64_t i) {
  const auto strides = broadcast_strides(shape, out);
  int64_t at = 0;
  for (int d = out.rank() - 1; d >= 0; --d) {
    at += i % out[d] * strides[static_cast<size_t>(d)];
    i /= out[d];
  }
  return at;
}

// Where each character starts, and the end. Of UTF-8 and of what is none, TensorFlow takes each
// byte that continues none for a start.
std::vector<size_t> character_starts(const std::string& s, bool utf8) {
  std::vector<size_t> starts;
  for (size_t i = 0; i < s.size(); ++i)
    if (!utf8 || i == 0 || (static_cast<unsigned char>(s[i]) & 0xc0) != 0x80) starts.push_back(i);
  starts.push_back(s.size());
  return starts;
}

std::string part_of(const std::string& s, int64_t position, int64_t length, bool utf8) {
  const std::vector<size_t> starts = character_starts(s, utf8);
  const auto count = static_cast<int64_t>(starts.size()) - 1;
  const int64_t first = position < 0 ? position + count : position;
  if (position < -count || position > count)
    fail("Substr", fmt::format("position {} in a string of {}", position, count));
  // Of characters, TensorFlow takes no negative lengths: from the front they give nothing.
  if (utf8 && length < 0 && position < 0) fail("Substr", fmt::format("a length of {}", length));
  if (utf8 && length < 0) return {};
  const int64_t rest = count - first;
  const int64_t taken = length < 0 ? rest : std::min(length, rest);
  const size_t from = starts[static_cast<size_t>(first)];
  return s.substr(from, starts[static_cast<size_t>(first + taken)] - from);
}

}  // namespace

void run(const StringJoin& op, RunContext& context) {
  Shape shape;
  for (size_t i = 0; i < context.num_inputs(); ++i) {
    const Tensor& t = context.input(i);
    require_strings("StringJoin", t);
    if (t.rank() == 0) continue;
    if (shape.rank() > 0 && shape != t.shape())
      fail("StringJoin", fmt::format("shapes {} and {}", shape.str(), t.shape().str()));
    shape = t.shape();
  }
  Tensor& out = context.output(0, DType::kString, shape);
  for (int64_t k = 0; k < out.num_elements(); ++k) {
    std::string& joined = out.data<std::string>()[k];
    joined.clear();
    for (size_t i = 0; i < context.num_inputs(); ++i) {
      const Tensor& t = context.input(i);
      if (i > 0) joined += op.separator;
      const std::string& part = t.data<std::string>()[t.rank() == 0 ? 0 : k];
      claim_text(part.size() + op.separator.size());
      joined += part;
    }
  }
}

void run(const Substr& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const Tensor& position = context.input(1);
  const Tensor& length = context.input(2);
  require_strings("Substr", x);
  if (!is_integer(position.dtype()) || !is_integer(length.dtype()) ||
      position.shape() != length.shape())
    fail("Substr", fmt::format("position {} and length {}", position.str(), length.str()));
  const Shape shape = broadcast("Substr", x.shape(), position.shape());
  Tensor& out = context.output(0, DType::kString, shape);
  for (int64_t i = 0; i < out.num_elements(); ++i) {
    const int64_t at = broadcast_index(position.shape(), shape, i);
    const std::string& s = x.data<std::string>()[broadcast_index(x.shape(), shape, i)];
    put(out.data<std::string>()[i], part_of(s, position.int_at(at), length.int_at(at), op.utf8));
  }
}

void run(const RegexFullMatch& op, RunContext& context) {
  const Tensor& x = context.input(0);
  require_strings("RegexFullMatch", x);
  const Regex regex(op.pattern);
  Tensor& out = context.output(0, DType::kBool, x.shape());
  for (int64_t i = 0; i < x.num_elements(); ++i)
    out.data<bool>()[i] = regex.matches(x.data<std::string>()[i]);
}

void run(const DecodeRaw& op, RunContext& context) {
  const Tensor& x = context.input(0);
  require_strings("DecodeRaw", x);
  const size_t size = dtype_size(op.dtype);
  if (size == 0) fail_dtype("DecodeRaw", op.dtype);
  const std::string* strings = x.data<std::string>();
  const size_t bytes = x.num_elements() > 0 ? strings[0].size() : 0;
  if (bytes % size != 0)
    fail("DecodeRaw", fmt::format("{} bytes make no whole {}", bytes, dtype_name(op.dtype)));
  Shape shape = x.shape();
  shape.push_back(static_cast<int64_t>(bytes / size));
  Tensor& out = context.output(0, op.dtype, shape);
  auto* to = static_cast<unsigned char*>(out.raw());
  for (int64_t i = 0; i < x.num_elements(); ++i, to += bytes) {
    if (strings[i].size() != bytes)
      fail("DecodeRaw",
           fmt::format("string {} has {} bytes, the first {}", i, strings[i].size(), bytes));
    if (bytes > 0) std::memcpy(to, strings[i].data(), bytes);
    for (size_t k = 0; !op.little_endian && k < bytes; k += size)
      std::reverse(to + k, to + k + size);
  }
  if (op.dtype == DType::kBool)
    for (int64_t i = 0; i < out.num_elements(); ++i)
      out.data<uint8_t>()[i] = out.data<uint8_t>()[i] != 0;
}

}  // namespace thaw::ref
