// Plans: any bytes, and a plan as thaw writes it with changes, each 7 bytes of the input: where,
// what kind and with which number. The checksums are set right, so that what they guard is reached,
// and a plan that is taken is built and run.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "base/thread_pool.h"
#include "engine/build_engine.h"
#include "engine/plan_runner.h"
#include "engine/source_id.h"
#include "import/testing.h"
#include "tests/signed_plan.h"
#include "thaw/error.h"

namespace {

constexpr size_t kMaxArena = size_t{16} << 20;
constexpr size_t kChangeBytes = 7;

thaw::ValueId weights(thaw::Graph& graph, const thaw::Shape& shape) {
  thaw::Tensor tensor = thaw::Tensor::empty(thaw::DType::kFloat32, shape);
  for (int64_t i = 0; i < tensor.num_elements(); ++i)
    tensor.data<float>()[i] = static_cast<float>(i % 7) - 3;
  return graph.constant(std::move(tensor));
}

// Layers of kinds whose kernels pack weights, and strings.
thaw::Graph network() {
  thaw::Graph graph;
  thaw::ValueId x = graph.add_input("x", {thaw::DType::kFloat32, {1, 6, 6, 3}});
  thaw::Conv2D conv;
  conv.activation = thaw::Activation::kRelu6;
  x = graph.add(conv, {x, weights(graph, {3, 3, 3, 8}), weights(graph, {8})}, "conv");
  x = graph.add(thaw::DepthwiseConv2D(), {x, weights(graph, {3, 3, 8, 1})}, "depthwise");
  x = graph.add(thaw::Reshape(), {x, graph.constant_ints({4, 8})}, "rows");
  graph.add_output("scores", graph.add(thaw::MatMul(), {x, weights(graph, {8, 8})}, "dense"));
  const auto names = thaw::Tensor::of<std::string>(thaw::DType::kString, {2}, {"a", "b"});
  graph.add_output("names", graph.constant(names));
  return graph;
}

struct Plans {
  std::unique_ptr<thaw::Device> device = thaw::make_cpu_device();
  thaw::BuildContext context = thaw::kernels_for(*device, thaw::EngineOptions());
  thaw::ThreadPool pool{1};
  thaw::testing::PlanParts genuine;

  Plans() {
    thaw::PlanFile file;
    file.graph = std::make_unique<thaw::Graph>(
        thaw::optimised_graph(network(), {}, thaw::EngineOptions(), thaw::host_target()));
    file.facts.sources = thaw::source_id();
    thaw::BuildContext recording = context;
    recording.record = &file.kernels;
    file.step_ms.assign(thaw::build_plan(*file.graph, recording)->steps.size(), 1);
    const thaw::testing::TempFolder folder;
    thaw::write_plan_file(folder.file("plan"), file);
    genuine = thaw::testing::plan_parts(thaw::testing::read_bytes(folder.file("plan")));
  }

  void build_and_run(const std::string& bytes) {
    const thaw::PlanFile file = thaw::testing::parse_plan_copy(bytes);
    if (!file.graph) __builtin_trap();
    thaw::BuildContext prepared = context;
    prepared.prepared = &file.kernels;
    const std::unique_ptr<thaw::Plan> plan = thaw::build_plan(*file.graph, prepared);
    if (plan->arena_bytes[0] > kMaxArena) return;
    std::vector<thaw::Tensor> inputs;
    for (const uint32_t slot : plan->inputs) {
      if (!plan->slots[slot].shape.is_static() || thaw::dtype_size(plan->slots[slot].dtype) == 0)
        return;
      inputs.push_back(thaw::Tensor::zeros(plan->slots[slot].dtype, plan->slots[slot].shape));
    }
    thaw::PlanRunner(*plan, *device, pool).executor().run(inputs);
  }
};

uint32_t number_at(const uint8_t* data) {
  uint32_t number = 0;
  std::memcpy(&number, data, sizeof number);
  return number;
}

void change(std::string& text, const uint8_t* data) {
  // Behind what is in use are zeros.
  const size_t used = text.find_last_not_of('\0') + 1;
  if (used < 16) return;
  const size_t at = (data[0] | static_cast<size_t>(data[1]) << 8) % (used - 8);
  const uint32_t number = number_at(data + 3);
  const auto wide = static_cast<int64_t>(static_cast<int32_t>(number));
  const size_t length = number % 16 + 1;
  switch (data[2] % 7) {
    case 0:
      text[at] = static_cast<char>(number);
      return;
    case 1:
      std::memcpy(text.data() + at, &number, sizeof number);
      return;
    case 2:
      std::memcpy(text.data() + at, &wide, sizeof wide);
      return;
    case 3:
      text[at] = static_cast<char>(text[at] ^ 1 << number % 8);
      return;
    case 4:
      text.erase(at, length);
      return;
    case 5:
      text.insert(at, text, number / 16 % used, length);
      return;
    default:
      text.replace(at, length, text, number / 16 % used, length);
  }
}

// The genuine plan with the input's changes.
std::string changed(thaw::testing::PlanParts parts, const uint8_t* data, size_t size) {
  for (size_t i = 0; i + kChangeBytes <= size && i < 16 * kChangeBytes; i += kChangeBytes)
    change(parts.meta, data + i);
  return thaw::testing::signed_plan(parts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Plans plans;
  const std::string raw(reinterpret_cast<const char*>(data), size);
  for (const std::string& bytes : {raw, changed(plans.genuine, data, size)}) {
    try {
      plans.build_and_run(bytes);
    } catch (const thaw::InputError&) {
    } catch (const thaw::ResourceError&) {
    }
  }
  return 0;
}
