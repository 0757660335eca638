// Every row of the CUDA table against the reference kernel of its op, on random shapes and values,
// awkward ones included; where there is no GPU, that none is needed to say so.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <set>

#include "kernels/cuda/rows.h"
#include "kernels/evaluate.h"
#include "kernels/kernel_cases.h"
#include "kernels/kernel_difference.h"
#include "runtime/cuda/cuda_device.h"
#include "runtime/resident.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Why the rows can't be run here; empty where they can.
std::string refusal() {
  const std::string& driver = cuda::driver_or_refusal().refusal;
  return driver.empty() ? cuda::compiler_refusal() : driver;
}

// Keeps what a kernel packs, and gives it to the next kernel that is built.
class PiecesOnDevice : public BuildServices {
 public:
  PiecesOnDevice(Device& device, Queue& queue) : device_(device), queue_(queue) {}
  Tensor take(size_t bytes, const std::function<void(void*)>& fill) override {
    return make([&] {
      Tensor fresh = Tensor::empty(DType::kUInt8, {static_cast<int64_t>(bytes)});
      fill(fresh.raw());
      return fresh;
    });
  }
  Tensor make(const std::function<Tensor()>& make) override {
    if (next_ == pieces_.size()) pieces_.push_back(make());
    return pieces_[next_++];
  }
  Tensor resident(const Tensor& piece) override { return on_device(device_, queue_, piece); }
  void rewind() { next_ = 0; }

 private:
  Device& device_;
  Queue& queue_;
  std::vector<Tensor> pieces_;
  size_t next_ = 0;
};

// A tensor of NaN that has this one's shape.
Tensor spoiled(const Tensor& like) {
  Tensor t = Tensor::empty(like.dtype(), like.shape());
  if (t.num_bytes() > 0) std::memset(t.raw(), 0xFF, t.num_bytes());
  return t;
}

OpDesc describe_case(const Case& c) {
  OpDesc desc{c.op, {}, {}};
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const bool constant = i < c.constant.size() && c.constant[i];
    desc.inputs.push_back(
        {c.inputs[i].dtype(), c.inputs[i].shape(), constant ? &c.inputs[i] : nullptr});
  }
  for (const Tensor& t : evaluate(c.op, c.inputs))
    desc.outputs.push_back({t.dtype(), t.shape(), nullptr});
  return desc;
}

class Runner {
 public:
  Runner(Case c, Device& device, Queue& queue)
      : c_(std::move(c)),
        device_(device),
        queue_(queue),
        expected_(evaluate(c_.op, c_.inputs)),
        desc_(describe_case(c_)) {
    desc_.target = device.target();
  }

  const OpDesc& desc() const { return desc_; }

  // Builds the row's kernel and runs it, and again from its pieces.
  void check(const KernelRow& row) {
    PiecesOnDevice pieces(device_, queue_);
    OpDesc with_services = desc_;
    with_services.services = &pieces;
    std::unique_ptr<OpKernel> kernel = row.create(with_services);
    run(row, *kernel);
    std::vector<Tensor> without(desc_.inputs.size());
    for (size_t i = 0; i < desc_.inputs.size(); ++i) {
      if (desc_.inputs[i].constant == nullptr || !kernel->holds_constant(i)) continue;
      without[i] = spoiled(*desc_.inputs[i].constant);
      with_services.inputs[i].constant = &without[i];
    }
    pieces.rewind();
    kernel = row.create(with_services);
    run(row, *kernel);
  }

 private:
  void run(const KernelRow& row, OpKernel& kernel) {
    std::vector<Tensor> inputs;
    for (size_t i = 0; i < desc_.inputs.size(); ++i) {
      const bool held = desc_.inputs[i].constant != nullptr && kernel.holds_constant(i);
      inputs.push_back(held ? Tensor() : on_device(device_, queue_, c_.inputs[i]));
    }
    std::vector<Tensor> outputs;
    for (const Tensor& t : expected_) outputs.push_back(on_device(device_, queue_, spoiled(t)));
    RunContext context(nullptr, nullptr);
    context.bind(inputs, outputs);
    const auto scratch_bytes = static_cast<int64_t>(kernel.scratch_bytes(1));
    Tensor scratch;
    if (scratch_bytes > 0) {
      scratch = on_device(device_, queue_,
                          spoiled(Tensor::view(DType::kUInt8, {scratch_bytes}, nullptr)));
      context.set_scratch(scratch.raw(), scratch.num_bytes());
    }
    const std::string node = row.name;
    queue_.launch({&kernel, &context, &node});
    const Limits limits(c_, row.exactness(desc_));
    for (size_t i = 0; i < outputs.size(); ++i) {
      Tensor result = spoiled(expected_[i]);
      queue_.download(result.raw(), outputs[i].raw(), result.num_bytes());
      queue_.synchronize();
      EXPECT_EQ(difference(result, expected_[i], limits), "")
          << row.name << " output " << i << " on " << describe();
    }
  }

