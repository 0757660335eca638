// Reading a graph from text: see text.h. `//` starts a comment; types may be left out, inference
// gives them; values may have any plain name.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <map>

#include "graph/infer_util.h"
#include "graph/text.h"
#include "graph/text_names.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kMaxDepth = 64;
constexpr int64_t kMaxElements = int64_t{1} << 28;

Op default_op(OpKind kind) {
  switch (kind) {
#define OP(Name)        \
  case OpKind::k##Name: \
    return Name{};
#include "ops/ops.inc"
#undef OP
    default:
      return std::monostate{};
  }
}

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  Graph parse_all() {
    Graph graph = parse_graph_at(0);
    if (skip_space() != '\0') fail("the end of the text was expected");
    return graph;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < at_ && i < text_.size(); ++i) {
      ++column;
      if (text_[i] == '\n') {
        ++line;
        column = 1;
      }
    }
    throw InputError(fmt::format("graph text, line {}, column {}: {}", line, column, what));
  }

  // The next character that is not space or comment; '\0' at the end.
  char skip_space() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        ++at_;
      } else if (c == '/' && text_.compare(at_, 2, "//") == 0) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        return c;
      }
    }
    return '\0';
  }
  bool accept(char c) {
    if (skip_space() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("'{}' was expected", c));
  }
  // Letters, digits, signs and dots: names, keywords and numbers.
  std::string word() {
    skip_space();
    const size_t start = at_;
    while (at_ < text_.size() && (is_name_char(text_[at_]) || text_[at_] == '+')) ++at_;
    if (at_ == start) fail("a word was expected");
    return text_.substr(start, at_ - start);
  }
  std::string string_literal() {
    expect('"');
    std::string s;
    while (at_ < text_.size() && text_[at_] != '"') {
      char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) {
        c = text_[at_++];
        if (c == 'n') c = '\n';
        if (c == 'x') c = static_cast<char>(hex_byte());
      }
      s += c;
    }
    if (at_ >= text_.size()) fail("a string without an end");
    ++at_;
    return s;
  }
  int hex_byte() {
    const std::string digits = text_.substr(at_, 2);
    char* end = nullptr;
    const long v = std::strtol(digits.c_str(), &end, 16);
    if (digits.size() != 2 || *end) fail("two hexadecimal digits were expected");
    at_ += 2;
    return static_cast<int>(v);
  }
  int64_t integer() { return integer_from(word()); }
  int64_t integer_from(const std::string& w) const {
    char* end = nullptr;
    errno = 0;
    const long long v = std::strtoll(w.c_str(), &end, 10);
    if (*end || errno) fail(fmt::format("'{}' is no integer", w));
    return v;
  }
  template <class F, class Bits>
  F floating_from(const std::string& w) const {
    char* end = nullptr;
    F value = 0;
    if (w.compare(0, 2, "0x") == 0) {
      const auto bits = static_cast<Bits>(std::strtoull(w.c_str(), &end, 16));
      std::memcpy(&value, &bits, sizeof(F));
    } else if (w == "nan") {
      return std::numeric_limits<F>::quiet_NaN();
    } else if constexpr (std::is_same_v<F, float>) {
      value = std::strtof(w.c_str(), &end);
    } else {
      value = std::strtod(w.c_str(), &end);
    }
    if (*end) fail(fmt::format("'{}' is no number", w));
    return value;
  }

  Shape shape() {
    if (accept('?')) return Shape::unknown();
    expect('[');
    Shape s;
    while (!accept(']')) {
      if (s.rank() > 0) expect(',');
      const int64_t dim = accept('?') ? kUnknownDim : integer();
      if (dim < kUnknownDim) fail(fmt::format("a dimension of {}", dim));
      s.push_back(dim);
    }
    return s;
  }
  DType dtype() {
    const std::string w = word();
    const DType d = dtype_from_name(w);
    if (d == DType::kInvalid && w != "invalid") fail(fmt::format("'{}' is no type", w));
    return d;
  }
  TensorType type() {
    const DType d = dtype();
    return {d, shape()};
  }

  void set_element(Tensor& t, int64_t i) {
    switch (t.dtype()) {
      case DType::kFloat32:
        t.data<float>()[i] = floating_from<float, uint32_t>(word());
        return;
      case DType::kFloat64:
        t.data<double>()[i] = floating_from<double, uint64_t>(word());
        return;
      case DType::kFloat16:
      case DType::kBFloat16:
        t.data<uint16_t>()[i] = floating_bits(word());
        return;
      case DType::kBool:
        t.data<uint8_t>()[i] = boolean() ? 1 : 0;
        return;
      case DType::kString:
        t.data<std::string>()[i] = string_literal();
        return;
      case DType::kUInt64:
        t.data<uint64_t>()[i] = std::strtoull(word().c_str(), nullptr, 10);
        return;
      default:
        set_integer(t, i, integer());
    }
  }
  uint16_t floating_bits(const std::string& w) const {
    if (w.compare(0, 2, "0x") != 0) fail(fmt::format("'{}': bits in hex were expected", w));
    return static_cast<uint16_t>(std::strtoul(w.c_str(), nullptr, 16));
  }
  void set_integer(Tensor& t, int64_t i, int64_t v) const {
    const size_t size = dtype_size(t.dtype());
    // Little-endian, as all of thaw's targets are: the low bytes are the narrow number.
    std::memcpy(static_cast<char*>(t.raw()) + static_cast<size_t>(i) * size, &v, size);
    if (t.int_at(i) != v) fail(fmt::format("{} does not fit into {}", v, dtype_name(t.dtype())));
  }
  bool boolean() {
    const std::string w = word();
    if (w != "true" && w != "false") fail(fmt::format("'{}' is neither true nor false", w));
    return w == "true";
  }

  Tensor tensor() {
    const TensorType tt = type();
    if (!tt.shape.is_static() || tt.dtype == DType::kInvalid || tt.dtype == DType::kList)
      fail(fmt::format("a constant of type {}", tt.str()));
    const int64_t n = tt.shape.num_elements();
    if (n > kMaxElements) fail(fmt::format("a constant of {} elements", n));
    expect('{');
    Tensor t = Tensor::zeros(tt.dtype, tt.shape);
    skip_space();
    if (text_.compare(at_, 4, "all ") == 0) {
      at_ += 4;
      if (n < 1) fail("a constant without elements");
      set_element(t, 0);
      for (int64_t i = 1; i < n; ++i) copy_element(t, i);
    } else {
      for (int64_t i = 0; i < n; ++i) {
        if (i) expect(',');
        set_element(t, i);
      }
    }
    expect('}');
    return t;
  }
  static void copy_element(Tensor& t, int64_t i) {
    const size_t size = dtype_size(t.dtype());
    auto* bytes = static_cast<char*>(t.raw());
    if (size == 0)
      t.data<std::string>()[i] = t.data<std::string>()[0];
    else
      std::memcpy(bytes + static_cast<size_t>(i) * size, bytes, size);
  }

  // Attributes, by the member's type.
  void read(Graph&, int64_t& v, int) { v = integer(); }
  void read(Graph&, float& v, int) { v = floating_from<float, uint32_t>(word()); }
  void read(Graph&, bool& v, int) { v = boolean(); }
  void read(Graph&, std::string& v, int) { v = string_literal(); }
  void read(Graph&, DType& v, int) { v = dtype(); }
  void read(Graph&, Shape& v, int) { v = shape(); }
  void read(Graph&, Tensor& v, int) { v = tensor(); }
  void read(Graph& graph, GraphRef& v, int depth) {
    expect('{');
    v = graph.add_subgraph(parse_graph_at(depth + 1));
    expect('}');
  }
  template <class E, std::enable_if_t<std::is_enum_v<E>, int> = 0>
  void read(Graph&, E& v, int) {
    const std::string w = word();
    const EnumNames names = enum_names(v);
    for (int i = 0; i < names.count; ++i)
      if (w == names.names[i]) {
        v = static_cast<E>(i);
        return;
      }
    fail(fmt::format("'{}' is not one of the attribute's values", w));
  }
  template <class T>
  void read(Graph& graph, std::vector<T>& v, int depth) {
    expect('[');
    while (!accept(']')) {
      if (!v.empty()) expect(',');
      T element{};
      read(graph, element, depth);
      v.push_back(std::move(element));
    }
  }
  template <class T, size_t N>
  void read(Graph& graph, std::array<T, N>& v, int depth) {
    expect('[');
    for (size_t i = 0; i < N; ++i) {
      if (i) expect(',');
      read(graph, v[i], depth);
    }
    expect(']');
  }

  void read_fields(Graph& graph, Op& op, int depth) {
    if (!accept('{')) return;
    bool first = true;
    while (!accept('}')) {
      if (!first) expect(',');
      first = false;
      const std::string name = word();
      expect('=');
      bool found = false;
      std::visit(
          [&](auto& o) {
            using T = std::decay_t<decltype(o)>;
            if constexpr (!std::is_same_v<T, std::monostate>)
              T::fields([&](const char* field, auto member) {
                if (name != field) return;
                found = true;
                read(graph, o.*member, depth);
              });
          },
          op);
      if (!found) fail(fmt::format("{} has no attribute '{}'", op_name(op), name));
    }
  }

  struct Result {
    std::string label;
    TensorType type;
    bool typed = false;
  };
  using Labels = std::map<std::string, ValueId>;

  std::string label() {
    expect('%');
    return word();
  }
  ValueId value_of(const Labels& labels) {
    const std::string name = label();
    const auto it = labels.find(name);
    if (it == labels.end()) fail(fmt::format("there is no value %{} before this", name));
    return it->second;
  }
  void define(Labels& labels, const std::string& name, ValueId value) const {
    if (!labels.emplace(name, value).second) fail(fmt::format("%{} is defined twice", name));
  }

  void read_node(Graph& graph, Labels& labels, int depth) {
    std::vector<Result> results;
    if (skip_space() == '%') {
      do {
        Result r;
        r.label = label();
        if (accept(':')) {
          r.type = type();
          r.typed = true;
        }
        results.push_back(std::move(r));
      } while (accept(','));
      expect('=');
    }
    const std::string name = word();
    Op op = default_op(op_kind_from_name(name));
    if (op_kind_from_name(name) == OpKind::kCount) fail(fmt::format("there is no op '{}'", name));
    std::vector<ValueId> inputs;
    expect('(');
    while (!accept(')')) {
      if (!inputs.empty()) expect(',');
      inputs.push_back(value_of(labels));
    }
    read_fields(graph, op, depth);
    std::string node_name = skip_space() == '"' ? string_literal() : "";
    finish_node(graph, labels, std::move(op), std::move(inputs), std::move(node_name), results);
  }

  void finish_node(Graph& graph, Labels& labels, Op op, std::vector<ValueId> inputs,
                   std::string name, const std::vector<Result>& results) const {
    NodeId id = kNone;
    try {
      id = graph.add_node(std::move(op), std::move(inputs), std::move(name));
    } catch (const InputError& e) {
      fail(e.what());
    }
    const std::vector<ValueId>& outputs = graph.node(id).outputs;
    if (outputs.size() != results.size())
      fail(fmt::format("{} results, the op has {}", results.size(), outputs.size()));
    for (size_t i = 0; i < results.size(); ++i) {
      define(labels, results[i].label, outputs[i]);
      if (!results[i].typed) continue;
      const TensorType& inferred = graph.value(outputs[i]).type;
      if (inferred.dtype != results[i].type.dtype ||
          !compatible(inferred.shape, results[i].type.shape))
        fail(fmt::format("%{} is {}, not {}", results[i].label, inferred.str(),
                         results[i].type.str()));
      graph.set_type(outputs[i], results[i].type);
    }
  }

  void read_inputs(Graph& graph, Labels& labels) {
    expect('(');
    while (!accept(')')) {
      if (!graph.inputs().empty()) expect(',');
      const std::string name = label();
      const std::string full = skip_space() == '"' ? string_literal() : name;
      expect(':');
      const TensorType input_type = type();
      define(labels, name, graph.add_input(full, input_type));
    }
  }

  Graph parse_graph_at(int depth) {
    if (depth > kMaxDepth) fail("graphs are nested too deeply");
    if (word() != "graph") fail("'graph' was expected");
    Graph graph;
    Labels labels;
    read_inputs(graph, labels);
    expect('{');
    for (;;) {
      if (skip_space() == '\0') fail("a graph without 'return'");
      const size_t before = at_;
      if (text_[at_] != '%' && word() == "return") break;
      at_ = before;
      read_node(graph, labels, depth);
    }
    while (!accept('}')) {
      if (!graph.outputs().empty()) expect(',');
      std::string name = skip_space() == '"' ? string_literal() : word();
      expect('=');
      graph.add_output(std::move(name), value_of(labels));
    }
    return graph;
  }

  const std::string& text_;
  size_t at_ = 0;
};

}  // namespace

Graph parse_graph(const std::string& text) { return Parser(text).parse_all(); }

}  // namespace thaw
