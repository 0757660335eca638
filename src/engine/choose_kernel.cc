#include "engine/choose_kernel.h"

#include <fmt/format.h>

#include "thaw/error.h"

namespace thaw {
namespace {

const KernelRow* first_that_can(KernelTable table, const OpDesc& desc,
                                const PassedOver& passed_over, std::string& why) {
  for (const KernelRow& row : table) {
    if (row.op != kind_of(desc.op)) continue;
    std::string reason = row.can_run ? row.can_run(desc) : std::string();
    for (const auto& [passed, passed_why] : passed_over)
      if (passed == &row) reason = passed_why;
    if (reason.empty()) return &row;
    if (!why.empty()) why += "; ";
    why += fmt::format("{}: {}", row.name, reason);
  }
  return nullptr;
}

const KernelRow* row_named(KernelTable table, OpKind op, const std::string& name) {
  for (const KernelRow& row : table)
    if (row.op == op && name == row.name) return &row;
  return nullptr;
}

}  // namespace

OpDesc describe(const Graph& graph, const Node& node) {
  OpDesc desc{node.op, {}, {}};
  for (ValueId v : node.inputs) {
    const TensorType& type = graph.value(v).type;
    desc.inputs.push_back({type.dtype, type.shape, graph.constant_value(v)});
  }
  for (ValueId v : node.outputs) {
    const TensorType& type = graph.value(v).type;
    desc.outputs.push_back({type.dtype, type.shape, nullptr});
  }
  return desc;
}

KernelChoice choose_kernel(const OpDesc& desc, const BuildContext& context, Space space,
                           const PassedOver& passed_over) {
  KernelChoice choice;
  choice.space = space;
  if (space == Space::kDevice) {
    choice.row = first_that_can(context.device->kernels(), desc, passed_over, choice.why);
  } else {
    choice.row = first_that_can(context.host_kernels, desc, passed_over, choice.why);
    if (!choice.row) choice.row = first_that_can(ref_kernels(), desc, passed_over, choice.why);
  }
  if (!choice.row && !passed_over.empty())
    throw ResourceError(fmt::format("no kernel runs {} ({})", op_name(desc.op), choice.why));
  if (!choice.row)
    throw InternalError(fmt::format("no kernel runs {} ({})", op_name(desc.op), choice.why));
  return choice;
}

std::string device_refusal(const OpDesc& desc, const BuildContext& context) {
  std::string why;
  if (first_that_can(context.device->kernels(), desc, {}, why)) return {};
  return why.empty()
             ? fmt::format("{} has no kernel for {}", context.device->name(), op_name(desc.op))
             : why;
}

std::optional<Space> known_space(const Graph& graph, NodeId id, const BuildContext& context) {
  std::string name;
  if (context.prepared) {
    const auto found = context.prepared->find({&graph, id});
    if (found != context.prepared->end()) name = found->second.name;
  } else if (context.tuned) {
    const auto found = context.tuned->layers.find({&graph, id});
    if (found != context.tuned->layers.end()) name = found->second.name;
  }
  if (name.empty()) return std::nullopt;
  const OpKind op = kind_of(graph.node(id).op);
  return row_named(context.device->kernels(), op, name) ? Space::kDevice : Space::kHost;
}

std::vector<const KernelRow*> rows_for(const OpDesc& desc, const BuildContext& context,
                                       Space space) {
  std::vector<const KernelRow*> rows;
  const auto add = [&](KernelTable table) {
    for (const KernelRow& row : table)
      if (row.op == kind_of(desc.op) && (!row.can_run || row.can_run(desc).empty()))
        rows.push_back(&row);
  };
  if (space == Space::kDevice) {
    add(context.device->kernels());
    return rows;
  }
  add(context.host_kernels);
  for (const KernelTable& table : context.optional) add(table);
  if (rows.empty()) add(ref_kernels());
  return rows;
}

KernelChoice find_kernel(const std::string& name, const std::string& why, const OpDesc& desc,
                         const BuildContext& context) {
  KernelChoice choice;
  choice.why = why;
  const OpKind op = kind_of(desc.op);
  if (!context.device->shares_host_memory()) {
    choice.row = row_named(context.device->kernels(), op, name);
    if (choice.row) choice.space = Space::kDevice;
  }
  if (!choice.row) choice.row = row_named(context.host_kernels, op, name);
  for (const KernelTable& table : context.optional)
    if (!choice.row) choice.row = row_named(table, op, name);
  if (!choice.row) choice.row = row_named(ref_kernels(), op, name);
  if (!choice.row)
    throw InputError(
        fmt::format("there is no kernel {} for {} on this machine", name, op_name(op)));
  const std::string reason = choice.row->can_run ? choice.row->can_run(desc) : std::string();
  if (!reason.empty()) throw InputError(fmt::format("kernel {}: {}", name, reason));
  return choice;
}

}  // namespace thaw
