// What this processor and its operating system let us use.
#pragma once

#include <cstddef>
#include <string>

namespace thaw {

struct CpuFeatures {
  bool avx2 = false;    // with FMA and F16C
  bool avx512 = false;  // F, BW, DQ and VL, registers saved by the operating system
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool avx512_fp16 = false;
  bool amx_int8 = false;  // AMX with its registers granted to this process
  bool amx_bf16 = false;
  bool amx_fp16 = false;
  bool neon = false;
  bool neon_fp16 = false;  // arithmetic
  bool neon_fhm = false;   // products of float16 added to float32
  bool neon_dot = false;
  bool neon_i8mm = false;
  bool neon_bf16 = false;
};

// Levels of vector instructions that kernels are compiled for, each above the ones it includes.
enum class Isa {
  kGeneric,
  kNeon,
  kNeonFp16,  // arithmetic of float16
  kNeonDot,   // products of bytes too
  kNeonI8mm,  // matrix products of bytes and of bfloat16, products of float16 into float32
  kAvx2,
  kAvx512,
  kAvx512Vnni,  // products of bytes
  kAvx512Bf16,  // products of bfloat16 too
  kAmx,         // tiles of both, arithmetic of float16
};
constexpr size_t kIsaCount = 10;
// "generic", "neon", "neon_fp16", "neon_dot", "neon_i8mm", "avx2", "avx512", "avx512_vnni",
// "avx512_bf16", "amx"
const char* isa_name(Isa isa);

const CpuFeatures& cpu_features();

// The best level to use: what the processor has, or less when the environment variable
// THAW_CPU_ISA names a level. Read once. Throws UsageError when the variable names no level or one
// this processor lacks.
Isa best_isa();
// Whether kernels compiled for `isa` may run: available, and not above best_isa().
bool isa_enabled(Isa isa);
// best_isa's rule, for a processor with these features and this value of the variable (may be
// null).
Isa choose_isa(const CpuFeatures& features, const char* forced);

// What kernels may use here, as text: "avx2 avx512 avx512_vnni, level avx512". Plans built under
// one such text run under the same text.
std::string cpu_feature_text();

// The processor's name as the operating system reports it, "unknown" when it doesn't.
std::string cpu_model_name();

}  // namespace thaw
