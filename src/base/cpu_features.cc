#include "base/cpu_features.h"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "thaw/error.h"
#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace thaw {
namespace {

#if defined(__x86_64__)
struct Cpuid {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  Cpuid(uint32_t leaf, uint32_t subleaf) {
    __get_cpuid_count(leaf, subleaf, &eax, &ebx, &ecx, &edx);
  }
};

bool bit(uint32_t word, int index) { return ((word >> index) & 1U) != 0; }

// Register sets that the operating system saves, one bit each (XCR0).
uint64_t saved_state() {
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

// Linux hands out AMX's tile registers on request, once for the whole process.
bool grant_tiles() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

CpuFeatures detect() {
  CpuFeatures f;
  const Cpuid base(1, 0);
  if (!bit(base.ecx, 27)) return f;  // no XGETBV: no vector state beyond SSE
  constexpr uint64_t kAvxState = 0x6;
  constexpr uint64_t kAvx512State = 0xE6;
  constexpr uint64_t kAmxState = 0x60000;
  const uint64_t saved = saved_state();
  const Cpuid seven(7, 0);
  const Cpuid seven_one(7, 1);
  const bool fma_f16c = bit(base.ecx, 12) && bit(base.ecx, 29);
  f.avx2 = (saved & kAvxState) == kAvxState && bit(base.ecx, 28) && fma_f16c && bit(seven.ebx, 5);
  const bool avx512_bits =
      bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 30) && bit(seven.ebx, 31);
  f.avx512 = f.avx2 && (saved & kAvx512State) == kAvx512State && avx512_bits;
  f.avx512_vnni = f.avx512 && bit(seven.ecx, 11);
  f.avx512_bf16 = f.avx512 && bit(seven_one.eax, 5);
  f.avx512_fp16 = f.avx512 && bit(seven.edx, 23);
  const bool amx =
      f.avx512 && (saved & kAmxState) == kAmxState && bit(seven.edx, 24) && grant_tiles();
  f.amx_int8 = amx && bit(seven.edx, 25);
  f.amx_bf16 = amx && bit(seven.edx, 22);
  f.amx_fp16 = amx && bit(seven_one.eax, 21);
  return f;
}
#elif defined(__aarch64__)
CpuFeatures detect() {
  CpuFeatures f;
  f.neon = true;
#if defined(__linux__)
  const unsigned long caps = getauxval(AT_HWCAP);
  const unsigned long caps2 = getauxval(AT_HWCAP2);
  f.neon_fp16 = (caps & (1UL << 10)) != 0;   // HWCAP_ASIMDHP
  f.neon_dot = (caps & (1UL << 20)) != 0;    // HWCAP_ASIMDDP
  f.neon_fhm = (caps & (1UL << 23)) != 0;    // HWCAP_ASIMDFHM
  f.neon_i8mm = (caps2 & (1UL << 13)) != 0;  // HWCAP2_I8MM
  f.neon_bf16 = (caps2 & (1UL << 14)) != 0;  // HWCAP2_BF16
#endif
  return f;
}
#else
CpuFeatures detect() { return {}; }
#endif

bool has_isa(const CpuFeatures& features, Isa isa) {
  switch (isa) {
    case Isa::kGeneric:
      return true;
    case Isa::kNeon:
      return features.neon;
    case Isa::kNeonFp16:
      return features.neon && features.neon_fp16;
    case Isa::kNeonDot:
      return has_isa(features, Isa::kNeonFp16) && features.neon_dot;
    case Isa::kNeonI8mm:
      return has_isa(features, Isa::kNeonDot) && features.neon_i8mm && features.neon_bf16 &&
             features.neon_fhm;
    case Isa::kAvx2:
      return features.avx2;
    case Isa::kAvx512:
      return features.avx512;
    case Isa::kAvx512Vnni:
      return features.avx512_vnni;
    case Isa::kAvx512Bf16:
      return features.avx512_vnni && features.avx512_bf16;
    case Isa::kAmx:
      return has_isa(features, Isa::kAvx512Bf16) && features.avx512_fp16 && features.amx_int8 &&
             features.amx_bf16;
  }
  return false;
}

constexpr Isa kBestFirst[] = {Isa::kAmx,  Isa::kAvx512Bf16, Isa::kAvx512Vnni, Isa::kAvx512,
                              Isa::kAvx2, Isa::kNeonI8mm,   Isa::kNeonDot,    Isa::kNeonFp16,
                              Isa::kNeon, Isa::kGeneric};

}  // namespace

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::kGeneric:
      return "generic";
    case Isa::kNeon:
      return "neon";
    case Isa::kNeonFp16:
      return "neon_fp16";
    case Isa::kNeonDot:
      return "neon_dot";
    case Isa::kNeonI8mm:
      return "neon_i8mm";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx512Vnni:
      return "avx512_vnni";
    case Isa::kAvx512Bf16:
      return "avx512_bf16";
    case Isa::kAmx:
      return "amx";
  }
  return "?";
}

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

Isa choose_isa(const CpuFeatures& features, const char* forced) {
  Isa best = Isa::kGeneric;
  for (Isa isa : kBestFirst) {
    if (has_isa(features, isa)) {
      best = isa;
      break;
    }
  }
  if (forced == nullptr || *forced == '\0') return best;
  for (Isa isa : kBestFirst) {
    if (std::string(isa_name(isa)) != forced) continue;
    if (has_isa(features, isa)) return isa;
    throw UsageError("THAW_CPU_ISA=" + std::string(forced) + ": this processor has " +
                     isa_name(best) + " at most");
  }
  throw UsageError("THAW_CPU_ISA=" + std::string(forced) +
                   ": expected generic, neon, neon_fp16, neon_dot, neon_i8mm, avx2, avx512, "
                   "avx512_vnni, avx512_bf16 or amx");
}

Isa best_isa() {
  static const Isa isa = choose_isa(cpu_features(), std::getenv("THAW_CPU_ISA"));
  return isa;
}

bool isa_enabled(Isa isa) { return has_isa(cpu_features(), isa) && isa <= best_isa(); }

std::string cpu_feature_text() {
  const CpuFeatures& f = cpu_features();
  const std::pair<bool, const char*> names[] = {
      {f.avx2, "avx2"},           {f.avx512, "avx512"},           {f.avx512_vnni, "avx512_vnni"},
      {f.amx_int8, "amx_int8"},   {f.avx512_bf16, "avx512_bf16"}, {f.avx512_fp16, "avx512_fp16"},
      {f.amx_bf16, "amx_bf16"},   {f.amx_fp16, "amx_fp16"},       {f.neon, "neon"},
      {f.neon_fp16, "neon_fp16"}, {f.neon_fhm, "neon_fhm"},       {f.neon_dot, "neon_dot"},
      {f.neon_i8mm, "neon_i8mm"}, {f.neon_bf16, "neon_bf16"}};
  std::string text;
  for (const auto& [has, name] : names)
    if (has) text += (text.empty() ? "" : " ") + std::string(name);
  return text + (text.empty() ? "level " : ", level ") + isa_name(best_isa());
}

std::string cpu_model_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

}  // namespace thaw
