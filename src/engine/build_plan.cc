#include "engine/build_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <new>
#include <stdexcept>

#include "base/memory_budget.h"
#include "base/zero_pages.h"
#include "engine/choose_kernel.h"
#include "engine/cost.h"
#include "engine/place_nodes.h"
#include "engine/plan_slots.h"
#include "engine/schedule.h"
#include "graph/text.h"
#include "ops/traits.h"
#include "thaw/error.h"

namespace thaw {
namespace {

double mib(size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

class PlanBuilder {
 public:
  PlanBuilder(const Graph& graph, const BuildContext& context, bool nested)
      : graph_(graph),
        context_(context),
        nested_(nested),
        plan_(std::make_unique<Plan>()),
        placement_(place_nodes(graph, schedule(graph), context, nested)),
        slots_(graph, placement_.order, nested, *plan_),
        stages_(find_stages(graph, placement_.order)) {}

  std::unique_ptr<Plan> build();

 private:
  void prepare_code() const;
  void add_inputs();
  void add_node(NodeId id);
  void add_outputs();
  bool blank_absent(OpDesc& desc);
  void check_size(ValueId value) const;
  void check_memory() const;
  const PreparedKernel* prepared_kernel(NodeId id) const;
  KernelChoice choose(NodeId id, const OpDesc& desc, const PreparedKernel* prepared) const;
  std::unique_ptr<OpKernel> make_kernel(NodeId id, const KernelChoice& choice, OpDesc& desc,
                                        const PreparedKernel* prepared, bool may_pack);
  void add_kernel(NodeId id, Step& step);
  void fit_workspace(NodeId id, Step& step, KernelChoice& choice, OpDesc& desc,
                     const PreparedKernel* prepared);
  void check_strict(const Step& step) const;
  bool add_without_step(const Node& node, Space space);
  void add_nested(Step& step, const Node& node);
  void finish_step(Step step, NodeId id);
  void add_scratch(Step& step);
  uint32_t slot_in(ValueId value, Space space);
  uint32_t copy_to(ValueId value, Space space);
  void begin_segment(Space space, const std::string& why);
  void end_segment();
  bool is_wanted_on_host(ValueId value) const;
  void drop_empty_segments();
  void find_waits();
  ResidentConstants& resident();
  void settle_constants();

  const Graph& graph_;
  const BuildContext& context_;
  const bool nested_;
  std::unique_ptr<Plan> plan_;
  const Placement placement_;
  PlanSlots slots_;
  const std::vector<Stage> stages_;
  std::vector<ValueId> made_here_;   // in the device's segment that is being built
  uint32_t host_scratch_ = kNoSlot;  // of all steps on the host
  std::shared_ptr<void> zeros_;      // what absent constants are read as
  size_t zero_bytes_ = 0;
  std::deque<Tensor> blanks_;
};

std::unique_ptr<Plan> PlanBuilder::build() {
  prepare_code();
  add_inputs();
  for (NodeId id : placement_.order)
    if (!graph_.node(id).as<Const>()) add_node(id);  // slots of constants are made by their readers
  add_outputs();
  drop_empty_segments();
  find_waits();
  plan_arenas(slots_, *plan_);
  plan_releases(nested_, *plan_);
  settle_constants();
  check_memory();
  plan_->is_static = std::none_of(plan_->slots.begin(), plan_->slots.end(),
                                  [](const Slot& s) { return s.kind == SlotKind::kHeap; }) &&
                     std::none_of(plan_->steps.begin(), plan_->steps.end(),
                                  [](const Step& s) { return s.first || s.second; });
  return std::move(plan_);
}

void PlanBuilder::prepare_code() const {
  if (context_.prepared) return;
  std::vector<OpDesc> layers;
  for (NodeId id : placement_.order) {
    const Node& node = graph_.node(id);
    if (node.as<Const>() || placement_.spaces[id] == Space::kHost) continue;
    layers.push_back(describe(graph_, node));
    layers.back().target = context_.device->target();
  }
  if (!layers.empty()) context_.device->prepare_code(layers);
}

void PlanBuilder::add_inputs() {
  for (ValueId v : graph_.inputs()) {
    check_size(v);
    const Space space = nested_ ? Space::kHost : context_.inputs_in;
    plan_->inputs.push_back(slots_.add_for(v, SlotKind::kInput, space));
  }
}

// Whether a tensor of the value's type can be at all, before anything is made for it.
void PlanBuilder::check_size(ValueId value) const {
  const TensorType& type = graph_.value(value).type;
  if (!type.shape.is_static()) return;
  const size_t bytes = tensor_bytes(type.dtype, type.shape);
  if (context_.memory_limit == 0 || bytes <= context_.memory_limit) return;
  throw PlanTooLarge(fmt::format("node '{}': {} needs {:.1f} MiB, the limit is {:.1f} MiB",
                                 graph_.value_name(value), type.str(), mib(bytes),
                                 mib(context_.memory_limit)));
}

// The value's slot in that memory; copies it over when it lies in the other.
uint32_t PlanBuilder::slot_in(ValueId value, Space space) {
  const uint32_t slot = slots_.of(value, space);
  if (slot != kNoSlot) return slot;
  if (const Tensor* constant = graph_.constant_value(value))
    return slots_.add_constant(value, space, *constant);
  return copy_to(value, space);
}

uint32_t PlanBuilder::copy_to(ValueId value, Space space) {
  const bool up = space == Space::kDevice;
  Step step;
  step.kind = up ? StepKind::kUpload : StepKind::kDownload;
  step.stage = up ? Stage::kUpload : Stage::kDownload;
  step.space = Space::kDevice;
  step.inputs = {slots_.of(value, up ? Space::kHost : Space::kDevice)};
  step.outputs = {slots_.add_for(value, slots_.kind_for(value, space), space)};
  step.name = graph_.value_name(value);
  step.op = step.kernel_name = up ? "upload" : "download";
  plan_->steps.push_back(std::move(step));
  return plan_->steps.back().outputs[0];
}

void PlanBuilder::begin_segment(Space space, const std::string& why) {
  if (!plan_->segments.empty() && plan_->segments.back().space == space) return;
  end_segment();
  plan_->segments.push_back({space, plan_->steps.size(), plan_->steps.size(), {}, why});
}

bool PlanBuilder::is_wanted_on_host(ValueId value) const {
  if (graph_.is_output(value) && context_.outputs_in == Space::kHost) return true;
  const IdList& users = graph_.value(value).users;
  return std::any_of(users.begin(), users.end(), [&](NodeId user) {
    return graph_.node(user).alive && placement_.spaces[user] == Space::kHost;
  });
}

// What a device's segment has made for the host goes there with its end.
void PlanBuilder::end_segment() {
  for (ValueId v : made_here_)
    if (slots_.of(v, Space::kHost) == kNoSlot && is_wanted_on_host(v)) copy_to(v, Space::kHost);
  made_here_.clear();
  if (!plan_->segments.empty()) plan_->segments.back().end = plan_->steps.size();
}

void PlanBuilder::add_node(NodeId id) {
  const Node& node = graph_.node(id);
  const Space space = placement_.spaces[id];
  for (ValueId v : node.outputs) check_size(v);
  begin_segment(space, placement_.why[id]);
  if (space == Space::kDevice)
    made_here_.insert(made_here_.end(), node.outputs.begin(), node.outputs.end());
  Step step;
  if (node.as<While>() || node.as<If>()) {
    add_nested(step, node);
    return finish_step(std::move(step), id);
  }
  try {
    add_kernel(id, step);
  } catch (const InputError& e) {
    throw InputError(fmt::format("node '{}': {}", node.name, e.what()));
  } catch (const ResourceError& e) {
    throw ResourceError(fmt::format("node '{}': {}", node.name, e.what()));
  } catch (const std::bad_alloc&) {
    throw ResourceError(fmt::format("no memory for the kernel of node '{}'", node.name));
  } catch (const std::length_error&) {
    throw ResourceError(fmt::format("no memory for the kernel of node '{}'", node.name));
  }
  if (step.kernel) finish_step(std::move(step), id);
}

// Leaves the step without a kernel where the node needs none.
void PlanBuilder::add_kernel(NodeId id, Step& step) {
  const Node& node = graph_.node(id);
  OpDesc desc = describe(graph_, node);
  desc.target = context_.device->target();
  const PreparedKernel* prepared = prepared_kernel(id);
  const bool may_pack = !blank_absent(desc);
  KernelChoice choice = choose(id, desc, prepared);
  if (add_without_step(node, choice.space)) {
    if (context_.record) (*context_.record)[{&graph_, id}] = {choice.row->name, {}, {}, {}, 0};
    return;
  }
  step.kernel = make_kernel(id, choice, desc, prepared, may_pack);
  fit_workspace(id, step, choice, desc, prepared);
  step.kernel_name = choice.row->name;
  step.why = choice.why;
  if (step.why.empty()) step.why = placement_.why[id];
  step.threads = choice.threads;
  step.macs = std::max<int64_t>(count_macs(graph_, node), 0);
  if (step.macs > 0) {
    step.numbers = multiplied_numbers(graph_, node);
    step.product = matrix_product(graph_, node);
  }
}

// Takes the next rows while the kernel asks for more scratch than it may.
void PlanBuilder::fit_workspace(NodeId id, Step& step, KernelChoice& choice, OpDesc& desc,
                                const PreparedKernel* prepared) {
  if (context_.max_workspace_size == 0) return;
  PassedOver passed_over;
  for (;;) {
    const size_t bytes = step.kernel->scratch_bytes(context_.threads);
    if (bytes <= context_.max_workspace_size) return;
    const std::string why =
        fmt::format("asks for {:.3f} MiB of working memory, max_workspace_size is {:.3f} MiB",
                    mib(bytes), mib(context_.max_workspace_size));
    if (prepared) throw InputError(fmt::format("kernel {} {}", choice.row->name, why));
    passed_over.emplace_back(choice.row, why);
    const int threads = choice.threads;
    choice = choose_kernel(desc, context_, choice.space, passed_over);
    choice.threads = threads;
    step.kernel = make_kernel(id, choice, desc, nullptr, true);
  }
}

bool PlanBuilder::add_without_step(const Node& node, Space space) {
  if (slots_.add_joined(node, space)) return true;
  return traits(node.op).only_renames && !graph_.constant_value(node.inputs[0]) &&
         slots_.add_alias(node, space, slot_in(node.inputs[0], space));
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
  const Space space = placement_.spaces[id];
  KernelChoice choice;
  if (prepared) {
    choice = find_kernel(prepared->name, prepared->why, desc, context_);
    choice.threads = prepared->threads;
    return choice;
  }
  if (!context_.tuned) return choose_kernel(desc, context_, space);
  const auto found = context_.tuned->layers.find({&graph_, id});
  if (found != context_.tuned->layers.end())
    choice = find_kernel(found->second.name, found->second.why, desc, context_);
  if (!choice.row || choice.space != space) choice = choose_kernel(desc, context_, space);
  choice.threads = context_.tuned->threads;
  return choice;
}

std::unique_ptr<OpKernel> PlanBuilder::make_kernel(NodeId id, const KernelChoice& choice,
                                                   OpDesc& desc, const PreparedKernel* prepared,
                                                   bool may_pack) {
  static const std::vector<Tensor> kNothing;
  KernelPieces pieces(prepared ? prepared->packed : kNothing, may_pack,
                      choice.space == Space::kDevice ? &resident() : nullptr);
  desc.services = &pieces;
  std::unique_ptr<OpKernel> kernel = choice.row->create(desc);
  pieces.check_all_taken();
  if (!context_.record) return kernel;
  PreparedKernel record{choice.row->name, choice.why, pieces.taken(), {}, choice.threads};
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

void PlanBuilder::finish_step(Step step, NodeId id) {
  const Node& node = graph_.node(id);
  const Space space = placement_.spaces[id];
  for (ValueId v : node.inputs) step.inputs.push_back(slot_in(v, space));
  for (ValueId v : node.outputs)
    step.outputs.push_back(slots_.add_for(v, slots_.kind_for(v, space), space));
  step.space = space;
  step.stage = stages_[id];
  step.name = node.name;
  step.op = op_text(node.op);
  if (step.kernel) add_scratch(step);
  if (context_.strict) check_strict(step);
  plan_->steps.push_back(std::move(step));
}

// Reference kernels are slow; what they do to a few numbers does not matter.
void PlanBuilder::check_strict(const Step& step) const {
  constexpr int64_t kFewElements = 1024;
  const auto is_small = [&](uint32_t s) {
    const Shape& shape = plan_->slots[s].shape;
    return shape.is_static() && shape.num_elements() <= kFewElements;
  };
  if (step.kernel_name.rfind("ref.", 0) != 0 ||
      std::all_of(step.outputs.begin(), step.outputs.end(), is_small))
    return;
  throw InputError(
      fmt::format("node '{}': would run on the reference kernel {}, which strict does "
                  "not allow: {}",
                  step.name, step.kernel_name, step.why.empty() ? "there is no other" : step.why));
}

// Steps on the host share what is in the caches already; a device's have each their own, laid out
// with the other buffers, so that some may run side by side.
void PlanBuilder::add_scratch(Step& step) {
  const size_t bytes = step.kernel->scratch_bytes(context_.threads);
  if (bytes == 0) return;
  Slot slot{SlotKind::kArena, step.space, DType::kUInt8, {static_cast<int64_t>(bytes)}, 0, {}};
  if (nested_) return;  // many of them; the workspace serves
  if (step.space == Space::kDevice) {
    step.scratch = slots_.add(std::move(slot));
    return;
  }
  if (host_scratch_ == kNoSlot) host_scratch_ = slots_.add(slot);
  Shape& shape = plan_->slots[host_scratch_].shape;
  shape[0] = std::max(shape[0], slot.shape[0]);
  step.scratch = host_scratch_;
}

void PlanBuilder::add_outputs() {
  for (const GraphOutput& output : graph_.outputs()) {
    const Space space = nested_ ? Space::kHost : context_.outputs_in;
    if (slots_.of(output.value, space) == kNoSlot && !graph_.constant_value(output.value))
      begin_segment(Space::kDevice, {});  // an input that is an output on the other side
    plan_->outputs.push_back(slot_in(output.value, space));
  }
  end_segment();
}

// Nodes that need no step may have begun one.
void PlanBuilder::drop_empty_segments() {
  std::vector<Segment> kept;
  for (Segment& segment : plan_->segments) {
    if (segment.begin == segment.end) continue;
    if (!kept.empty() && kept.back().space == segment.space)
      kept.back().end = segment.end;
    else
      kept.push_back(std::move(segment));
  }
  plan_->segments = std::move(kept);
}

// A host segment waits for the device's segments whose results it reads, once for all.
void PlanBuilder::find_waits() {
  std::vector<std::optional<size_t>> copied_by(plan_->slots.size());  // segment, by owning slot
  for (size_t s = 0; s < plan_->segments.size(); ++s) {
    Segment& segment = plan_->segments[s];
    for (size_t i = segment.begin; i < segment.end; ++i) {
      const Step& step = plan_->steps[i];
      if (step.kind == StepKind::kDownload) copied_by[slots_.place_of(step.outputs[0]).slot] = s;
      if (segment.space == Space::kDevice) continue;
      for (uint32_t slot : step.inputs)
        segment.after = std::max(segment.after, copied_by[slots_.place_of(slot).slot]);
    }
  }
}

void PlanBuilder::check_memory() const {
  const size_t need = plan_->bytes();
  if (context_.memory_limit == 0 || need <= context_.memory_limit) return;
  size_t most = 0;
  std::string largest;
  for (ValueId v = 0; v < graph_.num_values(); ++v) {
    const TensorType& type = graph_.value(v).type;
    if (!slots_.used(v) || !type.shape.is_static() || tensor_bytes(type.dtype, type.shape) <= most)
      continue;
    most = tensor_bytes(type.dtype, type.shape);
    largest = fmt::format("{} of node '{}'", type.str(), graph_.value_name(v));
  }
  throw PlanTooLarge(
      fmt::format("the plan needs {:.1f} MiB, the limit is {:.1f} MiB; a smaller batch or input "
                  "needs less; its largest tensor is {}",
                  mib(need), mib(context_.memory_limit), largest));
}

ResidentConstants& PlanBuilder::resident() {
  if (!plan_->resident)
    plan_->resident = context_.resident ? context_.resident
                                        : std::make_shared<ResidentConstants>(*context_.device);
  return *plan_->resident;
}

// A constant that every reader keeps in a form of its own needs no second copy; what is read on a
// device lies there.
void PlanBuilder::settle_constants() {
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
    if (!needed[s]) {
      slot.constant = Tensor();
      continue;
    }
    plan_->constant_bytes += slot.constant.num_bytes();
    if (slot.space == Space::kDevice) slot.constant = resident().get(slot.constant);
  }
  for (const Step& step : plan_->steps)
    if (step.kernel) plan_->constant_bytes += step.kernel->bytes();
}

}  // namespace

std::unique_ptr<Plan> build_plan(const Graph& graph, const BuildContext& context) {
  return PlanBuilder(graph, context, false).build();
}

}  // namespace thaw
