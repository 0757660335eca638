#include "kernels/cuda/cuda_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string_view>

#include "thaw/error.h"

namespace thaw::cuda {

constexpr int64_t kSharedWithoutAsking = 48 << 10;

// Code in a context's memory, once for all kernels that are made of it.
class CudaKernel::Module {
 public:
  static std::shared_ptr<Module> load(const Tensor& image) {
    static std::mutex mutex;
    static std::multimap<std::pair<Context, size_t>, std::weak_ptr<Module>> loaded;
    Context context = nullptr;
    check(driver().context_get(&context), "asking for the context");
    const std::string_view text(static_cast<const char*>(image.raw()), image.num_bytes());
    const std::pair<Context, size_t> key{context, std::hash<std::string_view>()(text)};
    const std::lock_guard<std::mutex> lock(mutex);
    for (auto [at, end] = loaded.equal_range(key); at != end;) {
      std::shared_ptr<Module> module = at->second.lock();
      if (module && identical(module->image_, image)) return module;
      at = module ? std::next(at) : loaded.erase(at);
    }
    auto module = std::make_shared<Module>(context, image);
    loaded.emplace(key, module);
    return module;
  }

  Module(Context context, Tensor image) : context_(context), image_(std::move(image)) {
    check(driver().module_load(&handle_, image_.raw()), "loading code");
  }
  ~Module() {
    driver().context_set(context_);
    driver().module_unload(handle_);
  }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  Function function(const char* name) const {
    Function found = nullptr;
    check(driver().module_function(&found, handle_, name), "looking up a kernel");
    return found;
  }

 private:
  Context context_;
  const Tensor image_;
  ModuleHandle handle_ = nullptr;
};

CudaKernel::CudaKernel(Recipe recipe, const OpDesc& desc) : recipe_(std::move(recipe)) {
  if (desc.services == nullptr) throw InternalError("a CUDA kernel without a device's services");
  for (const Piece& piece : recipe_.pieces)
    pieces_.push_back(desc.services->resident(desc.services->take(piece.bytes, piece.fill)));
  for (const Launching& launch : recipe_.launches)
    images_.push_back(
        desc.services->make([&] { return compile(launch.code, desc.target.architecture); }));
  for (Piece& piece : recipe_.pieces) piece.fill = nullptr;
}

CudaKernel::~CudaKernel() = default;

void CudaKernel::run(RunContext& /*context*/) {
  throw InternalError("a CUDA kernel runs in its device's queue alone");
}

bool CudaKernel::holds_constant(size_t input) const {
  return std::find(recipe_.held.begin(), recipe_.held.end(), input) != recipe_.held.end();
}

size_t CudaKernel::bytes() const {
  size_t sum = 0;
  for (const Tensor& piece : pieces_) sum += piece.num_bytes();
  return sum;
}

void CudaKernel::load() {
  if (!functions_.empty() || images_.empty()) return;
  std::vector<Function> functions;
  for (size_t i = 0; i < images_.size(); ++i) {
    const Launching& launch = recipe_.launches[i];
    std::shared_ptr<Module> module = Module::load(images_[i]);
    Function function = module->function(launch.function.c_str());
    if (launch.shared_bytes > kSharedWithoutAsking)
      check(driver().function_attribute(function, kMostDynamicShared,
                                        static_cast<int>(launch.shared_bytes)),
            "asking for shared memory");
    modules_.push_back(std::move(module));
    functions.push_back(function);
  }
  functions_ = std::move(functions);
}

std::vector<DeviceLaunch> CudaKernel::launches(const RunContext& context) {
  load();
  std::vector<DeviceLaunch> all;
  auto& memory = const_cast<RunContext&>(context);
  const auto address = [&](const Argument& argument) -> const void* {
    switch (argument.kind) {
      case Argument::Kind::kInput:
        return context.input(argument.index).raw();
      case Argument::Kind::kOutput:
        return memory.output(argument.index).raw();
      case Argument::Kind::kPiece:
        return pieces_[argument.index].raw();
      default:
        return static_cast<const char*>(memory.scratch(0)) + argument.index;
    }
  };
  for (size_t i = 0; i < recipe_.launches.size(); ++i) {
    const Launching& from = recipe_.launches[i];
    if (from.grid[0] * from.grid[1] * from.grid[2] == 0) continue;
    DeviceLaunch launch;
    launch.function = functions_[i];
    for (size_t d = 0; d < 3; ++d) {
      launch.grid[d] = static_cast<unsigned>(from.grid[d]);
      launch.block[d] = static_cast<unsigned>(from.block[d]);
    }
    launch.shared_bytes = static_cast<unsigned>(from.shared_bytes);
    for (const Argument& argument : from.arguments)
      launch.arguments.push_back(reinterpret_cast<Address>(address(argument)));
    all.push_back(std::move(launch));
  }
  return all;
}

void CudaKernel::enqueue(const RunContext& context, Stream stream) {
  for (DeviceLaunch& l : launches(context)) {
    std::vector<void*> arguments;
    for (Address& argument : l.arguments) arguments.push_back(&argument);
    check(driver().launch(l.function, l.grid[0], l.grid[1], l.grid[2], l.block[0], l.block[1],
                          l.block[2], l.shared_bytes, stream, arguments.data(), nullptr),
          "launching a kernel");
  }
}

}  // namespace thaw::cuda
