#include "runtime/cuda/cuda_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/cuda/cuda_queue.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Memory that a piece of work reads or writes.
struct Touched {
  uintptr_t begin;
  uintptr_t end;
  bool is_written;
};

void add_range(std::vector<Touched>& ranges, const void* memory, size_t bytes, bool is_written) {
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  if (memory != nullptr && bytes > 0) ranges.push_back({begin, begin + bytes, is_written});
}

std::vector<Touched> ranges_of(const Work& work) {
  std::vector<Touched> ranges;
  if (work.kind == Work::Kind::kLaunch) {
    RunContext& context = *work.launch.context;
    for (size_t i = 0; i < context.num_inputs(); ++i)
      add_range(ranges, context.input(i).raw(), context.input(i).num_bytes(), false);
    for (size_t i = 0; i < context.num_outputs(); ++i)
      add_range(ranges, context.output(i).raw(), context.output(i).num_bytes(), true);
    if (context.scratch_bytes() > 0)
      add_range(ranges, context.scratch(0), context.scratch_bytes(), true);
  } else if (work.kind == Work::Kind::kUpload) {
    add_range(ranges, work.to->raw(), work.to->num_bytes(), true);
  } else {
    add_range(ranges, work.from->raw(), work.from->num_bytes(), false);
  }
  return ranges;
}

bool conflict(const std::vector<Touched>& a, const std::vector<Touched>& b) {
  for (const Touched& x : a)
    for (const Touched& y : b)
      if ((x.is_written || y.is_written) && x.begin < y.end && y.begin < x.end) return true;
  return false;
}

}  // namespace

// A piece of work and the nodes that it became.
struct CudaGraph::Piece {
  Work work;
  std::vector<cuda::GraphNode> nodes;    // one after the other
  std::vector<cuda::GraphNode> done_by;  // what waits for the piece waits for these
  std::vector<cuda::DeviceLaunch> launches;
  void* host = nullptr;             // that the copy's node has
  std::shared_ptr<void> staging;    // where the host's memory moves
  std::vector<const void*> memory;  // of a launch, as its nodes have it

  bool is_copy() const { return work.kind != Work::Kind::kLaunch; }
  bool is_upload() const { return work.kind == Work::Kind::kUpload; }
  const Tensor& on_device() const { return is_upload() ? *work.to : *work.from; }
  void* on_host() const {
    return is_upload() ? const_cast<void*>(work.from->raw()) : work.to->raw();
  }

  std::vector<const void*> current_memory() const {
    std::vector<const void*> all;
    RunContext& context = *work.launch.context;
    for (size_t i = 0; i < context.num_inputs(); ++i) all.push_back(context.input(i).raw());
    for (size_t i = 0; i < context.num_outputs(); ++i) all.push_back(context.output(i).raw());
    return all;
  }
  void make_launches() {
    auto& kernel = static_cast<cuda::CudaKernel&>(*work.launch.kernel);
    launches = kernel.launches(*work.launch.context);
    memory = current_memory();
  }
};

namespace {

cuda::KernelNode kernel_node(cuda::DeviceLaunch& launch, std::vector<void*>& arguments) {
  arguments.clear();
  for (cuda::Address& argument : launch.arguments) arguments.push_back(&argument);
  cuda::KernelNode node{};
  node.function = launch.function;
  std::memcpy(node.grid, launch.grid, sizeof node.grid);
  std::memcpy(node.block, launch.block, sizeof node.block);
  node.shared_bytes = launch.shared_bytes;
  node.arguments = arguments.data();
  return node;
}

}  // namespace

CudaGraph::CudaGraph(std::shared_ptr<CudaContext> context, Allocator& staging,
                     const std::vector<Work>& work)
    : context_(std::move(context)) {
  constexpr int kProgrammaticSince = 9;
  has_programmatic_ = context_->use().graph_connect != nullptr &&
                      context_->attribute(cuda::Attribute::kMajor) >= kProgrammaticSince;
  for (const Work& one : work) {
    auto piece = std::make_unique<Piece>();
    piece->work = one;
    if (piece->is_copy()) {
      if (one.moves) piece->staging = staging.allocate(piece->on_device().num_bytes());
      piece->host = one.moves ? piece->staging.get() : piece->on_host();
    }
    pieces_.push_back(std::move(piece));
  }
  build();
}

CudaGraph::~CudaGraph() {
  const cuda::Driver& driver = cuda::driver();
  driver.context_set(context_->handle());
  if (exec_) driver.graph_exec_destroy(exec_);
  if (graph_) driver.graph_destroy(graph_);
}

void CudaGraph::build() {
  const cuda::Driver& driver = cuda::driver();
  cuda::check(driver.graph_create(&graph_, 0), "making a graph");
  std::vector<std::vector<Touched>> ranges;
  std::vector<std::vector<bool>> behind;  // by piece: those that are done before it
  for (size_t i = 0; i < pieces_.size(); ++i) {
    ranges.push_back(ranges_of(pieces_[i]->work));
    behind.emplace_back(i, false);
    std::vector<size_t> after;
    for (size_t j = i; j-- > 0;) {
      if (behind[i][j] || !conflict(ranges[i], ranges[j])) continue;
      after.push_back(j);
      behind[i][j] = true;
      for (size_t k = 0; k < j; ++k)
        if (behind[j][k]) behind[i][k] = true;
    }
    add(*pieces_[i], after);
  }
  cuda::check(driver.graph_instantiate(&exec_, graph_, nullptr, nullptr, 0),
              "making a graph ready");
}

