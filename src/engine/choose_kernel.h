// Which kernel runs a node.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/build_plan.h"

namespace thaw {

struct KernelChoice {
  Space space = Space::kHost;
  const KernelEntry* entry = nullptr;
  int threads = 0;  // Step::threads
  std::string why;  // what the passed-over rows said, "cpu.conv2d.avx512: groups; ..."
};

OpDesc describe(const Graph& graph, const Node& node);
// The first row that can: the device's, then the host's, then the reference kernel.
KernelChoice choose_kernel(const OpDesc& desc, const BuildContext& context);
// Every row that can run it in host memory, what choose_kernel takes first; the reference kernel
// only when there is no other. Empty when it runs on a device with memory of its own.
std::vector<const KernelEntry*> host_rows(const OpDesc& desc, const BuildContext& context);
// The row of that name. Throws InputError when there is none or it can't run this.
KernelChoice find_kernel(const std::string& name, const std::string& why, const OpDesc& desc,
                         const BuildContext& context);

}  // namespace thaw
