#include "engine/build_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <new>
#include <stdexcept>

#include "base/memory_budget.h"
#include "base/zero_pages.h"
#include "engine/choose_kernel.h"
#include "engine/cost.h"
#include "engine/memory_plan.h"
#include "engine/schedule.h"
#include "graph/text.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr uint32_t kNoSlot = ~uint32_t{0};

bool works_on_lists(OpKind kind) {
  switch (kind) {
    case OpKind::kListReserve:
    case OpKind::kListFromTensor:
    case OpKind::kListGet:
    case OpKind::kListSet:
    case OpKind::kListPushBack:
    case OpKind::kListStack:
    case OpKind::kListGather:
    case OpKind::kListScatter:
    case OpKind::kListLength:
      return true;
    default:
      return false;
  }
}

// The output is the first input's memory under another shape.
bool only_renames(OpKind kind) {
  return kind == OpKind::kIdentity || kind == OpKind::kReshape || kind == OpKind::kSqueeze ||
         kind == OpKind::kExpandDims;
}

// Gives the pieces of an earlier build while there are any, and keeps those it gives.
class KernelWeights : public BuildServices {
 public:
  KernelWeights(const std::vector<Tensor>& ready, bool may_fill)
      : ready_(ready), may_fill_(may_fill) {}

  Tensor take(size_t bytes, const std::function<void(void*)>& fill) override {
    const Tensor piece = make([&] {
      Tensor fresh = Tensor::empty(DType::kUInt8, {static_cast<int64_t>(bytes)});
      fill(fresh.raw());
      return fresh;
    });
    if (piece.num_bytes() != bytes)
      throw InputError(
          fmt::format("packed weights of {} bytes, {} were expected", piece.num_bytes(), bytes));
    return piece;
  }
  Tensor make(const std::function<Tensor()>& make) override {
    const size_t i = taken_.size();
    if (i < ready_.size())
      taken_.push_back(ready_[i]);
    else if (!ready_.empty())
      throw InputError(fmt::format("{} packed weights, more were expected", ready_.size()));
    else if (!may_fill_)
      throw InputError("no packed weights, and none to pack");
    else
      taken_.push_back(make());
    return taken_.back();
  }
  Tensor resident(const Tensor& piece) override { return piece; }
  const std::vector<Tensor>& taken() const { return taken_; }
  void check_all_taken() const {
    if (taken_.size() < ready_.size())
      throw InputError(
          fmt::format("{} packed weights, {} were expected", ready_.size(), taken_.size()));
  }

 private:
  const std::vector<Tensor>& ready_;
  const bool may_fill_;
  std::vector<Tensor> taken_;
};

