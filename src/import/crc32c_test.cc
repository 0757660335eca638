#include "import/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace thaw {
namespace {

TEST(Crc32c, HasTheKnownValues) {
  EXPECT_EQ(crc32c(0, "123456789", 9), 0xe3069283u);
  const std::string zeros(32, '\0');
  EXPECT_EQ(crc32c(0, zeros.data(), zeros.size()), 0x8a9136aau);
}

TEST(Crc32c, InstructionAndTablesAgreeAtEveryLengthAndInPieces) {
  std::string data(300, '\0');
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 37 + 11);
  for (size_t n = 0; n <= data.size(); ++n) {
    const uint32_t whole = crc32c(0, data.data(), n);
    EXPECT_EQ(whole, crc32c_portable(0, data.data(), n));
    EXPECT_EQ(whole, crc32c(crc32c(0, data.data(), n / 3), data.data() + n / 3, n - n / 3));
  }
}

TEST(Crc32c, MaskHasAnInverse) {
  for (uint32_t crc : {0u, 1u, 0xffffffffu, 0xe3069283u}) {
    EXPECT_EQ(crc32c_unmask(crc32c_mask(crc)), crc);
    EXPECT_NE(crc32c_mask(crc), crc);
  }
}

}  // namespace
}  // namespace thaw
