// The tables of inner loops: what a level's set has of them.
#include "kernels/cpu/kernel_set.h"

#include <gtest/gtest.h>

#include <cstring>

namespace thaw::cpu {
namespace {

template <class Loops>
bool filled(const Loops* slot) {
  return slot != nullptr;
}
template <class Loops>
bool filled(const Loops& slot) {
  const Loops nothing{};
  return std::memcmp(&slot, &nothing, sizeof slot) != 0;
}

TEST(KernelSet, RowsFillTheirLevels) {
#define THAW_LOOPS(built, loops, slot, first, last, needs, exactness)                 \
  for (int i = static_cast<int>(Isa::first); i <= static_cast<int>(Isa::last); ++i) { \
    const KernelSet* set = kernel_set(static_cast<Isa>(i));                           \
    ASSERT_NE(set, nullptr) << i;                                                     \
    EXPECT_TRUE(!(needs) || filled(set->slot)) << #built "::" #loops << " at " << i;  \
    EXPECT_EQ(set->isa, static_cast<Isa>(i));                                         \
  }
#define THAW_KERNELS(op, name, kernel, levels, exactness)
#include "kernels/cpu/kernels.inc"
}

TEST(KernelSet, OtherProcessorsLevelsAreNone) {
#if defined(__x86_64__)
  EXPECT_EQ(kernel_set(Isa::kNeon), nullptr);
#elif defined(__aarch64__)
  EXPECT_EQ(kernel_set(Isa::kAvx2), nullptr);
#endif
  EXPECT_NE(kernel_set(Isa::kGeneric), nullptr);
}

// What rows say is found by what a set has.
TEST(KernelSet, ExactnessIsThatOfTheRow) {
#if defined(__x86_64__)
  EXPECT_EQ(exactness_of(kernel_set(Isa::kAmx)->short_gemm).tolerance, kShortProducts.tolerance);
  EXPECT_EQ(exactness_of(kernel_set(Isa::kAvx2)->dot_uint8).tolerance, kFloat32Sums.tolerance);
#elif defined(__aarch64__)
  EXPECT_EQ(exactness_of(kernel_set(Isa::kNeonDot)->dot_float16).tolerance,
            kEightInFloat16.tolerance);
#endif
}

}  // namespace
}  // namespace thaw::cpu