  std::string describe() const {
    std::string text = op_name(c_.op);
    for (const Tensor& t : c_.inputs) text += " " + t.str();
    return text + " -> " + expected_[0].str();
  }

  const Case c_;
  Device& device_;
  Queue& queue_;
  const std::vector<Tensor> expected_;
  OpDesc desc_;
};

// Layers as networks have them, which the general cases seldom are: channels in eights, several
// tiles, some with long sums.
Case wide_conv_case(Random& random) {
  Conv2D op;
  op.activation = random.activation();
  op.padding = Padding::kSame;
  const int64_t k = random.one_of<int64_t>({1, 1, 3});
  op.strides = {random.between(1, 2), random.between(1, 2)};
  const DType type = random.one_of({DType::kFloat16, DType::kFloat16, DType::kBFloat16});
  op.result = random.one_of({type, DType::kFloat32});
  const int64_t ci = 8 * random.one_of<int64_t>({1, 3, 4, 6, 12, 24, 48});
  const int64_t co = random.one_of<int64_t>({12, 24, 91, 96, 273, 8 * random.between(1, 40)});
  const int64_t size = ci > 100 ? random.between(1, 12) : random.one_of<int64_t>({5, 19, 40, 70});
  const Tensor x = random.ordinary_floats({random.between(1, 2), size, size, ci}, 1);
  Case c{op,
         {evaluate(Cast{type}, {x})[0], random.ordinary_floats({k, k, ci, co}, 0.1F),
          random.ordinary_floats({co}, 1)},
         {false, true, true}};
  if (random.chance(0.2)) c.inputs.pop_back();
  return c;
}

Case wide_depthwise_case(Random& random) {
  DepthwiseConv2D op;
  op.activation = random.activation();
  op.padding = random.one_of({Padding::kSame, Padding::kValid});
  op.strides = {random.between(1, 2), random.between(1, 2)};
  const DType type = random.one_of({DType::kFloat16, DType::kBFloat16, DType::kFloat32});
  op.result = type == DType::kFloat32 ? random.one_of({DType::kInvalid, DType::kFloat16})
                                      : random.one_of({type, DType::kFloat32});
  const int64_t channels = 4 * random.between(1, 20);
  const int64_t k = random.one_of<int64_t>({1, 3, 3, 5});
  const Tensor x = random.ordinary_floats(
      {random.between(1, 2), random.between(k, 20), random.between(k, 20), channels}, 1);
  return {op,
          {evaluate(Cast{type}, {x})[0], random.ordinary_floats({k, k, channels, 1}, 0.3F),
           random.ordinary_floats({channels}, 1)},
          {false, true, true}};
}

// Equal scores, equal boxes, NaN, more than a tile hides; as many boxes as detectors have.
Case hard_nms_case(Random& random) {
  MultiClassNms op;
  op.score_threshold = random.one_of({1e-8F, 0.0F, 0.4F});
  op.iou_threshold = random.one_of({0.6F, 0.3F, 1.0F, 0.0F});
  op.max_per_class = random.one_of<int64_t>({100, 20, 300});
  op.max_total = random.one_of<int64_t>({100, 300});
  op.background = 1;
  op.change_coordinate_frame = random.chance(0.3);
  const int64_t n = random.one_of<int64_t>({1917, 300, 40, 4500});
  const int64_t classes = random.between(1, 12);
  Tensor boxes = random.floats({1, n, 1, 4}, 0.3F);
  Tensor scores = random.floats({1, n, classes + 1}, 0.5F);
  const bool ties = random.chance(0.7);
  for (int64_t i = 0; ties && i < scores.num_elements(); ++i) {
    float& score = scores.data<float>()[i];
    score = std::round(std::fabs(score) * 20) / 20;
  }
  for (int64_t i = 0; i < n; ++i) {
    float* box = boxes.data<float>() + 4 * i;
    if (random.chance(0.3)) std::copy_n(boxes.data<float>() + 4 * random.between(0, i), 4, box);
    if (random.chance(0.5)) box[2] = box[0] + 0.2F, box[3] = box[1] + 0.2F;
  }
  Tensor window = Tensor::of<float>(DType::kFloat32, {1, 4}, {-0.5F, -0.5F, 1, 1});
  return {op, {boxes, scores, window, random.floats({1, n, 3})}, {}};
}

