// Inference on whatever a file might claim: random attributes and inputs give types or an
// InputError, and nothing else.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "graph/infer.h"
#include "graph/verify.h"
#include "thaw/error.h"

namespace thaw {
namespace {

class RandomNodes {
 public:
  explicit RandomNodes(unsigned seed) : random_(seed) {}

  // Adds a node of type T if the random inputs and attributes suit it; says whether they did.
  template <class T>
  bool add() {
    T op;
    T::fields([&](const char*, auto member) { fill(op.*member); });
    std::vector<ValueId> inputs;
    try {
      for (size_t n = next(6); n > 0; --n) inputs.push_back(input());
      graph_.add_node(std::move(op), std::move(inputs), T::kName);
      return true;
    } catch (const InputError&) {
      return false;
    }
  }
  const Graph& graph() const { return graph_; }

 private:
  size_t next(size_t bound) { return random_() % bound; }

  int64_t number() {
    static constexpr int64_t kHard[] = {std::numeric_limits<int64_t>::min(),
                                        std::numeric_limits<int64_t>::max(),
                                        int64_t{1} << 32,
                                        int64_t{1} << 40,
                                        -7,
                                        1000};
    return next(8) ? static_cast<int64_t>(next(7)) - 2 : kHard[next(6)];
  }
  Shape shape() {
    if (next(8) == 0) return Shape::unknown();
    Shape s;
    for (size_t n = next(6); n > 0; --n) {
      const int64_t hard = next(2) ? int64_t{1} << 40 : std::numeric_limits<int64_t>::max();
      s.push_back(next(20) ? static_cast<int64_t>(next(6)) - 1 : hard);
    }
    return s;
  }
  DType dtype() {
    static constexpr DType kTypes[] = {DType::kFloat32, DType::kInt32,  DType::kInt64,
                                       DType::kBool,    DType::kString, DType::kList};
    return next(3) ? DType::kFloat32 : kTypes[next(6)];
  }
  Tensor ints() {
    const auto n = static_cast<int64_t>(next(6));
    Tensor t = Tensor::zeros(DType::kInt64, next(4) ? Shape{n} : Shape{});
    for (int64_t i = 0; i < t.num_elements(); ++i) t.data<int64_t>()[i] = number();
    return t;
  }
  ValueId input() {
    switch (next(5)) {
      case 0:
      case 1:
        return graph_.constant(ints());
      case 2:
        return graph_.constant(
            Tensor::of<int32_t>(DType::kInt32, {}, {static_cast<int32_t>(number())}));
      case 3:
        if (graph_.num_values() > 0) return static_cast<ValueId>(next(graph_.num_values()));
        [[fallthrough]];
      default:
        return graph_.add_input("x", {dtype(), shape()});
    }
  }

  void fill(int64_t& v) { v = number(); }
  void fill(float& v) { v = static_cast<float>(number()); }
  void fill(bool& v) { v = next(2) == 0; }
  void fill(std::string& v) { v = "s"; }
  void fill(DType& v) { v = dtype(); }
  void fill(Shape& v) { v = shape(); }
  void fill(Tensor& v) { v = ints(); }
  void fill(GraphRef& v) { v.index = next(2) ? -1 : 5; }
  template <class E, std::enable_if_t<std::is_enum_v<E>, int> = 0>
  void fill(E& v) {
    v = static_cast<E>(next(static_cast<size_t>(enum_names(v).count)));
  }
  template <class T>
  void fill(std::vector<T>& v) {
    v.resize(next(4));
    for (T& e : v) fill(e);
  }
  template <class T, size_t N>
  void fill(std::array<T, N>& v) {
    for (T& e : v) fill(e);
  }

  std::mt19937 random_;
  Graph graph_;
};

TEST(Infer, RandomNodesGiveTypesOrInputErrors) {
  const unsigned first = std::random_device{}();
  size_t accepted = 0;
  for (unsigned seed = first; seed != first + 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomNodes nodes(seed);
    for (int round = 0; round < 3; ++round) {
#define OP(Name) ASSERT_NO_THROW(accepted += nodes.add<Name>() ? 1 : 0) << Name::kName;
#include "ops/ops.inc"
#undef OP
    }
    ASSERT_NO_THROW(verify(nodes.graph()));
  }
  EXPECT_GT(accepted, 100U);
}

}  // namespace
}  // namespace thaw