double mib(size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

// A place in a slot's memory.
struct Piece {
  uint32_t slot = kNoSlot;
  size_t offset = 0;  // bytes
};

// Whether a concatenation's pieces lie one after the other in its result: it has nothing to
// repeat, all dimensions before the axis being 1.
bool joins_in_a_row(const Graph& graph, const Node& node) {
  const Tensor* axis = graph.constant_value(node.inputs.back());
  const Shape& shape = graph.value(node.outputs[0]).type.shape;
  if (!axis || !shape.is_static() || shape.num_elements() == 0) return false;
  const int64_t at = axis->int_at(0) < 0 ? axis->int_at(0) + shape.rank() : axis->int_at(0);
  for (int64_t i = 0; i < at; ++i)
    if (shape[static_cast<int>(i)] != 1) return false;
  return true;
}

class PlanBuilder {
 public:
  PlanBuilder(const Graph& graph, const BuildContext& context, bool nested)
      : graph_(graph), context_(context), nested_(nested), plan_(std::make_unique<Plan>()) {}

  std::unique_ptr<Plan> build();

 private:
  void add_inputs();
  void mark_heap_values(const std::vector<NodeId>& order);
  void add_node(NodeId id);
  bool blank_absent(OpDesc& desc);
  void check_size(ValueId value) const;
  void check_memory() const;
  const PreparedKernel* prepared_kernel(NodeId id) const;
  KernelChoice choose(NodeId id, const OpDesc& desc, const PreparedKernel* prepared) const;
  std::unique_ptr<OpKernel> make_kernel(NodeId id, const KernelChoice& choice, OpDesc& desc,
                                        const PreparedKernel* prepared, bool may_pack);
  void add_nested(Step& step, const Node& node);
  bool add_alias(const Node& node, Space space);
  bool add_joined(const Node& node, Space space);
  void finish_step(Step step, const Node& node, Space space);
  Slot slot_of(ValueId value, SlotKind kind, Space space) const;
  uint32_t add_slot(Slot slot);
  uint32_t slot_in(ValueId value, Space space);
  uint32_t constant_slot(ValueId value, Space space, const Tensor& constant);
  uint32_t copy_to(ValueId value, Space space);
  SlotKind kind_for(ValueId value) const;
  void add_outputs();
  Piece place_of(uint32_t slot) const;
  void plan_arenas();
  void plan_releases();
  void drop_held_constants();

  const Graph& graph_;
  const BuildContext& context_;
  const bool nested_;
  std::unique_ptr<Plan> plan_;
  std::vector<std::array<uint32_t, 2>> slots_;  // by value and space
  std::vector<bool> must_be_heap_;              // by value
  std::vector<uint32_t> root_;                  // by slot: the slot whose memory it shares
  std::vector<Piece> part_of_;                  // by slot: where in a joined slot it lies
  std::vector<Stage> stages_;
  Stage stage_ = Stage::kNetwork;
  std::shared_ptr<void> zeros_;  // what absent constants are read as
  size_t zero_bytes_ = 0;
  std::deque<Tensor> blanks_;
};

std::unique_ptr<Plan> PlanBuilder::build() {
  slots_.assign(graph_.num_values(), {kNoSlot, kNoSlot});
  const std::vector<NodeId> order = schedule(graph_);
  stages_ = find_stages(graph_, order);
  mark_heap_values(order);
  add_inputs();
  for (NodeId id : order) {
    stage_ = stages_[id];
    add_node(id);
  }
  add_outputs();
  plan_arenas();
  plan_releases();
  drop_held_constants();
  check_memory();
  plan_->is_static = std::none_of(plan_->slots.begin(), plan_->slots.end(),
                                  [](const Slot& s) { return s.kind == SlotKind::kHeap; }) &&
                     std::none_of(plan_->steps.begin(), plan_->steps.end(),
                                  [](const Step& s) { return s.first || s.second; });
  return std::move(plan_);
}

void PlanBuilder::add_inputs() {
  for (ValueId v : graph_.inputs()) {
    check_size(v);
    slots_[v][0] = add_slot(slot_of(v, SlotKind::kInput, Space::kHost));
    plan_->inputs.push_back(slots_[v][0]);
  }
}

// Lists and nested graphs keep what they are given beyond the step: it can't lie in the arena.
void PlanBuilder::mark_heap_values(const std::vector<NodeId>& order) {
  must_be_heap_.assign(graph_.num_values(), nested_);
  for (NodeId id : order) {
    const Node& node = graph_.node(id);
    if (!node.as<While>() && !node.as<If>() && !works_on_lists(kind_of(node.op))) continue;
    for (ValueId v : node.inputs) must_be_heap_[v] = true;
    for (ValueId v : node.outputs) must_be_heap_[v] = true;
  }
}

SlotKind PlanBuilder::kind_for(ValueId value) const {
  const TensorType& type = graph_.value(value).type;
  const bool planned =
      !must_be_heap_[value] && type.shape.is_static() && dtype_size(type.dtype) > 0;
  return planned ? SlotKind::kArena : SlotKind::kHeap;
}

// Whether a tensor of the value's type can be at all, before anything is made for it.
void PlanBuilder::check_size(ValueId value) const {
  const TensorType& type = graph_.value(value).type;
  if (!type.shape.is_static()) return;
  const size_t bytes = tensor_bytes(type.dtype, type.shape);
  if (context_.memory_limit == 0 || bytes <= context_.memory_limit) return;
  throw ResourceError(fmt::format("node '{}': {} needs {:.1f} MiB, the limit is {:.1f} MiB",
                                  graph_.value_name(value), type.str(), mib(bytes),
                                  mib(context_.memory_limit)));
}

Slot PlanBuilder::slot_of(ValueId value, SlotKind kind, Space space) const {
  Slot slot;
  slot.kind = kind;
  slot.space = space;
  slot.dtype = graph_.value(value).type.dtype;
  slot.shape = graph_.value(value).type.shape;
  return slot;
}

uint32_t PlanBuilder::add_slot(Slot slot) {
  plan_->slots.push_back(std::move(slot));
  root_.push_back(static_cast<uint32_t>(root_.size()));
  part_of_.emplace_back();
  return root_.back();
}

uint32_t PlanBuilder::constant_slot(ValueId value, Space space, const Tensor& constant) {
  Slot slot;
  slot.kind = SlotKind::kConstant;
  slot.space = space;
  slot.dtype = constant.dtype();
  slot.shape = constant.shape();
  slot.constant = constant;
  return slots_[value][static_cast<size_t>(space)] = add_slot(std::move(slot));
}

// The value's slot in that memory; copies it over when it lies in the other.
uint32_t PlanBuilder::slot_in(ValueId value, Space space) {
  const uint32_t slot = slots_[value][static_cast<size_t>(space)];
  if (slot != kNoSlot) return slot;
  if (const Tensor* constant = graph_.constant_value(value))
    return constant_slot(value, space, *constant);
  return copy_to(value, space);
}

uint32_t PlanBuilder::copy_to(ValueId value, Space space) {
  const bool up = space == Space::kDevice;
  Step step;
  step.kind = up ? StepKind::kUpload : StepKind::kDownload;
  step.stage = up ? Stage::kUpload : Stage::kDownload;
  step.space = space;
  step.inputs = {slots_[value][up ? 0 : 1]};
  step.outputs = {add_slot(slot_of(value, kind_for(value), space))};
  step.name = graph_.value_name(value);
  step.op = step.kernel_name = up ? "upload" : "download";
  plan_->steps.push_back(std::move(step));
  return slots_[value][static_cast<size_t>(space)] = plan_->steps.back().outputs[0];
}

void PlanBuilder::add_node(NodeId id) {
  const Node& node = graph_.node(id);
  if (node.as<Const>()) return;  // slots of constants are made by their readers
  for (ValueId v : node.outputs) check_size(v);
  Step step;
  if (node.as<While>() || node.as<If>()) {
    add_nested(step, node);
    return finish_step(std::move(step), node, Space::kHost);
  }
  OpDesc desc = describe(graph_, node);
  const PreparedKernel* prepared = prepared_kernel(id);
  const bool may_pack = !blank_absent(desc);
  const KernelChoice choice = choose(id, desc, prepared);
  if (add_alias(node, choice.space) || add_joined(node, choice.space)) {
    if (context_.record) (*context_.record)[{&graph_, id}] = {choice.entry->name, {}, {}, {}, 0};
    return;
  }
  try {
    step.kernel = make_kernel(id, choice, desc, prepared, may_pack);
  } catch (const InputError& e) {
    throw InputError(fmt::format("node '{}': {}", node.name, e.what()));
  } catch (const ResourceError& e) {
    throw ResourceError(fmt::format("node '{}': {}", node.name, e.what()));
  } catch (const std::bad_alloc&) {
    throw ResourceError(fmt::format("no memory for the kernel of node '{}'", node.name));
  } catch (const std::length_error&) {
    throw ResourceError(fmt::format("no memory for the kernel of node '{}'", node.name));
  }
  step.kernel_name = choice.entry->name;
  step.why = choice.why;
  step.threads = choice.threads;
  step.macs = std::max<int64_t>(count_macs(graph_, node), 0);
  if (step.macs > 0) {
    step.numbers = multiplied_numbers(graph_, node);
    step.product = matrix_product(graph_, node);
  }
  finish_step(std::move(step), node, choice.space);
}

// A constant that packed weights alone stand for has no memory. Who reads its elements all the
// same, in whatever a file calls the right kernel, finds zeros; drop_held_constants then refuses
// it.
bool PlanBuilder::blank_absent(OpDesc& desc) {
  bool any = false;
  for (TensorDesc& input : desc.inputs) {
    if (input.constant == nullptr || !is_absent(*input.constant)) continue;
    any = true;
    const size_t bytes = input.constant->num_bytes();
    if (bytes > zero_bytes_) zeros_ = zero_pages(zero_bytes_ = bytes);
    blanks_.push_back(Tensor::share(input.dtype, input.shape, zeros_.get(), zeros_));
    input.constant = &blanks_.back();
  }
  return any;
}

const PreparedKernel* PlanBuilder::prepared_kernel(NodeId id) const {
  if (!context_.prepared) return nullptr;
  const auto found = context_.prepared->find({&graph_, id});
  if (found == context_.prepared->end())
    throw InputError(fmt::format("no kernel was prepared for node '{}'", graph_.node(id).name));
  return &found->second;
}

KernelChoice PlanBuilder::choose(NodeId id, const OpDesc& desc,
                                 const PreparedKernel* prepared) const {
  KernelChoice choice;
  if (prepared) {
    choice = find_kernel(prepared->name, prepared->why, desc, context_);
    choice.threads = prepared->threads;
    return choice;
  }
  if (!context_.tuned) return choose_kernel(desc, context_);
  const auto found = context_.tuned->layers.find({&graph_, id});
  choice = found == context_.tuned->layers.end()
               ? choose_kernel(desc, context_)
               : find_kernel(found->second.name, found->second.why, desc, context_);
  choice.threads = context_.tuned->threads;
  return choice;
}

std::unique_ptr<OpKernel> PlanBuilder::make_kernel(NodeId id, const KernelChoice& choice,
                                                   OpDesc& desc, const PreparedKernel* prepared,
                                                   bool may_pack) {
  static const std::vector<Tensor> kNothing;
  KernelWeights weights(prepared ? prepared->packed : kNothing, may_pack);
  desc.services = &weights;
  std::unique_ptr<OpKernel> kernel = choice.entry->create(desc);
  weights.check_all_taken();
  if (!context_.record) return kernel;
  PreparedKernel record{choice.entry->name, choice.why, weights.taken(), {}, choice.threads};
  for (size_t i = 0; i < desc.inputs.size(); ++i)
    record.held.push_back(!record.packed.empty() && desc.inputs[i].constant != nullptr &&
                          kernel->holds_constant(i));
  (*context_.record)[{&graph_, id}] = std::move(record);
  return kernel;
}

void PlanBuilder::add_nested(Step& step, const Node& node) {
  const auto nested = [this](GraphRef ref) {
    return PlanBuilder(graph_.subgraph(ref), context_, true).build();
  };
  const auto* loop = node.as<While>();
  step.kind = loop ? StepKind::kWhile : StepKind::kIf;
  step.first = nested(loop ? loop->cond : node.as<If>()->then_branch);
  step.second = nested(loop ? loop->body : node.as<If>()->else_branch);
  step.kernel_name = "runtime";
}

// A planned tensor under another shape needs no step.
bool PlanBuilder::add_alias(const Node& node, Space space) {
  if (!only_renames(kind_of(node.op)) || kind_for(node.outputs[0]) != SlotKind::kArena ||
      graph_.constant_value(node.inputs[0]))
    return false;
  const uint32_t source = slot_in(node.inputs[0], space);
  if (plan_->slots[source].kind != SlotKind::kArena) return false;
  Slot slot = plan_->slots[source];
  slot.shape = graph_.value(node.outputs[0]).type.shape;
  const uint32_t alias = add_slot(slot);
  root_[alias] = root_[source];
  slots_[node.outputs[0]][static_cast<size_t>(space)] = alias;
  return true;
}

// A concatenation needs no step when the steps before write their results where it wants them. A
// buffer can be at one place only, and constants and inputs are where they are.
bool PlanBuilder::add_joined(const Node& node, Space space) {
  if (!std::holds_alternative<Concat>(node.op) || !joins_in_a_row(graph_, node) ||
      kind_for(node.outputs[0]) != SlotKind::kArena)
    return false;
  std::vector<uint32_t> parts;
  for (size_t i = 0; i + 1 < node.inputs.size(); ++i) {
    const uint32_t slot = slots_[node.inputs[i]][static_cast<size_t>(space)];
    if (slot == kNoSlot || plan_->slots[slot].kind != SlotKind::kArena) return false;
    const uint32_t root = root_[slot];
    if (part_of_[root].slot != kNoSlot ||
        std::find(parts.begin(), parts.end(), root) != parts.end())
      return false;
    parts.push_back(root);
  }
  const uint32_t joined = add_slot(slot_of(node.outputs[0], SlotKind::kArena, space));
  slots_[node.outputs[0]][static_cast<size_t>(space)] = joined;
  size_t offset = 0;
  for (uint32_t part : parts) {
    part_of_[part] = {joined, offset};
    offset += tensor_bytes(plan_->slots[part].dtype, plan_->slots[part].shape);
  }
  return true;
}

// Where the slot's memory begins in the slot that owns it.
Piece PlanBuilder::place_of(uint32_t slot) const {
  Piece place{root_[slot], 0};
  while (part_of_[place.slot].slot != kNoSlot) {
    place.offset += part_of_[place.slot].offset;
    place.slot = root_[part_of_[place.slot].slot];
  }
  return place;
}

void PlanBuilder::finish_step(Step step, const Node& node, Space space) {
  for (ValueId v : node.inputs) step.inputs.push_back(slot_in(v, space));
  for (ValueId v : node.outputs)
    step.outputs.push_back(slots_[v][static_cast<size_t>(space)] =
                               add_slot(slot_of(v, kind_for(v), space)));
  step.space = space;
  step.stage = stage_;
  step.name = node.name;
  step.op = op_text(node.op);
  plan_->steps.push_back(std::move(step));
}

void PlanBuilder::add_outputs() {
  for (const GraphOutput& output : graph_.outputs())
    plan_->outputs.push_back(slot_in(output.value, Space::kHost));
}

void PlanBuilder::plan_arenas() {
  const size_t end = plan_->steps.size();
  std::vector<Lifetime> lives(plan_->slots.size(), Lifetime{0, end, 0});
  const auto touch = [&](uint32_t slot, size_t step) {
    Lifetime& life = lives[place_of(slot).slot];
    life.first = std::min(life.first, step);
    life.last = std::max(life.last, step);
  };
  for (size_t i = 0; i < end; ++i) {
    for (uint32_t s : plan_->steps[i].inputs) touch(s, i);
    for (uint32_t s : plan_->steps[i].outputs) touch(s, i);
  }
  for (uint32_t s : plan_->outputs) touch(s, end);
  for (int space = 0; space < 2; ++space) {
    std::vector<Lifetime> mine;
    std::vector<uint32_t> owners;
    for (uint32_t s = 0; s < plan_->slots.size(); ++s) {
      const Slot& slot = plan_->slots[s];
      if (slot.kind != SlotKind::kArena || place_of(s).slot != s ||
          static_cast<int>(slot.space) != space)
        continue;
      lives[s].bytes = tensor_bytes(slot.dtype, slot.shape);
      mine.push_back(lives[s]);
      owners.push_back(s);
    }
    const MemoryPlan memory = plan_memory(mine);
    for (size_t i = 0; i < owners.size(); ++i) plan_->slots[owners[i]].offset = memory.offsets[i];
    plan_->arena_bytes[space] = memory.bytes;
  }
  for (uint32_t s = 0; s < plan_->slots.size(); ++s) {
    const Piece place = place_of(s);
    if (plan_->slots[s].kind == SlotKind::kArena && place.slot != s)
      plan_->slots[s].offset = plan_->slots[place.slot].offset + place.offset;
  }
}

void PlanBuilder::plan_releases() {
  std::vector<bool> released(plan_->slots.size(), false);
  for (uint32_t s : plan_->outputs) released[s] = true;
  for (uint32_t s = 0; s < plan_->slots.size(); ++s) {
    const SlotKind kind = plan_->slots[s].kind;
    if (kind != SlotKind::kHeap && !(kind == SlotKind::kInput && nested_)) released[s] = true;
  }
  const auto release = [&](Step& step, const std::vector<uint32_t>& slots) {
    for (uint32_t s : slots) {
      if (released[s]) continue;
      released[s] = true;
      step.release.push_back(s);
    }
  };
  for (size_t i = plan_->steps.size(); i-- > 0;) {
    release(plan_->steps[i], plan_->steps[i].inputs);
    release(plan_->steps[i], plan_->steps[i].outputs);
  }
}

void PlanBuilder::check_memory() const {
  const size_t need = plan_->bytes();
  if (context_.memory_limit == 0 || need <= context_.memory_limit) return;
  size_t most = 0;
  std::string largest;
  for (ValueId v = 0; v < graph_.num_values(); ++v) {
    const TensorType& type = graph_.value(v).type;
    const bool used = slots_[v][0] != kNoSlot || slots_[v][1] != kNoSlot;
    if (!used || !type.shape.is_static() || tensor_bytes(type.dtype, type.shape) <= most) continue;
    most = tensor_bytes(type.dtype, type.shape);
    largest = fmt::format("{} of node '{}'", type.str(), graph_.value_name(v));
  }
  throw ResourceError(
      fmt::format("the plan needs {:.1f} MiB, the limit is {:.1f} MiB; a smaller batch or input "
                  "needs less; its largest tensor is {}",
                  mib(need), mib(context_.memory_limit), largest));
}

// A constant that every reader keeps in a form of its own needs no second copy.
void PlanBuilder::drop_held_constants() {
  std::vector<bool> needed(plan_->slots.size(), false);
  for (uint32_t s : plan_->outputs) needed[s] = true;
  for (const Step& step : plan_->steps)
    for (size_t i = 0; i < step.inputs.size(); ++i)
      if (!step.kernel || !step.kernel->holds_constant(i)) needed[step.inputs[i]] = true;
  for (size_t s = 0; s < plan_->slots.size(); ++s) {
    Slot& slot = plan_->slots[s];
    if (slot.kind != SlotKind::kConstant) continue;
    if (needed[s] && is_absent(slot.constant))
      throw InputError(fmt::format("the contents of a constant {} are needed and not there",
                                   slot.constant.str()));
    if (needed[s])
      plan_->constant_bytes += slot.constant.num_bytes();
    else
      slot.constant = Tensor();
  }
  for (const Step& step : plan_->steps)
    if (step.kernel) plan_->constant_bytes += step.kernel->bytes();
}

}  // namespace

