#include "import/wire_check.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <vector>

namespace thaw {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Wire types of the protobuf encoding.
enum Wire : uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5
};

// Rough costs in memory of what protobuf makes of the bytes.
constexpr uint64_t kMessageCost = 160;
constexpr uint64_t kStringCost = 40;
constexpr uint64_t kScalarCost = 8;
constexpr uint64_t kUnknownCost = 24;

// What the check needs to know of a message type, by field number.
struct Layout {
  struct Field {
    const FieldDescriptor* descriptor = nullptr;
    const Layout* message = nullptr;
    bool text = false;
  };
  static constexpr uint32_t kMaxField = 32;  // our messages number their fields below this
  std::array<Field, kMaxField> fields{};
};

class Layouts {
 public:
  const Layout* of(const Descriptor* type) {
    auto [it, fresh] = layouts_.try_emplace(type);
    if (!fresh) return it->second.get();
    it->second = std::make_unique<Layout>();
    Layout* layout = it->second.get();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* f = type->field(i);
      if (f->number() >= static_cast<int>(Layout::kMaxField)) continue;
      Layout::Field& field = layout->fields[static_cast<size_t>(f->number())];
      field.descriptor = f;
      field.text = f->type() == FieldDescriptor::TYPE_STRING;
      if (f->type() == FieldDescriptor::TYPE_MESSAGE) field.message = of(f->message_type());
    }
    return layout;
  }

 private:
  std::unordered_map<const Descriptor*, std::unique_ptr<Layout>> layouts_;
};

bool is_ascii(const char* p, size_t n) {
  uint64_t bits = 0;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    bits |= word;
  }
  for (; n > 0; ++p, --n) bits |= static_cast<unsigned char>(*p);
  return (bits & 0x8080808080808080u) == 0;
}

// Well-formed UTF-8 as RFC 3629 has it: shortest forms, no surrogates, at most U+10FFFF.
bool is_utf8(std::string_view s) {
  if (is_ascii(s.data(), s.size())) return true;
  for (size_t i = 0; i < s.size();) {
    const auto c = static_cast<unsigned char>(s[i]);
    const size_t more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || i + more >= s.size()) return false;
    uint32_t code = more == 0 ? c : c & (0x3fu >> more);
    for (size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(s[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3fu);
    }
    if ((more == 2 && code < 0x800) || (more == 3 && code < 0x10000) || code > 0x10ffff ||
        (code >= 0xd800 && code < 0xe000))
      return false;
    i += more + 1;
  }
  return true;
}

class Checker {
 public:
  Checker(std::string_view bytes, uint64_t memory_limit)
      : begin_(bytes.data()), end_(begin_ + bytes.size()), memory_limit_(memory_limit) {}

  // False when something is wrong; problem() then says what.
  bool check(std::string_view bytes, const Layout* layout);
  std::string problem() const { return problem_; }

 private:
  struct Frame {
    const char* start;  // of the message
    const Layout::Field* field = nullptr;
    uint32_t ordinal = 0;
  };

  bool message(const char* p, const char* end, const Layout* layout);
  bool fields(const char* p, const char* end, const Layout* layout);
  bool delimited(const char* p, const char* end, const Layout::Field* field);
  bool unknown_group(const char** p, const char* end, uint32_t number);
  bool scalar(const char** p, const char* end, uint32_t wire);
  bool varint(const char** p, const char* end, uint64_t* value);
  bool packed(const char* p, const char* end, const FieldDescriptor* field);
  bool pay(const char* p, uint64_t bytes);
  bool fail(const char* p, const std::string& what);
  std::string path() const;

  const char* begin_;
  const char* end_;
  uint64_t memory_limit_;
  uint64_t memory_ = 0;
  std::vector<Frame> frames_;
  std::string problem_;
};

bool Checker::check(std::string_view bytes, const Layout* layout) {
  frames_.reserve(kMaxNesting + 1);
  return message(bytes.data(), bytes.data() + bytes.size(), layout);
}

bool Checker::fail(const char* p, const std::string& what) {
  const std::string where = path();
  problem_ = fmt::format("byte {}{}{}: {}", p - begin_, where.empty() ? "" : ", ", where, what);
  return false;
}

// "node[3] 'conv1' attr.value.tensor": fields from the outside in, with the names of what has one.
std::string Checker::path() const {
  std::string text;
  for (size_t i = 0; i < frames_.size(); ++i) {
    const Frame& frame = frames_[i];
    if (!frame.field || !frame.field->descriptor) break;
    const FieldDescriptor* f = frame.field->descriptor;
    if (!text.empty()) text += text.back() == '\'' ? ' ' : '.';
    text += f->name();
    if (!f->is_repeated() || f->is_map()) continue;
    text += fmt::format("[{}]", frame.ordinal);
    const char* start = i + 1 < frames_.size() ? frames_[i + 1].start : end_;
    constexpr char kNameTag = 0x0a;
    if (f->name() != "node" || end_ - start < 2 || start[0] != kNameTag || start[1] <= 0) continue;
    const auto length = std::min<ptrdiff_t>(start[1], end_ - start - 2);
    text += fmt::format(" '{}'", std::string_view(start + 2, static_cast<size_t>(length)));
  }
  return text;
}

bool Checker::pay(const char* p, uint64_t bytes) {
  memory_ += bytes;
  if (memory_ <= memory_limit_) return true;
  return fail(p, fmt::format("the message would take more than {} bytes of memory, out of all "
                             "proportion to its file",
                             memory_limit_));
}

