#include "graph/id_list.h"

#include <gtest/gtest.h>

namespace thaw {
namespace {

std::vector<uint32_t> all(const IdList& list) { return {list.begin(), list.end()}; }

IdList list_of(const std::vector<uint32_t>& ids) {
  IdList list;
  for (uint32_t id : ids) list.push_back(id);
  return list;
}

TEST(IdList, ErasesOneAndKeepsTheOrder) {
  using Ids = std::vector<uint32_t>;
  IdList list = list_of({1, 2, 3, 2, 5});
  EXPECT_TRUE(list.erase_one(1));
  EXPECT_EQ(all(list), (Ids{2, 3, 2, 5}));
  EXPECT_TRUE(list.erase_one(3));
  EXPECT_EQ(all(list), (Ids{2, 2, 5}));
  EXPECT_FALSE(list.erase_one(7));
  EXPECT_TRUE(list.erase_one(5));
  list.push_back(9);
  EXPECT_EQ(all(list), (Ids{2, 2, 9}));
  EXPECT_EQ(list[2], 9U);
  for (uint32_t id : {2, 9, 2}) EXPECT_TRUE(list.erase_one(id));
  EXPECT_TRUE(list.empty());
  EXPECT_FALSE(list.erase_one(2));
}

TEST(IdList, GoesFastFromEitherEnd) {
  constexpr uint32_t kMany = 300000;
  IdList list;
  for (uint32_t id = 0; id < kMany; ++id) list.push_back(id);
  for (uint32_t id = 0; id < kMany / 2; ++id) {
    EXPECT_TRUE(list.erase_one(id));
    EXPECT_TRUE(list.erase_one(kMany - 1 - id));
  }
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace thaw
