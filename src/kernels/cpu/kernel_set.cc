#include "kernels/cpu/kernel_set.h"

namespace thaw::cpu {

#define THAW_KERNEL_SET(isa, level)                                                 \
  namespace isa {                                                                   \
  extern const GemmKernels kGemmKernels;                                            \
  extern const DepthwiseKernels kDepthwiseKernels;                                  \
  extern const VectorKernels kVectorKernels;                                        \
  extern const ConvertKernels kConvertKernels;                                        \
  }                                                                                 \
  static const KernelSet* isa##_set() {                                             \
    static const KernelSet set = {level, isa::kGemmKernels, isa::kDepthwiseKernels, \
                                  isa::kVectorKernels, isa::kConvertKernels};        \
    return &set;                                                                    \
  }

THAW_KERNEL_SET(generic, Isa::kGeneric)
#if defined(__x86_64__)
THAW_KERNEL_SET(avx2, Isa::kAvx2)
THAW_KERNEL_SET(avx512, Isa::kAvx512)

namespace avx2 {
extern const DotKernels kDotUInt8;
extern const DotDepthwise kDepthwiseUInt8;
}  // namespace avx2
namespace avx512vnni {
extern const DotKernels kDotUInt8;
extern const DotDepthwise kDepthwiseUInt8;
}  // namespace avx512vnni
namespace avx512bf16 {
extern const DotDepthwise kDepthwiseBFloat16;
extern const DotDepthwise kDepthwiseFloat16;
extern const ConvertKernels kConvertKernels;
extern const DotKernels kDotBFloat16;
}  // namespace avx512bf16
namespace avx512fp16 {
extern const DotDepthwise kDepthwiseFloat16Accumulation;
}  // namespace avx512fp16
namespace amx {
extern const GemmKernels kShortGemm;
extern const DotKernels kDotFloat32;
extern const DotKernels kDotFloat16;
extern const DotKernels kDotFloat16Tiles;
extern const DotKernels kDotBFloat16;
extern const DotKernels kDotUInt8;
}  // namespace amx

static KernelSet avx2_with_bytes() {
  KernelSet set = *avx2_set();
  set.dot_uint8 = &avx2::kDotUInt8;
  set.depthwise_uint8 = &avx2::kDepthwiseUInt8;
  return set;
}

// AVX-512's kernels with what a higher level does better.
static KernelSet raised(Isa isa, const ConvertKernels& convert, const DotKernels* dot_bfloat16,
                        const DotKernels* dot_uint8) {
  KernelSet set = *avx512_set();
  set.isa = isa;
  set.convert = convert;
  set.dot_bfloat16 = dot_bfloat16;
  set.dot_uint8 = dot_uint8;
  set.depthwise_uint8 = &avx512vnni::kDepthwiseUInt8;
  if (isa == Isa::kAvx512Bf16 || isa == Isa::kAmx) {
    set.depthwise_bfloat16 = &avx512bf16::kDepthwiseBFloat16;
    set.depthwise_float16 = &avx512bf16::kDepthwiseFloat16;
  }
  if (isa == Isa::kAmx) {
    set.short_gemm = &amx::kShortGemm;
    set.dot_float32 = &amx::kDotFloat32;
    set.dot_float16 = cpu_features().amx_fp16 ? &amx::kDotFloat16Tiles : &amx::kDotFloat16;
    set.depthwise_float16_accumulation = &avx512fp16::kDepthwiseFloat16Accumulation;
  }
  return set;
}
#elif defined(__aarch64__)
THAW_KERNEL_SET(neon, Isa::kNeon)

namespace neon {
extern const DotKernels kDotUInt8;
extern const DotDepthwise kDepthwiseUInt8;
extern const DotDepthwise kDepthwiseBFloat16;
extern const DotDepthwise kDepthwiseFloat16;
}  // namespace neon
namespace neonfp16 {
extern const DotKernels kDotFloat16;
}  // namespace neonfp16
namespace neondot {
extern const DotKernels kDotUInt8;
}  // namespace neondot
namespace neoni8mm {
extern const DotKernels kDotBFloat16;
extern const DotKernels kDotFloat16;
extern const DotKernels kDotUInt8;
}  // namespace neoni8mm

// NEON's kernels with those for few bits.
static KernelSet raised(Isa isa, const DotKernels* dot_bfloat16, const DotKernels* dot_float16,
                          const DotKernels* dot_uint8) {
  KernelSet set = *neon_set();
  set.isa = isa;
  set.dot_bfloat16 = dot_bfloat16;
  set.dot_float16 = dot_float16;
  set.dot_uint8 = dot_uint8;
  set.depthwise_bfloat16 = &neon::kDepthwiseBFloat16;
  set.depthwise_float16 = &neon::kDepthwiseFloat16;
  set.depthwise_uint8 = &neon::kDepthwiseUInt8;
  return set;
}
#endif
#undef THAW_KERNEL_SET

const KernelSet* kernel_set(Isa isa) {
#if defined(__x86_64__)
  static const KernelSet avx2 = avx2_with_bytes();
  static const KernelSet vnni =
      raised(Isa::kAvx512Vnni, avx512::kConvertKernels, nullptr, &avx512vnni::kDotUInt8);
  static const KernelSet bf16 =
      raised(Isa::kAvx512Bf16, avx512bf16::kConvertKernels, &avx512bf16::kDotBFloat16, nullptr);
  static const KernelSet tiles =
      raised(Isa::kAmx, avx512bf16::kConvertKernels, &amx::kDotBFloat16, &amx::kDotUInt8);
#elif defined(__aarch64__)
  static const KernelSet plain = raised(Isa::kNeon, nullptr, nullptr, &neon::kDotUInt8);
  static const KernelSet fp16 =
      raised(Isa::kNeonFp16, nullptr, &neonfp16::kDotFloat16, &neon::kDotUInt8);
  static const KernelSet dot =
      raised(Isa::kNeonDot, nullptr, &neonfp16::kDotFloat16, &neondot::kDotUInt8);
  static const KernelSet i8mm = raised(Isa::kNeonI8mm, &neoni8mm::kDotBFloat16,
                                         &neoni8mm::kDotFloat16, &neoni8mm::kDotUInt8);
#endif
  switch (isa) {
    case Isa::kGeneric:
      return generic_set();
#if defined(__x86_64__)
    case Isa::kAvx2:
      return &avx2;
    case Isa::kAvx512:
      return avx512_set();
    case Isa::kAvx512Vnni:
      return &vnni;
    case Isa::kAvx512Bf16:
      return &bf16;
    case Isa::kAmx:
      return &tiles;
#elif defined(__aarch64__)
    case Isa::kNeon:
      return &plain;
    case Isa::kNeonFp16:
      return &fp16;
    case Isa::kNeonDot:
      return &dot;
    case Isa::kNeonI8mm:
      return &i8mm;
#endif
    default:
      return nullptr;
  }
}

}  // namespace thaw::cpu
