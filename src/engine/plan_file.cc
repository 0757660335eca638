#include "engine/plan_file.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <limits>
#include <unordered_map>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/input_file.h"
#include "base/memory.h"
#include "base/round_up.h"
#include "engine/source_id.h"
#include "graph/binary.h"
#include "graph/verify.h"
#include "import/crc32c.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr std::string_view kMagic = "thawplan";
constexpr uint32_t kFormat = 2;
constexpr size_t kPage = 4096;  // where the tensors begin

enum class Storage : uint8_t { kBytes, kStrings, kAbsent };

// Weights that kernels hold packed may be left out; what shapes are inferred from never is.
constexpr int64_t kSmallestAbsent = 64;  // elements

bool may_be_absent(const TensorType& type) {
  return is_floating(type.dtype) && type.shape.num_elements() >= kSmallestAbsent;
}

// The tensors of a plan: each buffer once, at the place it gets in the file.
class TensorTable {
 public:
  uint32_t add(const Tensor& tensor, bool absent) {
    const void* key = tensor.raw();
    const auto known = numbers_.find(key);
    if (known != numbers_.end() && key != nullptr && !absent) {
      const Entry& entry = entries_[known->second];
      if (entry.tensor.dtype() == tensor.dtype() && entry.tensor.shape() == tensor.shape())
        return known->second;
    }
    const auto number = static_cast<uint32_t>(entries_.size());
    entries_.push_back({absent ? Storage::kAbsent : Storage::kBytes, tensor, {}, 0});
    if (!absent) place(entries_.back());
    if (!absent) numbers_[key] = number;
    return number;
  }

  void write_places(ByteWriter& out) const {
    out.number(static_cast<uint32_t>(entries_.size()));
    for (const Entry& entry : entries_) {
      out.number(static_cast<uint8_t>(entry.storage));
      write_type({entry.tensor.dtype(), entry.tensor.shape()}, out);
      out.number(entry.offset);
      out.number(static_cast<uint64_t>(bytes_of(entry).size()));
    }
  }

  // Calls fn(bytes) for consecutive pieces of the file from the first tensor on.
  template <class F>
  void for_each_piece(F&& fn) const {
    static const std::string kZeros(PlanHead::kAlignment, '\0');
    uint64_t at = 0;
    for (const Entry& entry : entries_) {
      if (entry.storage == Storage::kAbsent) continue;
      fn(std::string_view(kZeros).substr(0, entry.offset - at));
      fn(bytes_of(entry));
      at = entry.offset + bytes_of(entry).size();
    }
  }
  uint64_t bytes() const { return end_; }

 private:
  struct Entry {
    Storage storage;
    Tensor tensor;
    std::string strings;  // the elements of a string tensor
    uint64_t offset;      // from the first tensor
  };

  static std::string_view bytes_of(const Entry& entry) {
    if (entry.storage == Storage::kAbsent) return {};
    if (entry.storage == Storage::kStrings) return entry.strings;
    return {static_cast<const char*>(entry.tensor.raw()), entry.tensor.num_bytes()};
  }

  void place(Entry& entry) {
    if (entry.tensor.dtype() == DType::kList)
      throw InternalError("a constant list can't be written to a plan");
    if (entry.tensor.dtype() == DType::kString) {
      ByteWriter strings;
      for (int64_t i = 0; i < entry.tensor.num_elements(); ++i)
        strings.text(entry.tensor.data<std::string>()[i]);
      entry.strings = strings.bytes();
      entry.storage = Storage::kStrings;
    }
    entry.offset = round_up(end_, PlanHead::kAlignment);
    end_ = entry.offset + bytes_of(entry).size();
  }

  std::vector<Entry> entries_;
  std::unordered_map<const void*, uint32_t> numbers_;
  uint64_t end_ = 0;
};

// Calls fn(graph, node) for the nodes as write_graph orders them, nested graphs first.
template <class F>
void for_each_node(const Graph& graph, F&& fn) {
  for (size_t i = 0; i < graph.num_subgraphs(); ++i)
    for_each_node(graph.subgraph({static_cast<int64_t>(i)}), fn);
  for (NodeId id : graph.topological_order()) fn(graph, id);
}

