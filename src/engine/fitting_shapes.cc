#include "engine/fitting_shapes.h"

#include <algorithm>
#include <utility>

#include "passes/specialise.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// How open extents are filled.
struct Filling {
  int64_t side = 1;      // height and width of pictures
  int64_t channels = 3;  // of pictures
  int64_t extent = 1;    // of what is no picture, but for its first extent, which is 1
  int rank = 4;          // where the model doesn't say
};

Shape filled(Shape shape, const Filling& filling) {
  if (!shape.has_rank()) shape = Shape::unknown_of_rank(filling.rank);
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] != kUnknownDim) continue;
    if (i == 0)
      shape[i] = 1;
    else if (shape.rank() == 4)
      shape[i] = i == 3 ? filling.channels : filling.side;
    else
      shape[i] = filling.extent;
  }
  return shape;
}

class Search {
 public:
  Search(const Graph& graph, const std::vector<TensorInfo>& inputs)
      : graph_(graph), inputs_(inputs) {}

  // Tries what follows from the filling; true when it fits.
  bool fits(const Filling& filling) {
    std::vector<Shape> shapes;
    std::vector<std::pair<std::string, Shape>> known;
    for (const TensorInfo& info : inputs_) {
      shapes.push_back(info.optional ? Shape::unknown() : filled(info.shape, filling));
      if (!info.optional) known.emplace_back(info.name, shapes.back());
    }
    if (std::find(tried_.begin(), tried_.end(), shapes) != tried_.end()) return false;
    tried_.push_back(shapes);
    try {
      Graph graph = graph_.clone();
      specialise(graph, known);
      found_ = std::move(shapes);
      return true;
    } catch (const InputError& e) {
      if (fault_.empty()) fault_ = e.what();
      return false;
    }
  }

  size_t tries() const { return tried_.size(); }
  std::vector<Shape> take() { return std::move(found_); }
  const std::string& fault() const { return fault_; }

 private:
  const Graph& graph_;
  const std::vector<TensorInfo>& inputs_;
  std::vector<std::vector<Shape>> tried_;
  std::vector<Shape> found_;
  std::string fault_;
};

// The sizes that networks are built for, then all up to a limit.
std::vector<int64_t> sizes() {
  std::vector<int64_t> sizes = {224, 299, 256, 320, 300, 416, 512, 640, 227, 192,
                                160, 128, 96,  64,  48,  32,  28,  16,  112, 331};
  for (int64_t size = 1; size <= 512; ++size) sizes.push_back(size);
  return sizes;
}

bool search(Search& search, int64_t side, size_t most) {
  for (const int rank : {4, 2, 3, 1, 0})
    for (const int64_t channels : {3, 1, 4})
      if (search.fits({side, channels, 1, rank})) return true;
  for (const int64_t size : sizes())
    for (const int64_t channels : {3, 1}) {
      if (search.tries() >= most) return false;
      if (search.fits({size, channels, size, 4}) || search.fits({size, channels, size, 2}))
        return true;
    }
  return false;
}

}  // namespace

std::vector<Shape> fed_shapes(const std::vector<TensorInfo>& inputs,
                              const std::vector<Shape>& shapes) {
  const auto required = std::count_if(inputs.begin(), inputs.end(),
                                      [](const TensorInfo& info) { return !info.optional; });
  if (shapes.size() == inputs.size() || shapes.size() != static_cast<size_t>(required))
    return shapes;
  std::vector<Shape> all;
  size_t next = 0;
  for (const TensorInfo& info : inputs)
    all.push_back(info.optional ? Shape::unknown() : shapes[next++]);
  return all;
}

std::vector<Shape> fitting_shapes(const Graph& graph, const std::vector<TensorInfo>& inputs,
                                  int64_t side, std::string* fault) {
  // Each try infers the types of all nodes.
  constexpr size_t kMostNodes = 2000000, kLeastTries = 40;
  Search tries(graph, inputs);
  if (!search(tries, side, std::max(kLeastTries, kMostNodes / (graph.num_nodes() + 1))))
    *fault = tries.fault();
  return tries.take();
}

}  // namespace thaw
