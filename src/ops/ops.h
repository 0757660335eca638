// All operations as one variant. Kernels and the graph both stand on this; neither knows the other.
#pragma once

#include <string_view>
#include <type_traits>
#include <variant>

#include "ops/create.h"
#include "ops/detection.h"
#include "ops/elementwise.h"
#include "ops/image.h"
#include "ops/layout.h"
#include "ops/list.h"
#include "ops/nn.h"
#include "ops/reduce.h"
#include "ops/structure.h"
#include "ops/text.h"

namespace thaw {

using OpVariant = std::variant<
#define OP(Name) Name,
#include "ops/ops.inc"
#undef OP
    std::monostate>;

// A class of its own, so that what visits all alternatives to copy or destroy one is compiled once
// and not in every file that makes an op.
class Op : public OpVariant {
 public:
  Op();
  // From any of the alternatives.
  template <class T, class = std::enable_if_t<
                         std::is_constructible_v<OpVariant, std::in_place_type_t<T>, T>>>
  Op(T op);  // NOLINT(google-explicit-constructor)
  Op(const Op&);
  Op(Op&&) noexcept;
  Op& operator=(const Op&);
  Op& operator=(Op&&) noexcept;
  ~Op();
};

// Index of an op type in the variant: what kernel tables are keyed by.
enum class OpKind : uint16_t {
#define OP(Name) k##Name,
#include "ops/ops.inc"
#undef OP
  kCount,
};

inline OpKind kind_of(const Op& op) { return static_cast<OpKind>(op.index()); }
const char* op_name(OpKind kind);
inline const char* op_name(const Op& op) { return op_name(kind_of(op)); }
OpKind op_kind_from_name(std::string_view name);  // kCount when there is none

// Attributes equal (tensors bit for bit).
bool same_op(const Op& a, const Op& b);
size_t hash_op(const Op& op);

}  // namespace thaw
