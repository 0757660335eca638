#include "base/cpu_features.h"

#include <gtest/gtest.h>

#include "thaw/error.h"

namespace thaw {
namespace {

CpuFeatures with_avx512() {
  CpuFeatures f;
  f.avx2 = true;
  f.avx512 = true;
  return f;
}

TEST(CpuFeatures, TakesTheBestLevel) {
  EXPECT_EQ(choose_isa(with_avx512(), nullptr), Isa::kAvx512);
  EXPECT_EQ(choose_isa(with_avx512(), ""), Isa::kAvx512);
  EXPECT_EQ(choose_isa({}, nullptr), Isa::kGeneric);
}

TEST(CpuFeatures, LevelsAboveAvx512) {
  CpuFeatures f = with_avx512();
  f.avx512_vnni = true;
  EXPECT_EQ(choose_isa(f, nullptr), Isa::kAvx512Vnni);
  f.avx512_bf16 = true;
  f.amx_int8 = true;
  EXPECT_EQ(choose_isa(f, nullptr), Isa::kAvx512Bf16);
  f.amx_bf16 = true;
  EXPECT_EQ(choose_isa(f, nullptr), Isa::kAvx512Bf16);
  f.avx512_fp16 = true;
  EXPECT_EQ(choose_isa(f, nullptr), Isa::kAmx);
  EXPECT_EQ(choose_isa(f, "avx512_bf16"), Isa::kAvx512Bf16);
  EXPECT_EQ(choose_isa(f, "avx512_vnni"), Isa::kAvx512Vnni);
  EXPECT_THROW(choose_isa(with_avx512(), "amx"), UsageError);
}

TEST(CpuFeatures, LevelsAboveNeon) {
  CpuFeatures f;
  f.neon = true;
  EXPECT_EQ(choose_isa(f, nullptr), Isa::kNeon);
  f.neon_fp16 = true;
  EXPECT_EQ(choose_isa(f, nullptr), Isa::kNeonFp16);
  f.neon_dot = true;
  EXPECT_EQ(choose_isa(f, nullptr), Isa::kNeonDot);
  f.neon_i8mm = true;
  f.neon_bf16 = true;
  EXPECT_EQ(choose_isa(f, nullptr), Isa::kNeonDot);
  f.neon_fhm = true;
  EXPECT_EQ(choose_isa(f, nullptr), Isa::kNeonI8mm);
  EXPECT_EQ(choose_isa(f, "neon_dot"), Isa::kNeonDot);
  EXPECT_EQ(choose_isa(f, "neon"), Isa::kNeon);
}

TEST(CpuFeatures, EnvironmentLowersIt) {
  EXPECT_EQ(choose_isa(with_avx512(), "avx2"), Isa::kAvx2);
  EXPECT_EQ(choose_isa(with_avx512(), "generic"), Isa::kGeneric);
  CpuFeatures avx2;
  avx2.avx2 = true;
  EXPECT_THROW(choose_isa(avx2, "avx512"), UsageError);
  EXPECT_THROW(choose_isa(avx2, "sse9"), UsageError);
}

TEST(CpuFeatures, GenericAlwaysRuns) { EXPECT_TRUE(isa_enabled(Isa::kGeneric)); }

}  // namespace
}  // namespace thaw