void write_facts(const PlanFacts& facts, ByteWriter& out) {
  out.text(facts.sources);
  out.text(facts.version);
  out.text(facts.device);
  out.text(facts.identity);
  out.number(facts.model);
  out.number(static_cast<uint8_t>(facts.precision));
  out.number(static_cast<uint32_t>(facts.shapes.size()));
  for (const Shape& shape : facts.shapes) write_shape(shape, out);
}

PlanFacts read_facts(ByteReader& in) {
  PlanFacts facts;
  facts.sources = in.text();
  facts.version = in.text();
  if (facts.sources != source_id())
    throw InputError(
        fmt::format("was built by another thaw ({}, {})", facts.version, facts.sources));
  facts.device = in.text();
  facts.identity = in.text();
  facts.model = in.number<uint64_t>();
  const auto precision = in.number<uint8_t>();
  if (precision > static_cast<uint8_t>(Precision::kInt8))
    throw InputError(fmt::format("precision {}", precision));
  facts.precision = static_cast<Precision>(precision);
  facts.shapes.resize(in.count(1));
  for (Shape& shape : facts.shapes) shape = read_shape(in);
  return facts;
}

void write_kernels(const PlanFile& file, TensorTable& tensors, ByteWriter& out) {
  for_each_node(*file.graph, [&](const Graph& graph, NodeId id) {
    const auto found = file.kernels.find({&graph, id});
    out.number(static_cast<uint8_t>(found != file.kernels.end()));
    if (found == file.kernels.end()) return;
    out.text(found->second.name);
    out.text(found->second.why);
    out.number(static_cast<int32_t>(found->second.threads));
    out.number(static_cast<uint32_t>(found->second.packed.size()));
    for (const Tensor& piece : found->second.packed) out.number(tensors.add(piece, false));
  });
}

void write_times(const PlanFile& file, ByteWriter& out) {
  out.number(static_cast<uint32_t>(file.step_ms.size()));
  for (float ms : file.step_ms) out.number(ms);
  out.number(static_cast<uint32_t>(file.build_times.size()));
  for (const auto& [name, ms] : file.build_times) {
    out.text(name);
    out.number(ms);
  }
}

PlanHead read_head(std::string_view file) {
  if (file.substr(0, kMagic.size()) != kMagic) throw InputError("is no plan of thaw's");
  if (file.size() < PlanHead::kBytes)
    throw InputError(fmt::format("is cut short: {} bytes", file.size()));
  ByteReader in(file.substr(kMagic.size()));
  const auto format = in.number<uint32_t>();
  if (format != kFormat)
    throw InputError(fmt::format("has format {}, this thaw reads {}", format, kFormat));
  PlanHead head;
  head.meta_bytes = in.number<uint64_t>();
  head.tensor_bytes = in.number<uint64_t>();
  head.meta_crc = in.number<uint32_t>();
  head.tensor_crc = in.number<uint32_t>();
  if (head.bytes() != file.substr(0, PlanHead::kBytes)) throw InputError("is damaged (head)");
  const uint64_t rest = file.size() - PlanHead::kBytes;
  if (head.meta_bytes > rest || head.tensor_bytes != rest - head.meta_bytes)
    throw InputError(fmt::format("has {} bytes, {} were expected", file.size(),
                                 PlanHead::kBytes + head.meta_bytes + head.tensor_bytes));
  if ((PlanHead::kBytes + head.meta_bytes) % PlanHead::kAlignment != 0)
    throw InputError(fmt::format("has its tensors at byte {}, a multiple of {} was expected",
                                 PlanHead::kBytes + head.meta_bytes, PlanHead::kAlignment));
  return head;
}

Tensor read_strings(const TensorType& type, std::string_view bytes) {
  ByteReader in(bytes);
  if (static_cast<uint64_t>(type.shape.num_elements()) > bytes.size() / sizeof(uint32_t))
    throw InputError(fmt::format("{} in {} bytes", type.str(), bytes.size()));
  Tensor t = Tensor::empty(DType::kString, type.shape);
  for (int64_t i = 0; i < t.num_elements(); ++i) t.data<std::string>()[i] = in.text();
  return t;
}