bool is_absent(const Tensor& constant) {
  return constant.raw() == nullptr && constant.num_elements() > 0;
}

bool is_held(const Graph& graph, NodeId id, const PreparedKernels& kernels) {
  const Node& node = graph.node(id);
  const ValueId value = node.outputs[0];
  if (graph.is_output(value) || graph.value(value).users.empty()) return false;
  for (NodeId user : graph.value(value).users) {
    const auto found = kernels.find({&graph, user});
    if (found == kernels.end() || found->second.packed.empty()) return false;
    const std::vector<ValueId>& inputs = graph.node(user).inputs;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] == value && (i >= found->second.held.size() || !found->second.held[i]))
        return false;
  }
  return true;
}

void drop_held_constants(Graph& graph, const PreparedKernels& kernels) {
  for (size_t i = 0; i < graph.num_subgraphs(); ++i)
    drop_held_constants(graph.subgraph({static_cast<int64_t>(i)}), kernels);
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (!graph.node(id).alive || !graph.node(id).as<Const>() || !is_held(graph, id, kernels))
      continue;
    Tensor& value = std::get<Const>(graph.op(id)).value;
    value = Tensor::view(value.dtype(), value.shape(), nullptr);
  }
}

std::unique_ptr<Plan> build_plan(const Graph& graph, const BuildContext& context) {
  return PlanBuilder(graph, context, false).build();
}

}  // namespace thaw
