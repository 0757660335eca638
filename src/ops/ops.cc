#include "ops/ops.h"

#include <array>
#include <functional>
#include <string>
#include <utility>

namespace thaw {
Op::Op() = default;
template <class T, class>
Op::Op(T op) : OpVariant(std::in_place_type<T>, std::move(op)) {}
#define OP(Name) template Op::Op(Name);
#include "ops/ops.inc"
#undef OP
template Op::Op(std::monostate);
Op::Op(const Op&) = default;
Op::Op(Op&&) noexcept = default;
Op& Op::operator=(const Op&) = default;
Op& Op::operator=(Op&&) noexcept = default;
Op::~Op() = default;

namespace {

constexpr const char* kNames[] = {
#define OP(Name) Name::kName,
#include "ops/ops.inc"
#undef OP
};

template <class T>
bool equal(const T& a, const T& b) {
  return a == b;
}
bool equal(const Tensor& a, const Tensor& b) { return identical(a, b); }
// Bit for bit, so that an op equals itself whatever its attributes hold.
bool equal(float a, float b) {
  return std::hash<float>{}(a) == std::hash<float>{}(b) && (a == b || (a != a && b != b));
}

void mix(size_t& seed, size_t h) { seed ^= h + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2); }

void hash_field(size_t& seed, int64_t v) { mix(seed, std::hash<int64_t>{}(v)); }
void hash_field(size_t& seed, float v) { mix(seed, std::hash<float>{}(v)); }
void hash_field(size_t& seed, bool v) { mix(seed, v ? 1 : 2); }
void hash_field(size_t& seed, const std::string& v) { mix(seed, std::hash<std::string>{}(v)); }
void hash_field(size_t& seed, GraphRef v) { hash_field(seed, v.index); }
void hash_field(size_t& seed, const Shape& v) { hash_field(seed, v.str()); }
// Of a large tensor the ends alone: equality decides in the end, and weights differ there.
void hash_field(size_t& seed, const Tensor& v) {
  constexpr size_t kEnd = 2048;
  hash_field(seed, v.str());
  if (!v.defined() || dtype_size(v.dtype()) == 0) return;
  const std::string_view bytes(static_cast<const char*>(v.raw()), v.num_bytes());
  mix(seed, std::hash<std::string_view>{}(bytes.substr(0, kEnd)));
  if (bytes.size() > kEnd)
    mix(seed, std::hash<std::string_view>{}(bytes.substr(bytes.size() - kEnd)));
}
template <class E, std::enable_if_t<std::is_enum_v<E>, int> = 0>
void hash_field(size_t& seed, E v) {
  hash_field(seed, static_cast<int64_t>(v));
}
template <class T>
void hash_field(size_t& seed, const std::vector<T>& v) {
  for (const T& e : v) hash_field(seed, e);
}
template <class T, size_t N>
void hash_field(size_t& seed, const std::array<T, N>& v) {
  for (const T& e : v) hash_field(seed, e);
}

}  // namespace

const char* op_name(OpKind kind) {
  return kind < OpKind::kCount ? kNames[static_cast<size_t>(kind)] : "none";
}

OpKind op_kind_from_name(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (name == kNames[i]) return static_cast<OpKind>(i);
  return OpKind::kCount;
}

bool same_op(const Op& a, const Op& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&b](const auto& left) {
        using T = std::decay_t<decltype(left)>;
        bool same = true;
        if constexpr (!std::is_same_v<T, std::monostate>) {
          const T& right = std::get<T>(b);
          T::fields(
              [&](const char*, auto member) { same = same && equal(left.*member, right.*member); });
        }
        return same;
      },
      a);
}

size_t hash_op(const Op& op) {
  size_t seed = op.index();
  std::visit(
      [&seed](const auto& o) {
        using T = std::decay_t<decltype(o)>;
        if constexpr (!std::is_same_v<T, std::monostate>)
          T::fields([&](const char*, auto member) { hash_field(seed, o.*member); });
      },
      op);
  return seed;
}

}  // namespace thaw