void CudaGraph::add(Piece& piece, const std::vector<size_t>& after) {
  const cuda::Driver& driver = cuda::driver();
  std::vector<cuda::GraphNode> before;
  for (const size_t i : after)
    before.insert(before.end(), pieces_[i]->done_by.begin(), pieces_[i]->done_by.end());
  std::sort(before.begin(), before.end());
  before.erase(std::unique(before.begin(), before.end()), before.end());
  piece.done_by = before;
  const auto added = [&](cuda::GraphNode node) {
    piece.nodes.push_back(node);
    piece.done_by = before = {node};
  };
  cuda::GraphNode node = nullptr;
  if (piece.is_copy()) {
    if (piece.on_device().num_bytes() == 0) return;
    const cuda::CopyNode copy = copy_node(piece, piece.host);
    cuda::check(driver.graph_add_copy(&node, graph_, before.data(), before.size(), &copy,
                                      context_->handle()),
                "adding a copy to a graph");
    return added(node);
  }
  piece.make_launches();
  std::vector<void*> arguments;
  for (cuda::DeviceLaunch& launch : piece.launches) {
    const cuda::KernelNode kernel = kernel_node(launch, arguments);
    const bool is_close = has_programmatic_ && before.size() == 1 && kernels_.count(before[0]) > 0;
    cuda::check(driver.graph_add_kernel(&node, graph_, before.data(), is_close ? 0 : before.size(),
                                        &kernel),
                "adding a kernel to a graph");
    if (is_close)
      cuda::check(driver.graph_connect(graph_, &before[0], &node, &cuda::kProgrammatic, 1),
                  "joining kernels of a graph");
    kernels_.insert(node);
    added(node);
  }
}

cuda::CopyNode CudaGraph::copy_node(Piece& piece, void* host) const {
  cuda::CopyNode node{};
  node.bytes = piece.on_device().num_bytes();
  node.height = 1;
  node.depth = 1;
  cuda::CopySide& here = piece.is_upload() ? node.from : node.to;
  cuda::CopySide& there = piece.is_upload() ? node.to : node.from;
  here.kind = cuda::kHostMemory;
  here.host = host;
  there.kind = cuda::kDeviceMemory;
  there.device = reinterpret_cast<cuda::Address>(piece.on_device().raw());
  here.pitch = there.pitch = node.bytes;
  here.height = there.height = 1;
  return node;
}

// The memory that the graph is to copy from or to: the caller's where it is pinned.
void* CudaGraph::host_side(Piece& piece) {
  void* wanted = piece.on_host();
  int kind = 0;
  const cuda::Status status = cuda::driver().pointer_attribute(
      &kind, cuda::kPointerMemoryType, reinterpret_cast<cuda::Address>(wanted));
  return status == 0 && kind == cuda::kHostMemory ? wanted : piece.staging.get();
}

// Brings the piece's nodes to where its memory is now.
void CudaGraph::update(Piece& piece) {
  const cuda::Driver& driver = cuda::driver();
  if (piece.nodes.empty()) return;
  if (piece.is_copy()) {
    if (!piece.work.moves) return;
    void* host = host_side(piece);
    if (host != piece.host) {
      const cuda::CopyNode copy = copy_node(piece, host);
      cuda::check(driver.graph_set_copy(exec_, piece.nodes[0], &copy, context_->handle()),
                  "changing a copy of a graph");
      piece.host = host;
    }
    if (piece.is_upload() && host == piece.staging.get())
      std::memcpy(host, piece.on_host(), piece.on_device().num_bytes());
    return;
  }
  if (piece.current_memory() == piece.memory) return;
  piece.make_launches();
  std::vector<void*> arguments;
  for (size_t i = 0; i < piece.launches.size(); ++i) {
    const cuda::KernelNode kernel = kernel_node(piece.launches[i], arguments);
    cuda::check(driver.graph_set_kernel(exec_, piece.nodes[i], &kernel),
                "changing a kernel of a graph");
  }
}

void CudaGraph::run(Queue& queue) {
  auto& stream = static_cast<CudaQueue&>(queue);
  context_->use();
  for (const auto& piece : pieces_) update(*piece);
  stream.start(exec_);
  for (const auto& piece : pieces_) {
    if (piece->is_copy() && !piece->is_upload() && piece->work.moves &&
        piece->host == piece->staging.get() && piece->on_device().num_bytes() > 0)
      stream.copy_after(piece->on_host(), piece->host, piece->on_device().num_bytes());
    if (piece->work.after != nullptr) queue.record(*piece->work.after);
  }
}

}  // namespace thaw
