#include "graph/binary.h"

#include <fmt/format.h>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kMaxDepth = 64;          // of nested graphs
constexpr uint8_t kUnknownRank = 255;  // in place of a rank

using Number = std::function<uint32_t(const Graph&, NodeId, const Tensor&)>;

class FieldWriter {
 public:
  FieldWriter(const Graph& graph, NodeId node, ByteWriter& out, const Number& number)
      : graph_(graph), node_(node), out_(out), number_(number) {}

  void put(int64_t v) { out_.number(v); }
  void put(float v) { out_.number(v); }
  void put(bool v) { out_.number(static_cast<uint8_t>(v)); }
  void put(const std::string& v) { out_.text(v); }
  void put(const Shape& v) { write_shape(v, out_); }
  void put(GraphRef v) { out_.number(v.index); }
  void put(const Tensor& v) { out_.number(number_(graph_, node_, v)); }
  template <class E, std::enable_if_t<std::is_enum_v<E>, int> = 0>
  void put(E v) {
    out_.number(static_cast<uint8_t>(v));
  }
  template <class T>
  void put(const std::vector<T>& v) {
    out_.number(static_cast<uint32_t>(v.size()));
    for (const T& e : v) put(e);
  }
  template <class T, size_t N>
  void put(const std::array<T, N>& v) {
    for (const T& e : v) put(e);
  }

 private:
  const Graph& graph_;
  const NodeId node_;
  ByteWriter& out_;
  const Number& number_;
};

class FieldReader {
 public:
  FieldReader(const Graph& graph, ByteReader& in, const std::function<Tensor(uint32_t)>& tensor)
      : graph_(graph), in_(in), tensor_(tensor) {}

  void get(int64_t& v) { v = in_.number<int64_t>(); }
  void get(float& v) { v = in_.number<float>(); }
  void get(bool& v) { v = in_.flag(); }
  void get(std::string& v) { v = in_.text(); }
  void get(Shape& v) { v = read_shape(in_); }
  void get(Tensor& v) { v = tensor_(in_.number<uint32_t>()); }
  void get(DType& v) {
    v = static_cast<DType>(limited(static_cast<int>(DType::kList) + 1, "type"));
  }
  void get(GraphRef& v) {
    v.index = in_.number<int64_t>();
    if (v.index < 0 || v.index >= static_cast<int64_t>(graph_.num_subgraphs()))
      throw InputError(fmt::format("nested graph {} of {}", v.index, graph_.num_subgraphs()));
  }
  template <class E, std::enable_if_t<std::is_enum_v<E>, int> = 0>
  void get(E& v) {
    v = static_cast<E>(limited(enum_names(E{}).count, "choice"));
  }
  template <class T>
  void get(std::vector<T>& v) {
    v.resize(in_.count(1));
    for (T& e : v) get(e);
  }
  template <class T, size_t N>
  void get(std::array<T, N>& v) {
    for (T& e : v) get(e);
  }

 private:
  int limited(int count, const char* what) {
    const int v = in_.number<uint8_t>();
    if (v >= count) throw InputError(fmt::format("{} {} of {}", what, v, count));
    return v;
  }

  const Graph& graph_;
  ByteReader& in_;
  const std::function<Tensor(uint32_t)>& tensor_;
};

template <size_t I = 0>
Op make_op(size_t index) {
  if constexpr (I + 1 < std::variant_size_v<OpVariant>) {
    return index == I ? Op(std::variant_alternative_t<I, OpVariant>()) : make_op<I + 1>(index);
  } else {
    throw InputError(fmt::format("op {} of {}", index, I));
  }
}

template <class O, class F>
void visit_fields(O& op, F&& f) {
  std::visit(
      [&](auto& o) {
        using T = std::decay_t<decltype(o)>;
        if constexpr (!std::is_same_v<T, std::monostate>)
          T::fields([&](const char*, auto member) { f(o.*member); });
      },
      op);
}

void write_node(const Graph& graph, NodeId id, std::vector<uint32_t>& places, uint32_t& next,
                ByteWriter& out, const Number& number) {
  const Node& node = graph.node(id);
  out.number(static_cast<uint16_t>(node.op.index()));
  out.text(node.name);
  out.number(static_cast<uint32_t>(node.inputs.size()));
  for (ValueId v : node.inputs) out.number(places[v]);
  FieldWriter fields(graph, id, out, number);
  visit_fields(node.op, [&](const auto& value) { fields.put(value); });
  out.number(static_cast<uint32_t>(node.outputs.size()));
  for (ValueId v : node.outputs) {
    places[v] = next++;
    write_type(graph.value(v).type, out);
  }
}

