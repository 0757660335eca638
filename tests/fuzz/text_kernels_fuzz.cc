// Patterns and strings through the reference kernels of text. The last byte chooses the kernel and
// its attributes, the first zero byte parts what is in front of it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/evaluate.h"
#include "kernels/ref/regex.h"
#include "kernels/ref/utf8.h"
#include "thaw/error.h"

namespace {

using thaw::DType;
using thaw::Tensor;

Tensor strings(const std::vector<std::string>& values) {
  return Tensor::of(DType::kString, {static_cast<int64_t>(values.size())}, values);
}

Tensor integer(int64_t value) { return Tensor::of<int64_t>(DType::kInt64, {1}, {value}); }

void match(const std::string& pattern, const std::string& text) {
  const thaw::ref::Regex regex(pattern);
  const bool matches = regex.matches(text);
  // A pattern beside another or as often as it likes matches what it matches alone.
  if (pattern.find('(') == std::string::npos && pattern.size() < 64 && matches &&
      !(thaw::ref::Regex("(" + pattern + ")|x").matches(text)))
    __builtin_trap();
}

void cut(const std::string& numbers, const std::string& text, bool utf8) {
  const auto at = [&](size_t i) {
    return i < numbers.size() ? static_cast<int64_t>(static_cast<signed char>(numbers[i])) : 0;
  };
  const int64_t scale = numbers.size() > 2 ? int64_t{1} << (numbers[2] & 63) : 1;
  const auto times = [&](int64_t n) {
    return static_cast<int64_t>(static_cast<uint64_t>(n) * static_cast<uint64_t>(scale));
  };
  const std::vector<Tensor> cut = thaw::evaluate(
      thaw::Substr{utf8}, {strings({text}), integer(times(at(0))), integer(times(at(1)))});
  if (text.find(cut[0].data<std::string>()[0]) == std::string::npos) __builtin_trap();
}

void use(std::string_view first, std::string_view rest, uint8_t choice) {
  const std::string a(first);
  const std::string b(rest);
  switch (choice % 4) {
    case 0:
      return match(a, b);
    case 1:
      return cut(a, b, (choice & 4) != 0);
    case 2:
      thaw::evaluate(thaw::StringJoin{a}, {strings({a, b}), strings({b, a})});
      return;
    default:
      const auto dtype = static_cast<DType>(choice / 8 % 14 + 1);
      thaw::evaluate(thaw::DecodeRaw{dtype, (choice & 4) != 0}, {strings({b, b})});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size - 1);
  const size_t end = bytes.find('\0');
  const std::string_view rest = end == std::string_view::npos ? bytes : bytes.substr(end + 1);
  try {
    use(bytes.substr(0, end), rest, data[size - 1]);
  } catch (const thaw::InputError&) {
  }
  return 0;
}
