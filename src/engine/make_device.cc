#include "engine/make_device.h"

#include <fmt/format.h>

#include "base/cpu_features.h"
#include "runtime/null_device.h"
#include "thaw/error.h"

namespace thaw {

std::unique_ptr<Device> make_device(const std::string& name) {
  if (name == "auto" || name == "cpu") return make_cpu_device();
  if (name == "ref") return make_ref_device();
  if (name == "null") return std::make_unique<NullDevice>();
  if (name == "cuda")
    throw ResourceError("device cuda: this build of thaw runs on the CPU only; use --device cpu");
  throw UsageError(fmt::format("device '{}' is not known: auto, cpu, ref and null are", name));
}

namespace {

// float32 and what the processor has instructions for.
std::vector<Precision> fast_precisions() {
  std::vector<Precision> fast{Precision::kFloat32};
  const auto add_if = [&](Precision precision, bool x86, bool arm) {
    if (x86 || arm) fast.push_back(precision);
  };
  add_if(Precision::kFloat16, isa_enabled(Isa::kAmx), isa_enabled(Isa::kNeonFp16));
  add_if(Precision::kBFloat16, isa_enabled(Isa::kAvx512Bf16), isa_enabled(Isa::kNeonI8mm));
  add_if(Precision::kInt8, isa_enabled(Isa::kAvx512Vnni), isa_enabled(Isa::kNeonDot));
  return fast;
}

}  // namespace

DeviceInfo describe_device(const std::string& name) {
  const std::unique_ptr<Device> device = make_device(name);
  return {device->name(), device->model(), device->identity(), device->memory_bytes(),
          fast_precisions()};
}

std::vector<DeviceInfo> devices() { return {describe_device("cpu")}; }

}  // namespace thaw