Tensor read_tensor(ByteReader& in, std::string_view tensors, const std::shared_ptr<void>& owner) {
  const auto storage = static_cast<Storage>(in.number<uint8_t>());
  const TensorType type = read_type(in);
  const auto offset = in.number<uint64_t>();
  const auto bytes = in.number<uint64_t>();
  if (!type.shape.is_static() || type.dtype == DType::kInvalid || type.dtype == DType::kList)
    throw InputError("a tensor of type " + type.str());
  if (storage == Storage::kAbsent) {
    // What stands for it takes a byte an element at least.
    if (!may_be_absent(type) || static_cast<uint64_t>(type.shape.num_elements()) > tensors.size())
      throw InputError("no contents of a tensor " + type.str());
    return Tensor::view(type.dtype, type.shape, nullptr);
  }
  if (offset % PlanHead::kAlignment != 0 || offset > tensors.size() ||
      bytes > tensors.size() - offset)
    throw InputError(fmt::format("a tensor of {} bytes at {}", bytes, offset));
  const std::string_view piece = tensors.substr(offset, bytes);
  if (type.dtype == DType::kString) return read_strings(type, piece);
  const auto count = static_cast<uint64_t>(type.shape.num_elements());
  if (storage != Storage::kBytes || count != bytes / dtype_size(type.dtype) ||
      bytes % dtype_size(type.dtype) != 0)
    throw InputError(fmt::format("{} in {} bytes", type.str(), bytes));
  return Tensor::share(type.dtype, type.shape, const_cast<char*>(piece.data()), owner);
}

void read_kernels(ByteReader& in, const std::vector<Tensor>& tensors, PlanFile& file) {
  for_each_node(*file.graph, [&](const Graph& graph, NodeId id) {
    if (!in.flag()) return;
    PreparedKernel& kernel = file.kernels[{&graph, id}];
    kernel.name = in.text();
    kernel.why = in.text();
    kernel.threads = in.number<int32_t>();
    if (kernel.threads < 0) throw InputError(fmt::format("{} threads", kernel.threads));
    kernel.packed.resize(in.count(sizeof(uint32_t)));
    for (Tensor& piece : kernel.packed) {
      const auto number = in.number<uint32_t>();
      if (number >= tensors.size() || tensors[number].dtype() != DType::kUInt8)
        throw InputError(fmt::format("packed weights {} of {}", number, tensors.size()));
      piece = tensors[number];
    }
  });
}

template <class T>
T read_ms(ByteReader& in) {
  const auto ms = in.number<T>();
  if (!(ms >= 0 && ms <= std::numeric_limits<T>::max()))
    throw InputError(fmt::format("a time of {} ms", ms));
  return ms;
}

void read_times(ByteReader& in, PlanFile& file) {
  file.step_ms.resize(in.count(sizeof(float)));
  for (float& ms : file.step_ms) ms = read_ms<float>(in);
  file.build_times.resize(in.count(sizeof(uint32_t) + sizeof(double)));
  for (auto& [name, ms] : file.build_times) {
    name = in.text();
    ms = read_ms<double>(in);
  }
}

// The graph as it was written: ids, order, nested graphs and all types hold.
std::unique_ptr<Graph> read_whole_graph(ByteReader& in, const std::vector<Tensor>& tensors) {
  auto graph = std::make_unique<Graph>(read_graph(in, [&](uint32_t number) {
    if (number >= tensors.size())
      throw InputError(fmt::format("tensor {} of {}", number, tensors.size()));
    return tensors[number];
  }));
  try {
    verify(*graph);
  } catch (const InternalError& e) {  // not ours: the file says so
    throw InputError(e.what());
  }
  return graph;
}

