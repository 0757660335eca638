// What the inference rules share: shapes with unknown parts, and integers read out of the graph.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/infer.h"

namespace thaw {

// What is known of both shapes at once: the most that holds for a value that is either.
Shape join_shapes(const Shape& a, const Shape& b);
// Two descriptions of one shape put together. Fails when they contradict each other.
Shape meet_shapes(const Shape& a, const Shape& b, const InferContext& context);
bool compatible(const Shape& a, const Shape& b);
// Whatever has shape `narrow` also has shape `wide`.
bool contains(const Shape& wide, const Shape& narrow);
int64_t meet_dims(int64_t a, int64_t b, const InferContext& context);
// Sums and products of dimensions: unknown when a part is, failing on overflow.
int64_t add_dims(int64_t a, int64_t b, const InferContext& context);
int64_t mul_dims(int64_t a, int64_t b, const InferContext& context);

// The elements of an integer tensor, each as far as it is known before the run.
using PartialInts = std::vector<std::optional<int64_t>>;
// Reads an integer (or bool) scalar or vector through constants, ShapeOf, Pack, Concat, slices,
// casts and simple arithmetic; nothing when not even the number of elements is known. The work is
// bounded.
std::optional<PartialInts> partial_ints(const Graph& graph, ValueId value);
std::optional<PartialInts> partial_ints(const InferContext& context, size_t input);
// The same when every element is known.
std::optional<std::vector<int64_t>> known_ints(const InferContext& context, size_t input);
// The one element of input i.
std::optional<int64_t> known_int(const InferContext& context, size_t input);
// Input i read as a shape. Negative elements fail.
Shape shape_from_value(const InferContext& context, size_t input);

// Fails unless the node has between min and max inputs.
void require_inputs(const InferContext& context, size_t min, size_t max);
inline void require_inputs(const InferContext& context, size_t count) {
  require_inputs(context, count, count);
}
// Input i as a shape of that rank; unknown dimensions where its rank is unknown.
Shape require_rank(const InferContext& context, size_t input, int rank);
void require_scalar(const InferContext& context, size_t input);
void require_dtype(const InferContext& context, size_t input, DType dtype);
void require_integer(const InferContext& context, size_t input);
void require_floating(const InferContext& context, size_t input);
void require_same_dtype(const InferContext& context, size_t a, size_t b);
// axis counted from the end when negative; fails outside [-rank, rank).
int resolve_axis(int64_t axis, int rank, const InferContext& context);

// The most outputs that a node may have: an attribute from a file must not exhaust memory.
constexpr int64_t kMaxOutputs = 65536;

}  // namespace thaw
