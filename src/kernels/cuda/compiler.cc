#include "kernels/cuda/compiler.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <glob.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "base/processors.h"
#include "thaw/error.h"

namespace thaw::cuda {
namespace {

using Program = struct ProgramOfCompiler*;

#define THAW_NVRTC_REQUIRED(F)                                                         \
  F(version, "nvrtcVersion", (int*, int*))                                             \
  F(create, "nvrtcCreateProgram",                                                      \
    (Program*, const char*, const char*, int, const char* const*, const char* const*)) \
  F(destroy, "nvrtcDestroyProgram", (Program*))                                        \
  F(compile, "nvrtcCompileProgram", (Program, int, const char* const*))                \
  F(ptx_size, "nvrtcGetPTXSize", (Program, size_t*))                                   \
  F(ptx, "nvrtcGetPTX", (Program, char*))                                              \
  F(log_size, "nvrtcGetProgramLogSize", (Program, size_t*))                            \
  F(log, "nvrtcGetProgramLog", (Program, char*))
// Of 11.1 and 11.2.
#define THAW_NVRTC_OPTIONAL(F)                              \
  F(cubin_size, "nvrtcGetCUBINSize", (Program, size_t*))    \
  F(cubin, "nvrtcGetCUBIN", (Program, char*))               \
  F(num_architectures, "nvrtcGetNumSupportedArchs", (int*)) \
  F(architectures, "nvrtcGetSupportedArchs", (int*))

struct Compiler {
#define THAW_POINTER(name, symbol, arguments) int(*name) arguments = nullptr;
  THAW_NVRTC_REQUIRED(THAW_POINTER)
  THAW_NVRTC_OPTIONAL(THAW_POINTER)
#undef THAW_POINTER
  int major = 0;
  int minor = 0;
  std::vector<int> known;  // architectures; empty where the library does not say
  std::string refusal;
};

// Where the library may be, best first.
std::vector<std::string> places() {
  std::vector<std::string> all;
  const auto add_matches = [&](const std::string& pattern) {
    glob_t found{};
    if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
      for (size_t i = found.gl_pathc; i-- > 0;) all.emplace_back(found.gl_pathv[i]);
    globfree(&found);
  };
  for (const char* name : {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2",
                           "libnvrtc.so.11.1", "libnvrtc.so.11.0", "libnvrtc.so.10.2"})
    all.emplace_back(name);
  const auto add_packages = [&](const std::string& site) {
    add_matches(site + "/nvidia/cu1[3-9]/lib/libnvrtc.so.[0-9]*");
    add_matches(site + "/nvidia/cuda_nvrtc/lib/libnvrtc.so.[0-9]*");
  };
  Dl_info self{};  // in a package of Python's its neighbours are looked at
  if (dladdr(reinterpret_cast<const void*>(&places), &self) != 0 && self.dli_fname != nullptr) {
    const std::string file = self.dli_fname;
    const size_t slash = file.rfind('/');
    if (slash != std::string::npos) add_packages(file.substr(0, slash) + "/..");
  }
  if (const char* environment = std::getenv("VIRTUAL_ENV"))
    add_packages(std::string(environment) + "/lib/python3*/site-packages");
  add_matches("/usr/local/cuda*/lib*/libnvrtc.so.[0-9]*");
  add_matches("/usr/local/cuda*/targets/*/lib/libnvrtc.so.[0-9]*");
  return all;
}

bool open(Compiler& c, const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  bool complete = true;
#define THAW_FIND(name, symbol, arguments) \
  c.name = reinterpret_cast<decltype(c.name)>(dlsym(library, symbol));
  THAW_NVRTC_REQUIRED(THAW_FIND)
  THAW_NVRTC_OPTIONAL(THAW_FIND)
#undef THAW_FIND
#define THAW_CHECK(name, symbol, arguments) complete = complete && c.name != nullptr;
  THAW_NVRTC_REQUIRED(THAW_CHECK)
#undef THAW_CHECK
  if (!complete || c.version(&c.major, &c.minor) != 0) return false;
  int count = 0;
  if (c.num_architectures && c.architectures && c.num_architectures(&count) == 0 && count > 0) {
    c.known.resize(static_cast<size_t>(count));
    c.architectures(c.known.data());
  }
  return true;
}

const Compiler& compiler() {
  static const Compiler opened = [] {
    Compiler c;
    if (const char* chosen = std::getenv("THAW_NVRTC")) {
      if (!open(c, chosen))
        c.refusal = fmt::format("THAW_NVRTC is {}, which is no NVRTC that can be opened", chosen);
      return c;
    }
    for (const std::string& place : places())
      if (open(c, place)) return c;
    c.refusal =
        "no NVRTC (libnvrtc.so), which compiles for a GPU; the CUDA toolkit has it, so does PyPI's "
        "nvidia-cuda-nvrtc, and THAW_NVRTC may name the file";
    return c;
  }();
  return opened;
}

const char* text_of(const std::string& file) {
  for (const auto& [name, text] : code_files())
    if (file == name) return text;
  throw InternalError(fmt::format("no CUDA source {}", file));
}

// The architecture's own name where the compiler makes machine code for it, else the newest that
// PTX can be made for.
std::string target_option(const Compiler& c, int architecture, bool& is_machine_code) {
  is_machine_code = c.cubin != nullptr;
  int best = architecture;
  if (!c.known.empty()) {
    best = 0;
    for (const int known : c.known)
      if (known <= architecture && known > best) best = known;
    if (best == 0)
      throw ResourceError(
          fmt::format("NVRTC {}.{} makes no code for sm_{}, which needs an older one", c.major,
                      c.minor, architecture));
    is_machine_code = is_machine_code && best == architecture;
  }
  return fmt::format("--gpu-architecture={}_{}", is_machine_code ? "sm" : "compute", best);
}

std::string log_of(const Compiler& c, Program program) {
  size_t bytes = 0;
  c.log_size(program, &bytes);
  std::string log(bytes, ' ');
  c.log(program, log.data());
  return log;
}

Tensor compile_now(const Code& code, int architecture) {
  const Compiler& c = compiler();
  if (!c.refusal.empty()) throw ResourceError("device cuda: " + c.refusal);
  bool is_machine_code = false;
  const std::string target = target_option(c, architecture, is_machine_code);
  const std::string text = code.constants + "#line 1\n" + text_of(code.file);
  std::vector<const char*> names;
  std::vector<const char*> texts;
  for (const auto& [name, content] : code_files()) {
    names.push_back(name);
    texts.push_back(content);
  }
  Program program = nullptr;
  int status = c.create(&program, text.c_str(), code.file.c_str(), static_cast<int>(names.size()),
                        texts.data(), names.data());
  const char* options[] = {target.c_str(), "--fmad=false", "--std=c++14"};
  if (status == 0) status = c.compile(program, 3, options);
  Tensor image;
  if (status == 0) {
    size_t bytes = 0;
    status = (is_machine_code ? c.cubin_size : c.ptx_size)(program, &bytes);
    image = Tensor::empty(DType::kUInt8, {static_cast<int64_t>(bytes)});
    if (status == 0)
      status = (is_machine_code ? c.cubin : c.ptx)(program, static_cast<char*>(image.raw()));
  }
  const std::string log = status == 0 || !program ? std::string() : log_of(c, program);
  if (program) c.destroy(&program);
  if (status != 0)
    throw InternalError(fmt::format("NVRTC {}.{} does not compile {} ({}) with\n{}\n{}", c.major,
                                    c.minor, code.file, target, code.constants, log));
  return image;
}

struct Compiled {
  std::mutex mutex;
  std::map<std::pair<Code, int>, Tensor> images;
};

Compiled& compiled() {
  static Compiled all;
  return all;
}

}  // namespace

const std::string& compiler_refusal() { return compiler().refusal; }

std::string compiler_name() {
  return fmt::format("NVRTC {}.{}", compiler().major, compiler().minor);
}

Tensor compile(const Code& code, int architecture) {
  Compiled& all = compiled();
  const std::pair<Code, int> key{code, architecture};
  {
    const std::lock_guard<std::mutex> lock(all.mutex);
    const auto found = all.images.find(key);
    if (found != all.images.end()) return found->second;
  }
  Tensor image = compile_now(code, architecture);
  const std::lock_guard<std::mutex> lock(all.mutex);
  return all.images.emplace(key, std::move(image)).first->second;
}

void compile_ahead(const std::vector<Code>& codes, int architecture) {
  if (!compiler_refusal().empty()) return;
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < codes.size(); i = next++) {
      try {
        compile(codes[i], architecture);
      } catch (const std::exception&) {  // said by whoever needs it
      }
    }
  };
  std::vector<std::thread> threads;
  const size_t most = std::min<size_t>(static_cast<size_t>(available_processors()), codes.size());
  for (size_t i = 1; i < most; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace thaw::cuda
