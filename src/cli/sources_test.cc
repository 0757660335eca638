#include "cli/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "thaw/error.h"

namespace thaw::cli {
namespace {

class Sources : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ + "/more.jpg");
    for (const char* name : {"b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "jpg"})
      std::ofstream(folder_ + "/" + name) << "x";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_ = testing::TempDir() + "thaw_sources_" + std::to_string(::getpid());
};

TEST_F(Sources, OfAFolderAreItsPicturesSorted) {
  EXPECT_THAT(expand_sources({folder_}),
              testing::ElementsAre(folder_ + "/a.PNG", folder_ + "/b.jpg"));
}

TEST_F(Sources, KeepTheOrderOfTheArguments) {
  EXPECT_THAT(expand_sources({folder_ + "/notes.txt", folder_ + "/*.jpg", "/not/there.jpg"}),
              testing::ElementsAre(folder_ + "/notes.txt", folder_ + "/b.jpg", "/not/there.jpg"));
}

TEST_F(Sources, AreSharedOutWithoutLossOrOverlap) {
  std::vector<std::string> all;
  for (const char* part : {"1/3", "2/3", "3/3"})
    for (const std::string& file : expand_sources({folder_, "/c.jpg", "/d.jpg"}, parse_shard(part)))
      all.push_back(file);
  EXPECT_THAT(all, testing::UnorderedElementsAre(folder_ + "/a.PNG", folder_ + "/b.jpg", "/c.jpg",
                                                 "/d.jpg"));
  EXPECT_EQ(parse_shard("3/3").index, parse_shard("0/3").index);
}

TEST_F(Sources, WithOddNamesAreFiles) {
  std::ofstream(folder_ + "/[x] *.txt") << "x";
  EXPECT_THAT(expand_sources({folder_ + "/[x] *.txt"}),
              testing::ElementsAre(folder_ + "/[x] *.txt"));
}

TEST_F(Sources, ThatCannotBeReadDoNotStopTheRest) {
  const std::string pipe = folder_ + "/c.jpg";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::filesystem::create_symlink("nothing", folder_ + "/d.jpg");
  EXPECT_THAT(expand_sources({pipe, "/dev/null"}), testing::ElementsAre(pipe, "/dev/null"));
  EXPECT_THAT(
      expand_sources({folder_}),
      testing::ElementsAre(folder_ + "/a.PNG", folder_ + "/b.jpg", pipe, folder_ + "/d.jpg"));
  EXPECT_THAT(expand_sources({folder_ + "/?.jpg"}),
              testing::ElementsAre(folder_ + "/b.jpg", pipe, folder_ + "/d.jpg"));
  EXPECT_THROW(expand_sources({""}), InputError);
}

TEST(ParseShard, RefusesAnythingElse) {
  for (const char* text : {"", "1", "5/4", "1/0", "a/b", "1/2/3", "-1/2"})
    EXPECT_THROW(parse_shard(text), UsageError) << text;
}

TEST_F(Sources, ThatGiveNothingAreAnError) {
  EXPECT_THROW(expand_sources({folder_ + "/more.jpg"}), InputError);
  EXPECT_THROW(expand_sources({folder_ + "/*.gif"}), InputError);
}

}  // namespace
}  // namespace thaw::cli
