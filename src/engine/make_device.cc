#include "engine/make_device.h"

#include <fmt/format.h>

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

}  // namespace thaw
