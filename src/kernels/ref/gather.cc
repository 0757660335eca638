// Reference kernels of Gather, GatherNd and ScatterNd.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "kernels/ref/copy.h"

namespace thaw::ref {
namespace {

void require_indices(const char* op, const Tensor& indices) {
  if (!is_integer(indices.dtype())) fail(op, "indices of type " + std::string(indices.str()));
}

// The flat position, in slices, that entry i of indices [..., k] addresses in the first k
// dimensions of `shape`.
int64_t slice_at(const char* op, const Tensor& indices, int64_t entry, int depth,
                 const Shape& shape) {
  int64_t at = 0;
  for (int d = 0; d < depth; ++d) {
    const int64_t index = indices.int_at(entry * depth + d);
    if (index < 0 || index >= shape[d])
      fail(op, fmt::format("index {} of entry {} is outside dimension {} of {}", index, entry, d,
                           shape.str()));
    at = at * shape[d] + index;
  }
  return at;
}

template <class T>
T add(T a, T b) {
  if constexpr (std::is_same_v<T, std::string>) claim_text(b.size());
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return a + b;
  }
}

}  // namespace

void run(const Gather& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const Tensor& indices = context.input(1);
  require_indices("Gather", indices);
  const int64_t named =
      context.num_inputs() > 2 ? scalar_int("Gather", context.input(2), "the axis") : op.batch_dims;
  if (context.num_inputs() > 2 && context.input(2).rank() != 0)
    fail("Gather", fmt::format("the axis must be a scalar, got {}", context.input(2).str()));
  const int axis = normalize_axis("Gather", named, x.rank());
  const int64_t wanted = op.batch_dims < 0 ? op.batch_dims + indices.rank() : op.batch_dims;
  if (wanted < 0 || wanted > std::min(axis, indices.rank()))
    fail("Gather", fmt::format("batch_dims {} for axis {} and indices {}", op.batch_dims, axis,
                               indices.shape().str()));
  const int batch_dims = static_cast<int>(wanted);
  Shape shape;
  for (int i = 0; i < axis; ++i) shape.push_back(x.dim(i));
  for (int i = batch_dims; i < indices.rank(); ++i) shape.push_back(indices.dim(i));
  for (int i = axis + 1; i < x.rank(); ++i) shape.push_back(x.dim(i));
  for (int i = 0; i < batch_dims; ++i)
    if (x.dim(i) != indices.dim(i))
      fail("Gather", fmt::format("{} and indices {} differ in batch dimension {}", x.shape().str(),
                                 indices.shape().str(), i));
  Tensor& out = context.output(0, x.dtype(), shape);
  const int64_t batches = product(x.shape(), 0, batch_dims);
  const int64_t outer = product(x.shape(), batch_dims, axis);
  const int64_t extent = x.dim(axis);
  const int64_t inner = product(x.shape(), axis + 1, x.rank());
  const int64_t count = product(indices.shape(), batch_dims, indices.rank());
  for_carrier("Gather", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = out.data<T>();
    for (int64_t b = 0; b < batches; ++b)
      for (int64_t o = 0; o < outer; ++o)
        for (int64_t i = 0; i < count; ++i, to += inner) {
          const int64_t index = indices.int_at(b * count + i);
          if (index < 0 || index >= extent)
            fail("Gather", fmt::format("index {} is not in [0, {})", index, extent));
          put_n(x.data<T>() + ((b * outer + o) * extent + index) * inner, inner, to);
        }
  });
}

void run(const GatherNd&, RunContext& context) {
  const Tensor& x = context.input(0);
  const Tensor& indices = context.input(1);
  require_indices("GatherNd", indices);
  if (indices.rank() < 1 || x.rank() < 1)
    fail("GatherNd", fmt::format("{} and indices {}", x.str(), indices.str()));
  if (indices.shape().back() > x.rank())
    fail("GatherNd",
         fmt::format("indices of {} dimensions for {}", indices.shape().back(), x.shape().str()));
  const int depth = static_cast<int>(indices.shape().back());
  Shape shape = indices.shape();
  shape.erase(shape.rank() - 1);
  const int64_t count = shape.num_elements();
  for (int i = depth; i < x.rank(); ++i) shape.push_back(x.dim(i));
  if (count > 0 && x.num_elements() == 0) fail("GatherNd", "entries of an empty tensor");
  Tensor& out = context.output(0, x.dtype(), shape);
  const int64_t inner = product(x.shape(), depth, x.rank());
  for_carrier("GatherNd", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = slice_at("GatherNd", indices, i, depth, x.shape());
      put_n(x.data<T>() + at * inner, inner, out.data<T>() + i * inner);
    }
  });
}

void run(const ScatterNd&, RunContext& context) {
  const Tensor& indices = context.input(0);
  const Tensor& updates = context.input(1);
  require_indices("ScatterNd", indices);
  const Shape shape = shape_from("ScatterNd", context.input(2));
  const int64_t last = indices.rank() < 1 ? 1 : indices.shape().back();
  if (last > shape.rank())
    fail("ScatterNd", fmt::format("indices {} into {}", indices.shape().str(), shape.str()));
  const int depth = static_cast<int>(last);
  Shape expected;
  for (int i = 0; i + 1 < indices.rank(); ++i) expected.push_back(indices.dim(i));
  const int64_t count = expected.num_elements();
  for (int i = depth; i < shape.rank(); ++i) expected.push_back(shape[i]);
  if (updates.shape() != expected)
    fail("ScatterNd",
         fmt::format("updates are {}, indices {} into {} want {}", updates.shape().str(),
                     indices.shape().str(), shape.str(), expected.str()));
  // TensorFlow's rule: all are empty but the result, or none is.
  const bool none = indices.num_elements() == 0 && updates.num_elements() == 0;
  const bool some = indices.num_elements() > 0 && updates.num_elements() > 0;
  if (updates.rank() < 1 || (!none && (!some || shape.num_elements() == 0)))
    fail("ScatterNd", fmt::format("updates {}, indices {} into {}", updates.shape().str(),
                                  indices.shape().str(), shape.str()));
  Tensor& out = context.output(0, updates.dtype(), shape);
  fill("ScatterNd", out, {});
  const int64_t inner = product(shape, depth, shape.rank());
  const auto scatter = [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < count; ++i) {
      T* to = out.data<T>() + slice_at("ScatterNd", indices, i, depth, shape) * inner;
      const T* from = updates.data<T>() + i * inner;
      for (int64_t j = 0; j < inner; ++j) to[j] = add(to[j], from[j]);
    }
  };
  if (updates.dtype() == DType::kBool) {
    scatter(TypeTag<uint8_t>{});
    for (int64_t i = 0; i < out.num_elements(); ++i)
      out.data<uint8_t>()[i] = out.data<uint8_t>()[i] != 0;
  } else if (updates.dtype() == DType::kString) {
    scatter(TypeTag<std::string>{});
  } else {
    for_number("ScatterNd", updates.dtype(), scatter);
  }
}

}  // namespace thaw::ref