std::multimap<OpKind, Generator> all_cases() {
  std::multimap<OpKind, Generator> cases = kernel_cases();
  cases.insert({OpKind::kConv2D, wide_conv_case});
  cases.insert({OpKind::kDepthwiseConv2D, wide_depthwise_case});
  cases.insert({OpKind::kMultiClassNms, hard_nms_case});
  return cases;
}

TEST(CudaKernels, EveryRowHasCases) {
  for (const KernelRow& row : cuda::kernel_rows()) {
    const bool only_copies = row.op == OpKind::kReshape || row.op == OpKind::kSqueeze ||
                             row.op == OpKind::kExpandDims || row.op == OpKind::kTranspose;
    EXPECT_TRUE(only_copies || kernel_cases().count(row.op) > 0) << row.name;
  }
}

TEST(CudaKernels, RowsAgreeWithTheReference) {
  if (!refusal().empty()) GTEST_SKIP() << "no GPU to run them on: " << refusal();
  const char* text = std::getenv("THAW_KERNEL_CASES");
  const int cases = text == nullptr ? 40 : std::atoi(text);
  CudaDevice device(0);
  const std::unique_ptr<Queue> queue = device.create_queue();
  std::map<std::string, int> runs;
  std::set<OpKind> ops;
  for (const KernelRow& row : cuda::kernel_rows()) ops.insert(row.op);
  int which = 0;
  for (const auto& [kind, generator] : all_cases()) {
    const int first = 1000 * static_cast<int>(kind) + 100000 * which++;
    if (ops.count(kind) == 0) continue;
    std::vector<std::unique_ptr<Runner>> runners;
    std::vector<OpDesc> layers;
    for (int i = 0; i < cases; ++i) {
      Random random(static_cast<uint32_t>(first + i));
      runners.push_back(std::make_unique<Runner>(generator(random), device, *queue));
      layers.push_back(runners.back()->desc());
    }
    for (const KernelRow& row : cuda::kernel_rows()) {
      if (row.op != kind) continue;
      cuda::compile_ahead(cuda::codes_of(row.name, layers), device.target().architecture);
      for (int i = 0; i < cases; ++i) {
        SCOPED_TRACE(fmt::format("seed {}", first + i));
        if (!row.can_run(layers[static_cast<size_t>(i)]).empty()) continue;
        runners[static_cast<size_t>(i)]->check(row);
        ++runs[row.name];
        if (HasFailure()) break;
      }
    }
  }
  for (const auto& [name, count] : runs) fmt::print("{}: {} cases\n", name, count);
  for (const KernelRow& row : cuda::kernel_rows()) {
    if (kernel_cases().count(row.op) == 0) continue;
    EXPECT_GT(runs[row.name], 0) << row.name;
  }
}

// The code of every row is compiled for chips with and without tensor cores, GPU or not.
TEST(CudaKernels, CodeCompiles) {
  if (!cuda::compiler_refusal().empty()) GTEST_SKIP() << cuda::compiler_refusal();
  const std::multimap<OpKind, Generator> cases = all_cases();
  for (const int architecture : {75, 90}) {
    for (const KernelRow& row : cuda::kernel_rows()) {
      std::vector<OpDesc> layers;
      std::vector<std::unique_ptr<Case>> kept;
      const auto [begin, end] = cases.equal_range(row.op);
      for (auto at = begin; at != end; ++at) {
        Random random(5);
        for (size_t tries = 0; tries < 40 && layers.size() < 2; ++tries) {
          kept.push_back(std::make_unique<Case>(at->second(random)));
          OpDesc desc = describe_case(*kept.back());
          desc.target.architecture = architecture;
          if (row.can_run(desc).empty()) layers.push_back(desc);
        }
      }
      for (const cuda::Code& code : cuda::codes_of(row.name, layers))
        EXPECT_GT(cuda::compile(code, architecture).num_bytes(), 0U) << row.name;
    }
  }
}

TEST(CudaDevice, SaysWhyItIsNotThere) {
  if (refusal().empty()) GTEST_SKIP() << "there is a GPU";
  if (cuda::driver_or_refusal().refusal.empty()) GTEST_SKIP() << "only the compiler is missing";
  try {
    CudaDevice device(0);
    FAIL() << "made without a driver";
  } catch (const ResourceError& e) {
    EXPECT_NE(std::string(e.what()).find("device cuda: "), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace thaw
