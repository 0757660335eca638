// What the tests of the import and the export build their data with.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>

#include "graph.pb.h"
#include "import/tensor_proto.h"
#include "thaw/error.h"

namespace thaw::testing {

// A fresh folder that goes away with the object.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "thaw_test_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(file(name)).parent_path());
    std::ofstream(file(name), std::ios::binary) << bytes;
    return file(name);
  }

 private:
  std::string path_;
};

inline std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Adds a node with attribute T (or dtype) float.
template <class Owner>
tf::NodeDef* add_node(Owner* nodes, const std::string& name, const std::string& op,
                      std::initializer_list<const char*> inputs = {}) {
  tf::NodeDef* node = nodes->Add();
  node->set_name(name);
  node->set_op(op);
  for (const char* input : inputs) node->add_input(input);
  const bool has_dtype = op == "Placeholder" || op == "Const" || op == "VarHandleOp" ||
                         op == "VariableV2" || op == "ReadVariableOp";
  (*node->mutable_attr())[has_dtype ? "dtype" : "T"].set_type(tf::DT_FLOAT);
  return node;
}

template <class Owner>
void add_const(Owner* nodes, const std::string& name, const Tensor& value) {
  tf::NodeDef* node = add_node(nodes, name, "Const");
  (*node->mutable_attr())["dtype"].set_type(dtype_to_tf(value.dtype()));
  tensor_to_proto(value, (*node->mutable_attr())["value"].mutable_tensor());
}

inline Tensor floats(const std::vector<float>& values) {
  return Tensor::of<float>(DType::kFloat32, {static_cast<int64_t>(values.size())}, values);
}

// y = x * w + b, x a placeholder.
inline tf::GraphDef small_graph() {
  tf::GraphDef graph;
  auto* nodes = graph.mutable_node();
  add_node(nodes, "y", "AddV2", {"product", "b"});  // consumers first: files are not sorted
  add_node(nodes, "x", "Placeholder");
  add_const(nodes, "w", floats({1, 2, 3}));
  add_const(nodes, "b", floats({4, 5, 6}));
  add_node(nodes, "product", "Mul", {"x", "w"});
  graph.mutable_versions()->set_producer(27);
  return graph;
}

// What `f` throws, "" when it throws nothing.
template <class Function>
std::string error_of(Function&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace thaw::testing