bool Checker::varint(const char** p, const char* end, uint64_t* value) {
  uint64_t v = 0;
  const char* start = *p;
  for (int shift = 0; shift < 70; shift += 7) {
    if (*p == end) return fail(start, "ends within a number");
    const auto byte = static_cast<unsigned char>(*(*p)++);
    if (shift < 64) v |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = v;
      return true;
    }
  }
  return fail(start, "a number of more than 10 bytes");
}

bool Checker::message(const char* p, const char* end, const Layout* layout) {
  if (frames_.size() > static_cast<size_t>(kMaxNesting))
    return fail(p, fmt::format("messages nest deeper than {}", kMaxNesting));
  frames_.push_back({p});
  if (!fields(p, end, layout)) return false;
  frames_.pop_back();
  return true;
}

bool Checker::fields(const char* p, const char* end, const Layout* layout) {
  std::array<uint32_t, Layout::kMaxField> seen{};
  while (p < end) {
    const char* start = p;
    uint64_t tag = 0;
    frames_.back().field = nullptr;
    if (!varint(&p, end, &tag)) return false;
    const uint64_t number = tag >> 3;
    const auto wire = static_cast<uint32_t>(tag & 7);
    if (number == 0 || number >= (uint64_t{1} << 29))
      return fail(start, fmt::format("no field has the number {}", number));
    const Layout::Field* field = nullptr;
    if (layout && number < Layout::kMaxField && layout->fields[number].descriptor)
      field = &layout->fields[number];
    frames_.back().field = field;
    if (field) frames_.back().ordinal = seen[number]++;
    if (wire == kBytes) {
      uint64_t length = 0;
      if (!varint(&p, end, &length)) return false;
      if (length > static_cast<uint64_t>(end - p))
        return fail(start, fmt::format("a field of {} bytes, {} are left", length, end - p));
      if (!delimited(p, p + length, field)) return false;
      p += length;
    } else if (wire == kGroup) {
      if (!unknown_group(&p, end, static_cast<uint32_t>(number))) return false;
    } else if (!scalar(&p, end, wire)) {
      return false;
    }
  }
  return true;
}

bool Checker::scalar(const char** p, const char* end, uint32_t wire) {
  uint64_t ignored = 0;
  if (!pay(*p, kUnknownCost)) return false;
  if (wire == kVarint) return varint(p, end, &ignored);
  const ptrdiff_t size = wire == kFixed64 ? 8 : 4;
  if (wire != kFixed64 && wire != kFixed32)
    return fail(*p, fmt::format("no field has the wire type {}", wire));
  if (end - *p < size) return fail(*p, "ends within a number");
  *p += size;
  return true;
}

bool Checker::delimited(const char* p, const char* end, const Layout::Field* field) {
  const auto length = static_cast<size_t>(end - p);
  if (!field) return pay(p, kStringCost + kUnknownCost + length);
  const FieldDescriptor* f = field->descriptor;
  if (field->message) return pay(p, kMessageCost) && message(p, end, field->message);
  if (f->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    if (field->text && !is_utf8({p, length})) return fail(p, "text that is not UTF-8");
    return pay(p, kStringCost + length);
  }
  return packed(p, end, f);
}

// A list of numbers; what protobuf would not take as one is an unknown field to it.
bool Checker::packed(const char* p, const char* end, const FieldDescriptor* f) {
  const auto length = static_cast<uint64_t>(end - p);
  if (!f->is_repeated()) return pay(p, kStringCost + kUnknownCost + length);
  const bool fixed = f->type() == FieldDescriptor::TYPE_FLOAT ||
                     f->type() == FieldDescriptor::TYPE_DOUBLE ||
                     f->type() == FieldDescriptor::TYPE_FIXED32;
  if (fixed) {
    const uint64_t size = f->type() == FieldDescriptor::TYPE_DOUBLE ? 8 : 4;
    if (length % size)
      return fail(p, fmt::format("a list of {} bytes, not a multiple of {}", length, size));
    return pay(p, length);
  }
  const auto count = static_cast<uint64_t>(
      std::count_if(p, end, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  if (!pay(p, count * kScalarCost)) return false;
  uint64_t ignored = 0;
  while (p < end)
    if (!varint(&p, end, &ignored)) return false;
  return true;
}

// Groups are long out of use; protobuf keeps them as unknown fields, so they must be well formed.
bool Checker::unknown_group(const char** p, const char* end, uint32_t number) {
  std::vector<uint64_t> open{number};
  while (!open.empty()) {
    if (open.size() + frames_.size() > static_cast<size_t>(kMaxNesting))
      return fail(*p, fmt::format("messages nest deeper than {}", kMaxNesting));
    if (*p == end) return fail(*p, "ends within a group");
    uint64_t tag = 0, length = 0;
    const char* start = *p;
    if (!pay(start, kMessageCost) || !varint(p, end, &tag)) return false;
    const uint64_t field = tag >> 3;
    const auto wire = static_cast<uint32_t>(tag & 7);
    if (field == 0 || field >= (uint64_t{1} << 29))
      return fail(start, fmt::format("no field has the number {}", field));
    if (wire == kGroup) {
      open.push_back(field);
    } else if (wire == kEndGroup) {
      if (open.back() != field) return fail(start, "a group ends that is not open");
      open.pop_back();
    } else if (wire == kBytes) {
      if (!varint(p, end, &length)) return false;
      if (length > static_cast<uint64_t>(end - *p))
        return fail(start, fmt::format("a field of {} bytes, {} are left", length, end - *p));
      if (!pay(start, length)) return false;
      *p += length;
    } else if (!scalar(p, end, wire)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string check_wire(std::string_view bytes, const Descriptor* type, uint64_t memory_limit) {
  Layouts layouts;
  Checker checker(bytes, memory_limit);
  if (checker.check(bytes, layouts.of(type))) return "";
  return checker.problem();
}

}  // namespace thaw
