// Writing a graph as text: see text.h. Numbers are printed with the digits that give the same bits
// back; a float that no digits express (a NaN with a payload, 16-bit floats) as its bits in hex.
#include "graph/text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "graph/text_names.h"
#include "thaw/error.h"

namespace thaw {

std::string quoted(const std::string& s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_plain_name(const std::string& s) {
  if (s.empty() || (s[0] >= '0' && s[0] <= '9')) return false;
  for (const char c : s)
    if (!is_name_char(c)) return false;
  return true;
}

namespace {

template <class F, class Bits>
std::string float_text(F value) {
  Bits bits = 0;
  std::memcpy(&bits, &value, sizeof(F));
  Bits plain_nan = 0;
  const F nan = std::numeric_limits<F>::quiet_NaN();
  std::memcpy(&plain_nan, &nan, sizeof(F));
  if (std::isnan(value)) return bits == plain_nan ? "nan" : fmt::format("0x{:x}", bits);
  return fmt::format("{}", value);
}

std::string element_text(const Tensor& t, int64_t i) {
  switch (t.dtype()) {
    case DType::kFloat32:
      return float_text<float, uint32_t>(t.data<float>()[i]);
    case DType::kFloat64:
      return float_text<double, uint64_t>(t.data<double>()[i]);
    case DType::kFloat16:
    case DType::kBFloat16:
      return fmt::format("0x{:04x}", t.data<uint16_t>()[i]);
    case DType::kUInt64:
      return fmt::format("{}", t.data<uint64_t>()[i]);
    case DType::kBool:
      return t.data<uint8_t>()[i] ? "true" : "false";
    case DType::kString:
      return quoted(t.data<std::string>()[i]);
    default:
      return fmt::format("{}", t.int_at(i));
  }
}

bool all_elements_equal(const Tensor& t) {
  if (t.num_elements() < 2 || dtype_size(t.dtype()) == 0) return false;
  const auto* bytes = static_cast<const char*>(t.raw());
  // Every element equals the one before it.
  return std::memcmp(bytes, bytes + dtype_size(t.dtype()), t.num_bytes() - dtype_size(t.dtype())) ==
         0;
}

class Printer {
 public:
  explicit Printer(const TextOptions& options) : options_(options) {}

  std::string print(const Graph& graph, int indent) {
    name_values(graph);
    const std::string margin(static_cast<size_t>(indent) + 2, ' ');
    out_ = "graph(";
    for (size_t i = 0; i < graph.inputs().size(); ++i) {
      const Value& v = graph.value(graph.inputs()[i]);
      const std::string& label = labels_[graph.inputs()[i]];
      out_ += (i ? ", %" : "%") + label;
      if (label != v.name) out_ += " " + quoted(v.name);
      out_ += ": " + v.type.str();
    }
    out_ += ") {\n";
    for (NodeId id : graph.topological_order()) print_node(graph, graph.node(id), margin, indent);
    out_ += margin + "return";
    for (size_t i = 0; i < graph.outputs().size(); ++i) {
      const GraphOutput& o = graph.outputs()[i];
      out_ += (i ? ", " : " ") + (is_plain_name(o.name) ? o.name : quoted(o.name)) + "=%" +
              labels_[o.value];
    }
    out_ += "\n" + std::string(static_cast<size_t>(indent), ' ') + "}";
    return std::move(out_);
  }

  // "strides=[2,2], padding=SAME"; nested graphs are left out without a graph.
  std::string fields_of(const Graph* graph, const Op& op, int indent) const {
    std::string text;
    std::visit(
        [&](const auto& o) {
          using T = std::decay_t<decltype(o)>;
          if constexpr (!std::is_same_v<T, std::monostate>) {
            const T defaults;
            T::fields([&](const char* name, auto member) {
              const std::string value = text_of(graph, o.*member, indent);
              if (value.empty() || value == text_of(graph, defaults.*member, indent)) return;
              text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, value);
            });
          }
        },
        op);
    return text;
  }

 private:
  // Inputs go by their names where these are plain and differ; everything else is numbered.
  void name_values(const Graph& graph) {
    labels_.resize(graph.num_values());
    std::set<std::string> taken;
    size_t number = 0;
    for (ValueId v : graph.inputs()) {
      const std::string& name = graph.value(v).name;
      const bool by_name = is_plain_name(name) && taken.insert(name).second;
      labels_[v] = by_name ? name : std::to_string(++number);
    }
    for (NodeId id : graph.topological_order())
      for (ValueId v : graph.node(id).outputs) labels_[v] = std::to_string(++number);
  }

  void print_node(const Graph& graph, const Node& node, const std::string& margin, int indent) {
    out_ += margin;
    for (size_t i = 0; i < node.outputs.size(); ++i)
      out_ += fmt::format("{}%{}: {}", i ? ", " : "", labels_[node.outputs[i]],
                          graph.value(node.outputs[i]).type.str());
    if (!node.outputs.empty()) out_ += " = ";
    out_ += fmt::format("{}(", op_name(node.op));
    for (size_t i = 0; i < node.inputs.size(); ++i)
      out_ += (i ? ", %" : "%") + labels_[node.inputs[i]];
    out_ += ")";
    const std::string fields = fields_of(&graph, node.op, indent + 2);
    if (!fields.empty()) out_ += " {" + fields + "}";
    if (options_.names && !node.name.empty()) out_ += " " + quoted(node.name);
    out_ += "\n";
  }

  std::string text_of(const Graph*, int64_t v, int) const { return fmt::format("{}", v); }
  std::string text_of(const Graph*, float v, int) const { return float_text<float, uint32_t>(v); }
  std::string text_of(const Graph*, bool v, int) const { return v ? "true" : "false"; }
  std::string text_of(const Graph*, const std::string& v, int) const { return quoted(v); }
  std::string text_of(const Graph*, DType v, int) const { return dtype_name(v); }
  std::string text_of(const Graph*, const Shape& v, int) const { return v.str(); }
  std::string text_of(const Graph* graph, GraphRef v, int indent) const {
    if (v.index < 0) return {};
    if (!graph) return "{...}";
    return "{ " + Printer(options_).print(graph->subgraph(v), indent) + " }";
  }
  template <class E, std::enable_if_t<std::is_enum_v<E>, int> = 0>
  std::string text_of(const Graph*, E v, int) const {
    return enum_names(v).names[static_cast<int>(v)];
  }
  template <class T>
  std::string text_of(const Graph* graph, const std::vector<T>& v, int indent) const {
    return sequence(graph, v, indent);
  }
  template <class T, size_t N>
  std::string text_of(const Graph* graph, const std::array<T, N>& v, int indent) const {
    return sequence(graph, v, indent);
  }
  template <class Sequence>
  std::string sequence(const Graph* graph, const Sequence& v, int indent) const {
    std::string text = "[";
    for (const auto& e : v) text += (text.size() > 1 ? "," : "") + text_of(graph, e, indent);
    return text + "]";
  }
  std::string text_of(const Graph*, const Tensor& t, int) const {
    if (!t.defined()) return {};
    if (t.dtype() == DType::kList) throw InternalError("a constant list has no text form");
    std::string text = t.str() + "{";
    const int64_t n = t.num_elements();
    if (all_elements_equal(t)) return text + "all " + element_text(t, 0) + "}";
    if (options_.max_constant_elements >= 0 && n > options_.max_constant_elements)
      return text + "...}";
    for (int64_t i = 0; i < n; ++i) {
      if (i) text += ',';
      text += element_text(t, i);
    }
    return text + "}";
  }

  const TextOptions& options_;
  std::vector<std::string> labels_;
  std::string out_;
};

}  // namespace

std::string op_text(const Op& op) {
  TextOptions options;
  options.max_constant_elements = 8;
  const std::string fields = Printer(options).fields_of(nullptr, op, 0);
  return op_name(op) + (fields.empty() ? "" : " {" + fields + "}");
}

std::string to_text(const Graph& graph, const TextOptions& options) {
  return Printer(options).print(graph, 0) + "\n";
}

}  // namespace thaw
