// Runs many small graphs in one process, each in several modes. REQUESTS.json is a list of {"name",
// "graph": file, "outputs": [tensor], "feeds": {input: array of FEEDS.npz}, "modes": [mode]};
// RESULTS.json becomes a list of {"name", "mode", and "outputs": [{"array": of RESULTS.npz,
// "dtype"}] or "error" and its "kind"}. Strings are arrays .bytes and .ends, bfloat16 numbers their
// bits. What is about to run is told on standard output, so that a crash has a name. Used by
// op_run.py.
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "thaw/engine.h"
#include "thaw/error.h"
#include "thaw/npz.h"

namespace {

using Json = nlohmann::json;
using thaw::DType;
using thaw::Tensor;
using Arrays = std::map<std::string, Tensor>;

Tensor strings(const Tensor& bytes, const Tensor& ends) {
  Tensor result = Tensor::empty(DType::kString, ends.shape());
  int64_t start = 0;
  for (int64_t i = 0; i < ends.num_elements(); ++i) {
    const int64_t end = ends.int_at(i);
    result.data<std::string>()[i].assign(bytes.data<char>() + start, bytes.data<char>() + end);
    start = end;
  }
  return result;
}

Tensor fed(const Arrays& arrays, const std::string& key, DType dtype) {
  if (const auto ends = arrays.find(key + ".ends"); ends != arrays.end())
    return strings(arrays.at(key + ".bytes"), ends->second);
  Tensor array = arrays.at(key);
  if (dtype != DType::kBFloat16) return array;
  return Tensor::view(dtype, array.shape(), array.raw()).clone();
}

void put(std::vector<thaw::NamedTensor>& arrays, const std::string& key, const Tensor& tensor) {
  if (tensor.dtype() == DType::kBFloat16) {
    Tensor bits = tensor.clone();
    arrays.emplace_back(key, Tensor::view(DType::kUInt16, bits.shape(), bits.raw()).clone());
  } else if (tensor.dtype() == DType::kString) {
    std::string bytes;
    Tensor ends = Tensor::empty(DType::kInt64, tensor.shape());
    for (int64_t i = 0; i < tensor.num_elements(); ++i) {
      bytes += tensor.data<std::string>()[i];
      ends.data<int64_t>()[i] = static_cast<int64_t>(bytes.size());
    }
    arrays.emplace_back(
        key + ".bytes",
        Tensor::view(DType::kUInt8, {static_cast<int64_t>(bytes.size())}, bytes.data()).clone());
    arrays.emplace_back(key + ".ends", ends);
  } else {
    arrays.emplace_back(key, tensor);
  }
}

std::vector<Tensor> run(const Json& request, const std::string& mode, const Arrays& arrays) {
  thaw::ModelOptions model_options;
  model_options.outputs = request.at("outputs").get<std::vector<std::string>>();
  const thaw::Model model = thaw::Model::load(request.at("graph"), model_options);
  thaw::EngineOptions options;
  options.device = mode == "ref" ? "ref" : "cpu";
  options.threads = 2;
  if (mode == "any_shape") options.max_cached_engines = 0;
  thaw::Engine engine(model, options);
  std::vector<Tensor> inputs;
  for (const thaw::TensorInfo& input : engine.inputs()) {
    const bool is_fed = !input.optional || request.at("feeds").contains(input.name);
    inputs.push_back(is_fed ? fed(arrays, request.at("feeds").at(input.name), input.dtype)
                            : thaw::Tensor());
  }
  return engine.run(inputs);
}

Json answer(const Json& request, const std::string& mode, const Arrays& arrays,
            std::vector<thaw::NamedTensor>& results) {
  const std::string name = request.at("name");
  std::cout << name << '\t' << mode << std::endl;
  Json one{{"name", name}, {"mode", mode}};
  try {
    Json outputs = Json::array();
    for (const Tensor& tensor : run(request, mode, arrays)) {
      const std::string key = std::to_string(results.size());
      outputs.push_back({{"array", key}, {"dtype", thaw::dtype_name(tensor.dtype())}});
      put(results, key, tensor);
    }
    one["outputs"] = outputs;
  } catch (const thaw::Error& error) {
    const char* kinds[] = {"usage", "input", "resource", "internal"};
    one["error"] = error.what();
    one["kind"] = kinds[static_cast<int>(error.kind())];
  }
  return one;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: op_cases REQUESTS.json FEEDS.npz RESULTS (.json and .npz)\n";
    return 2;
  }
  try {
    Arrays arrays;
    for (auto& [name, tensor] : thaw::read_npz(argv[2])) arrays.emplace(name, std::move(tensor));
    std::vector<thaw::NamedTensor> results;
    Json answers = Json::array();
    for (const Json& request : Json::parse(std::ifstream(argv[1])))
      for (const std::string mode : request.at("modes"))
        answers.push_back(answer(request, mode, arrays, results));
    thaw::write_npz(std::string(argv[3]) + ".npz", results);
    std::ofstream(std::string(argv[3]) + ".json")
        << answers.dump(-1, ' ', true, Json::error_handler_t::replace);
  } catch (const thaw::Error& error) {
    std::cerr << error.what() << '\n';
    return 3;
  }
  return 0;
}