ValueId read_value(ByteReader& in, const Graph& graph) {
  const auto v = in.number<uint32_t>();
  if (v >= graph.num_values())
    throw InputError(fmt::format("value {} of {}", v, graph.num_values()));
  return v;
}

void read_node(Graph& graph, ByteReader& in, const std::function<Tensor(uint32_t)>& tensor) {
  Op op = make_op(in.number<uint16_t>());
  std::string name = in.text();
  std::vector<ValueId> inputs(in.count(sizeof(uint32_t)));
  for (ValueId& v : inputs) v = read_value(in, graph);
  FieldReader fields(graph, in, tensor);
  visit_fields(op, [&](auto& value) { fields.get(value); });
  const NodeId id = graph.add_node(std::move(op), std::move(inputs), std::move(name));
  const Node& node = graph.node(id);
  const auto outputs = in.number<uint32_t>();
  if (outputs != node.outputs.size())
    throw InputError(
        fmt::format("node '{}' has {} outputs, not {}", node.name, node.outputs.size(), outputs));
  for (ValueId v : node.outputs) {
    const TensorType said = read_type(in);
    if (!(said == graph.value(v).type))
      throw InputError(fmt::format("node '{}' gives {}, not {}", node.name,
                                   graph.value(v).type.str(), said.str()));
  }
}

Graph read_graph_at(ByteReader& in, const std::function<Tensor(uint32_t)>& tensor, int depth) {
  if (depth > kMaxDepth) throw InputError("graphs are nested too deep");
  Graph graph;
  for (size_t n = in.count(2); n > 0; --n) {
    std::string name = in.text();
    graph.add_input(std::move(name), read_type(in));
  }
  for (size_t n = in.count(1); n > 0; --n) graph.add_subgraph(read_graph_at(in, tensor, depth + 1));
  for (size_t n = in.count(2); n > 0; --n) read_node(graph, in, tensor);
  for (size_t n = in.count(2); n > 0; --n) {
    std::string name = in.text();
    graph.add_output(std::move(name), read_value(in, graph));
  }
  return graph;
}

}  // namespace

void write_shape(const Shape& shape, ByteWriter& out) {
  out.number(shape.has_rank() ? static_cast<uint8_t>(shape.rank()) : kUnknownRank);
  for (int64_t dim : shape) out.number(dim);
}

Shape read_shape(ByteReader& in) {
  const auto rank = in.number<uint8_t>();
  if (rank == kUnknownRank) return Shape::unknown();
  Shape shape;
  for (int i = 0; i < rank; ++i) {
    const auto dim = in.number<int64_t>();
    if (dim < kUnknownDim) throw InputError(fmt::format("an extent of {}", dim));
    shape.push_back(dim);
  }
  return shape;
}

void write_type(const TensorType& type, ByteWriter& out) {
  out.number(static_cast<uint8_t>(type.dtype));
  write_shape(type.shape, out);
}

TensorType read_type(ByteReader& in) {
  const auto dtype = in.number<uint8_t>();
  if (dtype > static_cast<uint8_t>(DType::kList)) throw InputError(fmt::format("type {}", dtype));
  return {static_cast<DType>(dtype), read_shape(in)};
}

void write_graph(const Graph& graph, ByteWriter& out, const Number& number) {
  std::vector<uint32_t> places(graph.num_values(), kNone);
  uint32_t next = 0;
  out.number(static_cast<uint32_t>(graph.inputs().size()));
  for (ValueId v : graph.inputs()) {
    places[v] = next++;
    out.text(graph.value(v).name);
    write_type(graph.value(v).type, out);
  }
  out.number(static_cast<uint32_t>(graph.num_subgraphs()));
  for (size_t i = 0; i < graph.num_subgraphs(); ++i)
    write_graph(graph.subgraph({static_cast<int64_t>(i)}), out, number);
  const std::vector<NodeId> order = graph.topological_order();
  out.number(static_cast<uint32_t>(order.size()));
  for (NodeId id : order) write_node(graph, id, places, next, out, number);
  out.number(static_cast<uint32_t>(graph.outputs().size()));
  for (const GraphOutput& output : graph.outputs()) {
    out.text(output.name);
    out.number(places[output.value]);
  }
}

Graph read_graph(ByteReader& in, const std::function<Tensor(uint32_t)>& tensor) {
  return read_graph_at(in, tensor, 0);
}

}  // namespace thaw
