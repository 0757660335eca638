// Frozen graphs that are imported and run under a budget of memory and time: outputs or an error of
// the input's, whatever the graph is. Mutations keep graphs mostly valid; the field "version" says
// on which device and in which precision a graph runs.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/memory_budget.h"
#include "base/stop.h"
#include "engine/model_graph.h"
#include "import/read_graph.h"
#include "tests/fuzz/graph_mutator.h"
#include "thaw/error.h"
#include "thaw/request.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using thaw::tf::GraphDef;

constexpr size_t kMemory = size_t{64} << 20;
constexpr double kSeconds = 1;
constexpr int64_t kMostElements = 100'000;

// Throws InputError for what nobody would feed: lists, and more than a few elements.
thaw::Tensor some_values(const thaw::TensorInfo& info, uint32_t seed) {
  thaw::Shape shape = info.shape.has_rank() ? info.shape : thaw::Shape{2, 3};
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] == thaw::kUnknownDim) shape[i] = 1 + (seed >> i) % 4;
  const bool is_list = info.dtype == thaw::DType::kList || info.dtype == thaw::DType::kInvalid;
  if (is_list || shape.num_elements() > kMostElements) throw thaw::InputError("an input too large");
  thaw::Tensor tensor = thaw::Tensor::zeros(info.dtype, shape);
  std::minstd_rand random(seed);
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    const auto value = static_cast<int>(random() % 11) - 3;
    if (info.dtype == thaw::DType::kString)
      tensor.data<std::string>()[i] = std::string(static_cast<size_t>(value + 3), 'a');
    else if (info.dtype == thaw::DType::kFloat32)
      tensor.data<float>()[i] = static_cast<float>(value) / 4;
    else if (info.dtype == thaw::DType::kBool)
      tensor.data<bool>()[i] = value > 0;
    else
      tensor.data<uint8_t>()[static_cast<size_t>(i) * thaw::dtype_size(info.dtype)] =
          static_cast<uint8_t>(value > 0 ? value : 0);
  }
  return tensor;
}

void run(thaw::ModelFile file) {
  const auto choice = static_cast<uint32_t>(file.graph.version());
  thaw::ModelGraph graph = thaw::to_model_graph(thaw::freeze(std::move(file)));
  const thaw::Model model = thaw::Model::from_graph(std::move(graph.graph), "fuzz.pb");
  thaw::EngineOptions options;
  options.threads = 1;
  options.verify = true;
  options.memory_limit = kMemory;
  options.device = choice & 1 ? "ref" : "cpu";
  options.precision = static_cast<thaw::Precision>(choice / 2 % 4);
  options.max_cached_engines = 1;
  thaw::Request request(thaw::Engine(model, options));
  // The second run's shapes may be others: then on the plan for all shapes.
  for (const uint32_t seed : {0U, 27U}) {
    std::vector<thaw::Tensor> inputs;
    for (const thaw::TensorInfo& info : model.inputs()) inputs.push_back(some_values(info, seed));
    const std::vector<thaw::Tensor>& results = request.run(inputs);
    if (results.size() != model.outputs().size()) __builtin_trap();
    for (size_t i = 0; i < results.size(); ++i)
      if (results[i].dtype() != model.outputs()[i].dtype) __builtin_trap();
  }
}

bool parse(const uint8_t* data, size_t size, GraphDef* graph) {
  return graph->ParseFromArray(data, static_cast<int>(size)) && graph->node_size() > 0;
}

// The graph's bytes; 0 when there are too many.
size_t write(const GraphDef& graph, uint8_t* data, size_t max_size) {
  const size_t size = graph.ByteSizeLong();
  if (size > max_size) return 0;
  graph.SerializeToArray(data, static_cast<int>(size));
  return size;
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  GraphDef graph;
  if (seed % 64 == 0 || !parse(data, size, &graph)) return LLVMFuzzerMutate(data, size, max_size);
  thaw::fuzz::GraphMutator(seed).mutate(graph);
  const size_t written = write(graph, data, max_size);
  return written > 0 ? written : LLVMFuzzerMutate(data, size, max_size);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b,
                                            size_t b_size, uint8_t* out, size_t max_size,
                                            unsigned seed) {
  GraphDef graph;
  GraphDef other;
  if (!parse(a, a_size, &graph) || !parse(b, b_size, &other)) return 0;
  thaw::fuzz::GraphMutator(seed).graft(graph, other);
  return write(graph, out, max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto budget = std::make_shared<thaw::MemoryBudget>(kMemory);
  const thaw::MemoryScope memory(budget);
  thaw::StopSignal signal;
  signal.stop_after(kSeconds);
  const thaw::StopScope stop(&signal);
  try {
    thaw::ModelFile model;
    model.path = "fuzz.pb";
    thaw::read_graph_bytes({reinterpret_cast<const char*>(data), size}, "fuzz.pb", &model);
    run(std::move(model));
  } catch (const thaw::InternalError&) {
    throw;  // a bad file is never our own fault
  } catch (const thaw::Error&) {
  }
  return 0;
}
