#include "kernels/cuda/layout.h"

#include <fmt/format.h>

namespace thaw::cuda {

std::string place_expression(const Shape& shape, const std::vector<int64_t>& strides) {
  std::string text;
  int64_t below = 1;  // elements of the dimensions to the right
  for (int d = shape.rank() - 1; d >= 0;) {
    int64_t extent = shape[d];
    const int64_t stride = strides[static_cast<size_t>(d)];
    int next = d - 1;
    // Neighbours that go on in steps of one stride are one dimension.
    for (; next >= 0 && (shape[next] == 1 || strides[static_cast<size_t>(next)] == stride * extent);
         --next)
      extent *= shape[next];
    if (stride != 0 && extent > 1) {
      if (!text.empty()) text += " + ";
      text += below == 1 ? "i" : fmt::format("i / {}", below);
      if (next >= 0) text += fmt::format(" % {}", extent);
      if (stride != 1) text += fmt::format(" * {}", stride);
    }
    below *= extent;
    d = next;
  }
  return text.empty() ? "0" : "(" + text + ")";
}

std::vector<int64_t> dense_strides(const Shape& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t below = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    strides[d] = below;
    below *= shape[static_cast<int>(d)];
  }
  return strides;
}

std::vector<int64_t> broadcast_strides(const Shape& operand, const Shape& whole) {
  const std::vector<int64_t> dense = dense_strides(operand);
  std::vector<int64_t> strides(whole.size(), 0);
  const size_t missing = whole.size() - operand.size();
  for (size_t d = 0; d < operand.size(); ++d)
    if (operand[static_cast<int>(d)] != 1) strides[missing + d] = dense[d];
  return strides;
}

namespace {

std::string word_of(DType dtype) {
  switch (dtype_size(dtype)) {
    case 1:
      return "uint8";
    case 2:
      return "uint16";
    case 4:
      return "uint32";
    default:
      return "uint64";
  }
}

Launching move(const char* function, DType dtype, int64_t count, const std::string& place) {
  Launching launch;
  Constants c;
  c.add("IS_PLACED", std::string(function) == "place").add("ELEMENT", word_of(dtype));
  launch.code = {"layout.cu", c.add("COUNT", count).add("PLACE", place).text()};
  launch.function = function;
  cover(launch, count);
  launch.arguments = {Argument::input(0), Argument::output(0)};
  return launch;
}

int64_t axis_of(const Tensor& axis, int rank) {
  const int64_t a = axis.int_at(0);
  return a < 0 ? a + rank : a;
}

std::string refuse_concat(const OpDesc& desc) {
  if (std::string why = refuse_shapes(desc); !why.empty()) return why;
  if (!is_constant(desc, desc.inputs.size() - 1)) return "the axis is not constant";
  const int rank = desc.outputs[0].shape.rank();
  const int64_t axis = axis_of(*desc.inputs.back().constant, rank);
  return rank == 0 || axis < 0 || axis >= rank ? "no such axis" : "";
}

Recipe concat(const OpDesc& desc) {
  const Shape& out = desc.outputs[0].shape;
  const int64_t axis = axis_of(*desc.inputs.back().constant, out.rank());
  int64_t below = 1;
  for (int d = static_cast<int>(axis) + 1; d < out.rank(); ++d) below *= out[d];
  const int64_t whole = below * out[static_cast<int>(axis)];
  Recipe recipe;
  int64_t begin = 0;
  for (size_t k = 0; k + 1 < desc.inputs.size(); ++k) {
    const int64_t part = below * desc.inputs[k].shape[static_cast<int>(axis)];
    const std::string place =
        fmt::format("(i / {0} * {1} + i % {0} + {2})", std::max<int64_t>(part, 1), whole, begin);
    recipe.launches.push_back(
        move("place", desc.outputs[0].dtype, desc.inputs[k].shape.num_elements(), place));
    recipe.launches.back().arguments[0] = Argument::input(k);
    begin += part;
  }
  return recipe;
}

std::string refuse_transpose(const OpDesc& desc) {
  if (std::string why = refuse_shapes(desc); !why.empty()) return why;
  return is_constant(desc, 1) ? "" : "the permutation is not constant";
}

Recipe transpose(const OpDesc& desc) {
  const std::vector<int64_t> dense = dense_strides(desc.inputs[0].shape);
  const int64_t rank = desc.outputs[0].shape.rank();
  std::vector<int64_t> strides;
  for (const int64_t from : desc.inputs[1].constant->ints())
    strides.push_back(dense.at(static_cast<size_t>(from < 0 ? from + rank : from)));
  Recipe recipe;
  recipe.launches = {move("fetch", desc.outputs[0].dtype, desc.outputs[0].shape.num_elements(),
                          place_expression(desc.outputs[0].shape, strides))};
  return recipe;
}

// Of reshaping, where the plan has no other name for the same memory.
std::string refuse_copy(const OpDesc& desc) { return refuse_shapes(desc); }

Recipe copy(const OpDesc& desc) {
  Recipe recipe;
  recipe.launches = {
      move("fetch", desc.outputs[0].dtype, desc.outputs[0].shape.num_elements(), "i")};
  return recipe;
}

Exactness same(const OpDesc& /*desc*/) { return kSameNumbers; }

}  // namespace

const std::vector<Row>& layout_rows() {
  static const std::vector<Row> rows = {
      row<concat>("cuda.concat", OpKind::kConcat, refuse_concat, same),
      row<transpose>("cuda.transpose", OpKind::kTranspose, refuse_transpose, same),
      row<copy>("cuda.reshape", OpKind::kReshape, refuse_copy, same),
      row<copy>("cuda.squeeze", OpKind::kSqueeze, refuse_copy, same),
      row<copy>("cuda.expand_dims", OpKind::kExpandDims, refuse_copy, same),
  };
  return rows;
}

}  // namespace thaw::cuda
