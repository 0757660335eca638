#include "engine/cost.h"

#include <initializer_list>

namespace thaw {
namespace {

// The product of extents; -1 when one is not known, or when 64 bits can't hold it.
int64_t product(std::initializer_list<int64_t> extents) {
  int64_t n = 1;
  for (int64_t d : extents)
    if (d < 0 || __builtin_mul_overflow(n, d, &n)) return -1;
  return n;
}

// Every element of the output is a dot product of `length` terms.
int64_t dot_products(const Shape& output, int64_t length) {
  int64_t outputs = 1;
  for (int64_t d : output) outputs = product({outputs, d});
  return output.is_static() ? product({outputs, length}) : -1;
}

// -1 when one of them is not known.
int64_t sum(int64_t a, int64_t b) {
  int64_t n = -1;
  return a < 0 || b < 0 || __builtin_add_overflow(a, b, &n) ? -1 : n;
}

}  // namespace

int64_t count_macs(const Graph& graph, const Node& node) {
  const bool conv = node.as<Conv2D>() != nullptr;
  if (conv || node.as<ResizeConv2D>() || node.as<DepthwiseConv2D>()) {
    const Shape& filter = graph.value(node.inputs[1]).type.shape;
    if (!filter.is_static() || filter.rank() != 4) return -1;
    return dot_products(
        graph.value(node.outputs[0]).type.shape,
        product({filter[0], filter[1], node.as<DepthwiseConv2D>() ? 1 : filter[2]}));
  }
  if (node.as<ConvHeads>()) {
    int64_t macs = 0;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const Shape& filter = graph.value(node.inputs[2 * i + 1]).type.shape;
      if (!filter.is_static() || filter.rank() != 4) return -1;
      macs = sum(macs, dot_products(graph.value(node.outputs[i]).type.shape,
                                    product({filter[0], filter[1], filter[2]})));
    }
    return macs;
  }
  if (node.as<SeparableConv2D>()) {
    const Shape& depthwise = graph.value(node.inputs[1]).type.shape;
    const Shape& pointwise = graph.value(node.inputs[3]).type.shape;
    Shape mid = graph.value(node.outputs[0]).type.shape;
    if (!depthwise.is_static() || !pointwise.is_static() || !mid.is_static()) return -1;
    const int64_t second = dot_products(mid, pointwise[2]);
    mid[3] = pointwise[2];
    return sum(second, dot_products(mid, product({depthwise[0], depthwise[1]})));
  }
  if (const auto* product = node.as<MatMul>()) {
    const Shape& a = graph.value(node.inputs[0]).type.shape;
    if (!a.has_rank() || a.rank() < 2) return -1;
    return dot_products(graph.value(node.outputs[0]).type.shape,
                        a[a.rank() - (product->transpose_a ? 2 : 1)]);
  }
  return 0;
}

DType multiplied_numbers(const Graph& graph, const Node& node) {
  if (node.as<ResizeConv2D>()) return DType::kFloat32;
  DType dtype = graph.value(node.inputs[0]).type.dtype;
  if (const auto* separable = node.as<SeparableConv2D>()) dtype = mid_type(*separable, dtype);
  return dtype == DType::kUInt8 ? DType::kInt8 : dtype;
}

Shape matrix_product(const Graph& graph, const Node& node) {
  const Shape& out = graph.value(node.outputs[0]).type.shape;
  const int64_t rows = out.num_elements() / out.back();
  int64_t columns = 0;
  for (ValueId v : node.outputs) columns += graph.value(v).type.shape.back();
  const auto product = [&](int64_t length) { return Shape{rows, length, columns}; };
  if (node.as<MatMul>()) return product(count_macs(graph, node) / out.num_elements());
  if (node.as<DepthwiseConv2D>()) return {};
  const size_t filter = node.as<SeparableConv2D>() ? 3 : 1;
  const Shape& f = graph.value(node.inputs[filter]).type.shape;
  return product(f[0] * f[1] * f[2]);
}

}  // namespace thaw
