#include "ops/traits.h"

#include <array>

namespace thaw {
namespace {

constexpr auto kCount = static_cast<size_t>(OpKind::kCount);

constexpr std::array<OpTraits, kCount + 1> make_table() {
  std::array<OpTraits, kCount + 1> table{};
  const auto set = [&table](bool OpTraits::*trait, std::initializer_list<OpKind> kinds) {
    for (const OpKind kind : kinds) table[static_cast<size_t>(kind)].*trait = true;
  };
  set(&OpTraits::works_on_lists, {OpKind::kListReserve, OpKind::kListFromTensor, OpKind::kListGet,
                                  OpKind::kListSet, OpKind::kListPushBack, OpKind::kListStack,
                                  OpKind::kListGather, OpKind::kListScatter, OpKind::kListLength});
  set(&OpTraits::only_renames,
      {OpKind::kIdentity, OpKind::kReshape, OpKind::kSqueeze, OpKind::kExpandDims});
  set(&OpTraits::is_layer, {OpKind::kConv2D, OpKind::kDepthwiseConv2D, OpKind::kSeparableConv2D,
                            OpKind::kConvHeads, OpKind::kResizeConv2D, OpKind::kMatMul});
  set(&OpTraits::is_linear, {OpKind::kConv2D, OpKind::kDepthwiseConv2D, OpKind::kMatMul});
  set(&OpTraits::suppresses_boxes,
      {OpKind::kNonMaxSuppression, OpKind::kMultiClassNms, OpKind::kCombinedNms});
  return table;
}

constexpr std::array<OpTraits, kCount + 1> kTable = make_table();

}  // namespace

const OpTraits& traits(OpKind kind) { return kTable[static_cast<size_t>(kind)]; }

Activation* linear_activation(Op& op) {
  if (!traits(op).is_linear) return nullptr;
  if (auto* conv = std::get_if<Conv2D>(&op)) return &conv->activation;
  if (auto* depthwise = std::get_if<DepthwiseConv2D>(&op)) return &depthwise->activation;
  return &std::get<MatMul>(op).activation;
}

}  // namespace thaw
