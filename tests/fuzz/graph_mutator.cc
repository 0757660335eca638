#include "tests/fuzz/graph_mutator.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

namespace thaw::fuzz {
namespace {

constexpr int64_t kSmall[] = {0, 1, 2, 3, 4, 5, 7, 8, 16, -1, -2};
constexpr int64_t kLarge[] = {-3,
                              64,
                              255,
                              256,
                              65536,
                              1000003,
                              int64_t{1} << 24,
                              std::numeric_limits<int32_t>::max(),
                              std::numeric_limits<int32_t>::min(),
                              int64_t{1} << 31,
                              int64_t{1} << 32,
                              int64_t{1} << 60,
                              int64_t{1} << 62,
                              std::numeric_limits<int64_t>::max(),
                              std::numeric_limits<int64_t>::min()};
constexpr double kReals[] = {0,     -0.0, 1,   -1,       0.5,       2,       1e-40, 3.4e38, 1e10,
                             -1e10, 1e19, NAN, INFINITY, -INFINITY, 1.0 / 3, 255,   1e300};
constexpr const char* kTexts[] = {"",         "SAME", "VALID",     "EXPLICIT", "NHWC",  "NCHW",
                                  "REFLECT",  "max",  "SYMMETRIC", "min",      "Relu6", "BiasAdd",
                                  "bilinear", "a|b*", "\xc3\xa9",  "b,bc->c",  "UTF-8", "crop"};
constexpr tf::DataType kTypes[] = {tf::DT_FLOAT,  tf::DT_INT32,  tf::DT_INT64,   tf::DT_BOOL,
                                   tf::DT_UINT8,  tf::DT_STRING, tf::DT_HALF,    tf::DT_INT8,
                                   tf::DT_DOUBLE, tf::DT_UINT64, tf::DT_VARIANT, tf::DT_BFLOAT16};

template <class T, size_t n>
const T& pick(const T (&from)[n], uint32_t i) {
  return from[i % n];
}

size_t bytes_of(tf::DataType dtype) {
  switch (dtype) {
    case tf::DT_DOUBLE:
    case tf::DT_INT64:
    case tf::DT_UINT64:
      return 8;
    case tf::DT_HALF:
    case tf::DT_BFLOAT16:
    case tf::DT_INT16:
    case tf::DT_UINT16:
      return 2;
    case tf::DT_BOOL:
    case tf::DT_INT8:
    case tf::DT_UINT8:
      return 1;
    default:
      return 4;
  }
}

}  // namespace

int64_t GraphMutator::number(int64_t old) {
  switch (below(8)) {
    case 0:
      if (one_in(2)) return pick(kLarge, random_());
      return int64_t{1} << below(63);
    case 1:
    case 2:
      return static_cast<int64_t>(static_cast<uint64_t>(old) + (one_in(2) ? 1 : ~uint64_t{0}));
    default:
      return pick(kSmall, random_());
  }
}

double GraphMutator::real() { return pick(kReals, random_()); }

tf::DataType GraphMutator::type() { return pick(kTypes, one_in(3) ? random_() : below(5)); }

std::string GraphMutator::text(const std::string& old) {
  if (one_in(3)) return pick(kTexts, random_());
  std::string changed = old;
  const auto at = static_cast<std::ptrdiff_t>(below(static_cast<uint32_t>(old.size()) + 1));
  if (one_in(2) || changed.empty())
    changed.insert(changed.begin() + at, static_cast<char>(random_()));
  else if (at < static_cast<std::ptrdiff_t>(changed.size()))
    changed.erase(changed.begin() + at);
  return changed;
}

void GraphMutator::mutate_shape(tf::TensorShapeProto& shape) {
  const auto rank = static_cast<uint32_t>(shape.dim_size());
  if (rank > 0 && !one_in(4)) {
    auto* dim = shape.mutable_dim(static_cast<int>(below(rank)));
    dim->set_size(number(dim->size()));
  } else if (one_in(4)) {
    shape.set_unknown_rank(!shape.unknown_rank());
  } else if (rank > 0 && one_in(2)) {
    shape.mutable_dim()->RemoveLast();
  } else {
    shape.add_dim()->set_size(number(1));
  }
}

// One element in place, or an element more or less.
void GraphMutator::mutate_content(std::string& content, tf::DataType dtype) {
  const size_t size = bytes_of(dtype);
  if (content.size() < size || one_in(16)) {
    content.append(size, '\0');
    return;
  }
  if (one_in(16)) return content.resize(content.size() - size);
  char* element = content.data() + below(static_cast<uint32_t>(content.size() / size)) * size;
  if (dtype == tf::DT_FLOAT) {
    const auto value = static_cast<float>(real());
    std::memcpy(element, &value, size);
  } else if (dtype == tf::DT_DOUBLE) {
    const double value = real();
    std::memcpy(element, &value, size);
  } else {
    int64_t value = 0;
    std::memcpy(&value, element, size);
    value = number(value);
    std::memcpy(element, &value, size);
  }
}

void GraphMutator::mutate_tensor(tf::TensorProto& tensor) {
  const auto set_one = [&](auto* values, auto value) {
    if (values->empty() || one_in(8))
      values->Add(value);
    else
      (*values)[static_cast<int>(below(static_cast<uint32_t>(values->size())))] = value;
  };
  if (one_in(12)) return tensor.set_dtype(type());
  if (one_in(4)) return mutate_shape(*tensor.mutable_tensor_shape());
  if (!tensor.tensor_content().empty())
    return mutate_content(*tensor.mutable_tensor_content(), tensor.dtype());
  switch (tensor.dtype()) {
    case tf::DT_FLOAT:
      return set_one(tensor.mutable_float_val(), static_cast<float>(real()));
    case tf::DT_DOUBLE:
      return set_one(tensor.mutable_double_val(), real());
    case tf::DT_INT64:
      return set_one(tensor.mutable_int64_val(), number(0));
    case tf::DT_BOOL:
      return set_one(tensor.mutable_bool_val(), one_in(2));
    case tf::DT_STRING:
      if (tensor.string_val().empty() || one_in(8)) tensor.add_string_val();
      *tensor.mutable_string_val(static_cast<int>(
          below(static_cast<uint32_t>(tensor.string_val_size())))) = text(tensor.string_val(0));
      return;
    case tf::DT_HALF:
    case tf::DT_BFLOAT16:
      return set_one(tensor.mutable_half_val(), static_cast<int32_t>(random_() & 0xffff));
    default:
      return set_one(tensor.mutable_int_val(), static_cast<int32_t>(number(0)));
  }
}

void GraphMutator::mutate_list(tf::AttrValue::ListValue& list) {
  const auto change = [&](auto* values, auto&& changed) {
    if (values->empty() || one_in(8)) *values->Add() = {};
    const int at = static_cast<int>(below(static_cast<uint32_t>(values->size())));
    if (one_in(8)) return values->RemoveLast();
    changed((*values)[at]);
  };
  if (list.type_size() > 0) {
    list.set_type(static_cast<int>(below(static_cast<uint32_t>(list.type_size()))), type());
  } else if (list.s_size() > 0) {
    change(list.mutable_s(), [&](std::string& s) { s = text(s); });
  } else if (list.f_size() > 0) {
    change(list.mutable_f(), [&](float& f) { f = static_cast<float>(real()); });
  } else if (list.b_size() > 0) {
    change(list.mutable_b(), [&](bool& b) { b = !b; });
  } else if (list.shape_size() > 0) {
    change(list.mutable_shape(), [&](tf::TensorShapeProto& s) { mutate_shape(s); });
  } else {
    change(list.mutable_i(), [&](int64_t& i) { i = number(i); });
  }
}

void GraphMutator::mutate_value(tf::AttrValue& value) {
  switch (value.value_case()) {
    case tf::AttrValue::kI:
      return value.set_i(number(value.i()));
    case tf::AttrValue::kF:
      return value.set_f(static_cast<float>(real()));
    case tf::AttrValue::kB:
      return value.set_b(!value.b());
    case tf::AttrValue::kS:
      return value.set_s(text(value.s()));
    case tf::AttrValue::kType:
      return value.set_type(type());
    case tf::AttrValue::kShape:
      return mutate_shape(*value.mutable_shape());
    case tf::AttrValue::kTensor:
      return mutate_tensor(*value.mutable_tensor());
    case tf::AttrValue::kList:
      return mutate_list(*value.mutable_list());
    default:
      return value.set_i(number(0));
  }
}

void GraphMutator::mutate_attribute(tf::NodeDef& node) {
  auto& attributes = *node.mutable_attr();
  if (attributes.empty()) return;
  auto at = attributes.begin();
  std::advance(at, below(static_cast<uint32_t>(attributes.size())));
  // A Const's value is what is worth changing there.
  if (node.op() == "Const" && !one_in(6) && attributes.count("value") != 0)
    return mutate_tensor(*attributes["value"].mutable_tensor());
  if (one_in(24)) {
    attributes.erase(at);
  } else {
    mutate_value(at->second);
  }
}

void GraphMutator::mutate_node(tf::NodeDef& node) {
  const int inputs = node.input_size();
  if (inputs == 0 || !one_in(6)) return mutate_attribute(node);
  const int at = static_cast<int>(below(static_cast<uint32_t>(inputs)));
  switch (below(4)) {
    case 0:
      node.mutable_input()->RemoveLast();
      return;
    case 1:
      node.add_input(std::string(node.input(at)));
      return;
    case 2:
      node.mutable_input()->SwapElements(at, 0);
      return;
    default: {
      std::string& input = *node.mutable_input(at);
      input = input.substr(0, input.rfind(':')) + ":" + std::to_string(below(4));
    }
  }
}

// An input becomes an output of another node, mostly of an earlier one: no cycle then.
void GraphMutator::rewire(Nodes& nodes) {
  const uint32_t to = below(static_cast<uint32_t>(nodes.size()));
  tf::NodeDef& node = nodes[static_cast<int>(to)];
  if (node.input().empty()) return mutate_node(node);
  const uint32_t from = below(one_in(8) ? static_cast<uint32_t>(nodes.size()) : to);
  const int at = static_cast<int>(below(static_cast<uint32_t>(node.input_size())));
  *node.mutable_input(at) = nodes[static_cast<int>(from)].name();
}

void GraphMutator::swap_ops(Nodes& nodes) {
  const auto any = [&]() -> tf::NodeDef& {
    return nodes[static_cast<int>(below(static_cast<uint32_t>(nodes.size())))];
  };
  tf::NodeDef& node = any();
  for (int i = 0; i < 8; ++i) {
    const tf::NodeDef& other = any();
    if (other.op() == node.op() || other.input_size() != node.input_size()) continue;
    node.set_op(std::string(other.op()));
    // What it lacks of the other's attributes, it takes over.
    for (const auto& [name, value] : other.attr()) node.mutable_attr()->insert({name, value});
    return;
  }
}

// A second node like one that there is, in front of one of its readers.
void GraphMutator::copy_node(Nodes& nodes) {
  if (nodes.size() > 200) return;
  const int from = static_cast<int>(below(static_cast<uint32_t>(nodes.size())));
  tf::NodeDef copy = nodes[from];
  const std::string old = copy.name();
  copy.set_name(old + "_" + std::to_string(below(1000)));
  if (one_in(2)) mutate_node(copy);
  for (tf::NodeDef& node : nodes) {
    for (std::string& input : *node.mutable_input()) {
      if (input != old || one_in(2)) continue;
      // Of the same type in and out, more often than not.
      if (copy.input_size() > 0 && one_in(2)) *copy.mutable_input(0) = old;
      input = copy.name();
      *nodes.Add() = copy;
      return;
    }
  }
}

// Its readers read its first input.
void GraphMutator::bypass_node(Nodes& nodes) {
  const tf::NodeDef& gone = nodes[static_cast<int>(below(static_cast<uint32_t>(nodes.size())))];
  if (gone.input().empty()) return;
  for (tf::NodeDef& node : nodes)
    for (std::string& input : *node.mutable_input())
      if (input == gone.name()) input = gone.input(0);
}

void GraphMutator::mutate_once(tf::GraphDef& graph) {
  Nodes* nodes = graph.mutable_node();
  const int functions = graph.library().function_size();
  if (functions > 0 && one_in(2)) {
    const int at = static_cast<int>(below(static_cast<uint32_t>(functions)));
    nodes = graph.mutable_library()->mutable_function(at)->mutable_node_def();
  }
  if (nodes->empty()) return;
  switch (below(16)) {
    case 0:
      return graph.set_version(static_cast<int32_t>(below(16)));  // how it is run
    case 1:
    case 2:
      return rewire(*nodes);
    case 3:
      return swap_ops(*nodes);
    case 4:
      return copy_node(*nodes);
    case 5:
      return bypass_node(*nodes);
    default:
      return mutate_node((*nodes)[static_cast<int>(below(static_cast<uint32_t>(nodes->size())))]);
  }
}

void GraphMutator::mutate(tf::GraphDef& graph) {
  const uint32_t changes = one_in(3) ? 1 + below(4) : 1;
  for (uint32_t i = 0; i < changes; ++i) mutate_once(graph);
}

void GraphMutator::graft(tf::GraphDef& graph, const tf::GraphDef& other) {
  if (graph.node().empty() || other.node().empty() || graph.node_size() > 200) return;
  const int first = static_cast<int>(below(static_cast<uint32_t>(other.node_size())));
  const int count = 1 + static_cast<int>(below(6));
  for (int i = first; i < other.node_size() && i < first + count; ++i)
    *graph.add_node() = other.node(i);
  // One of the new ones reads, or is read by, what was there.
  rewire(*graph.mutable_node());
}

}  // namespace thaw::fuzz
