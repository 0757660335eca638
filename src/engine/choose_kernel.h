// Which kernel runs a node.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/build_plan.h"

namespace thaw {

struct KernelChoice {
  Space space = Space::kHost;
  const KernelRow* row = nullptr;
  int threads = 0;  // Step::threads
  std::string why;  // what the passed-over rows said, "cpu.conv2d.avx512: groups; ..."
};

OpDesc describe(const Graph& graph, const Node& node);
// Rows that could run something and may not, and why.
using PassedOver = std::vector<std::pair<const KernelRow*, std::string>>;
// The first row that can there: the device's; the host's, then the reference kernel.
KernelChoice choose_kernel(const OpDesc& desc, const BuildContext& context, Space space,
                           const PassedOver& passed_over = {});
// Why no row of the device can, "null.Conv2D: groups; ..."; empty when one can.
std::string device_refusal(const OpDesc& desc, const BuildContext& context);
// Where a stored plan or a tuner has the node; nothing when neither says.
std::optional<Space> known_space(const Graph& graph, NodeId id, const BuildContext& context);
// Every row that can run it there, what choose_kernel takes first; the reference kernel only when
// there is no other.
std::vector<const KernelRow*> rows_for(const OpDesc& desc, const BuildContext& context,
                                       Space space);
// The row of that name. Throws InputError when there is none or it can't run this.
KernelChoice find_kernel(const std::string& name, const std::string& why, const OpDesc& desc,
                         const BuildContext& context);

}  // namespace thaw