// Large pages where the system has them: the faults of small ones take as long as the reading.
std::shared_ptr<void> memory_for_file(size_t bytes) {
  std::shared_ptr<void> memory = host_allocator().allocate(bytes);
#if defined(MADV_HUGEPAGE)
  const auto begin = round_up(reinterpret_cast<uintptr_t>(memory.get()), kPage);
  const uintptr_t end = reinterpret_cast<uintptr_t>(memory.get()) + bytes;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
  return memory;
}

void need_end(const ByteReader& in, const char* of) {
  if (in.left() != 0) throw InputError(fmt::format("{} bytes behind {}", in.left(), of));
}

}  // namespace

std::string PlanHead::bytes() const {
  ByteWriter out;
  for (const char c : kMagic) out.number(c);
  out.number(kFormat);
  out.number(meta_bytes);
  out.number(tensor_bytes);
  out.number(meta_crc);
  out.number(tensor_crc);
  out.align(kBytes - sizeof(uint32_t));
  out.number(crc32c(0, out.bytes().data(), out.bytes().size()));
  return out.bytes();
}

void write_plan_file(const std::string& path, const PlanFile& file) {
  TensorTable tensors;
  ByteWriter graph;
  write_graph(*file.graph, graph, [&](const Graph& g, NodeId id, const Tensor& tensor) {
    const bool absent = g.node(id).as<Const>() && may_be_absent({tensor.dtype(), tensor.shape()}) &&
                        is_held(g, id, file.kernels);
    return tensors.add(tensor, absent);
  });
  ByteWriter kernels;
  write_kernels(file, tensors, kernels);
  ByteWriter meta;
  write_facts(file.facts, meta);
  tensors.write_places(meta);
  meta.text(graph.bytes());
  meta.text(kernels.bytes());
  write_times(file, meta);
  std::string meta_bytes = meta.bytes();
  meta_bytes.resize(round_up(PlanHead::kBytes + meta_bytes.size(), kPage) - PlanHead::kBytes);

  PlanHead head;
  head.meta_bytes = meta_bytes.size();
  head.tensor_bytes = tensors.bytes();
  head.meta_crc = crc32c(0, meta_bytes.data(), meta_bytes.size());
  tensors.for_each_piece([&](std::string_view piece) {
    head.tensor_crc = crc32c(head.tensor_crc, piece.data(), piece.size());
  });
  AtomicFile out(path);
  out.write(head.bytes());
  out.write(meta_bytes);
  tensors.for_each_piece([&](std::string_view piece) { out.write(piece); });
  out.commit();
}

PlanFile parse_plan(std::string_view bytes, const std::shared_ptr<const void>& owner) {
  const PlanHead head = read_head(bytes);
  const std::string_view meta = bytes.substr(PlanHead::kBytes, head.meta_bytes);
  const std::string_view pieces = bytes.substr(PlanHead::kBytes + head.meta_bytes);
  if (crc32c(0, meta.data(), meta.size()) != head.meta_crc) throw InputError("is damaged");
  ByteReader in(meta);
  PlanFile file;
  file.facts = read_facts(in);
  if (crc32c(0, pieces.data(), pieces.size()) != head.tensor_crc)
    throw InputError("is damaged (weights)");
  const std::shared_ptr<void> keeper = std::const_pointer_cast<void>(owner);
  std::vector<Tensor> tensors(in.count(1 + 2 + 2 * sizeof(uint64_t)));
  for (Tensor& tensor : tensors) tensor = read_tensor(in, pieces, keeper);
  ByteReader graph(in.take(in.number<uint32_t>()));
  file.graph = read_whole_graph(graph, tensors);
  need_end(graph, "the graph");
  ByteReader kernels(in.take(in.number<uint32_t>()));
  read_kernels(kernels, tensors, file);
  need_end(kernels, "the kernels");
  read_times(in, file);
  return file;
}

PlanFile read_plan_file(const std::string& path) {
  const InputFile file(path);
  const std::shared_ptr<void> bytes = memory_for_file(file.size());
  file.read(0, bytes.get(), file.size());
  try {
    PlanFile plan = parse_plan({static_cast<const char*>(bytes.get()), file.size()}, bytes);
    plan.path = path;
    return plan;
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", path, e.what()));
  }
}

}  // namespace thaw
