#include "export/atomic_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/atomic_file.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

class AtomicFolderTest : public testing::Test {
 protected:
  AtomicFolderTest() { fs::create_directories(folder_); }
  ~AtomicFolderTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  size_t entries() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  static void fill(const std::string& target, const std::string& file, bool replace) {
    AtomicFolder folder(target, replace);
    write_file(folder.temporary() + "/" + file, file);
    folder.commit();
  }
  // Filled, but its process ends before the commit.
  static void leave_unfinished(const std::string& target) {
    const pid_t child = ::fork();
    if (child == 0) {
      AtomicFolder folder(target, true);
      write_file(folder.temporary() + "/half", "half");
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
  }

  fs::path folder_ = fs::path(testing::TempDir()) /
                     ("atomic_folder_" + std::to_string(::getpid()) + "_" +
                      testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(AtomicFolderTest, ReplacesAWholeFolder) {
  fill(path("m"), "old", false);
  EXPECT_THROW(AtomicFolder(path("m"), false), UsageError);
  fill(path("m"), "new", true);
  EXPECT_TRUE(fs::exists(path("m/new")));
  EXPECT_FALSE(fs::exists(path("m/old")));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(AtomicFolderTest, WithoutCommitTheOldOneStays) {
  fill(path("m"), "old", false);
  {
    const AtomicFolder folder(path("m"), true);
    write_file(folder.temporary() + "/new", "new");
  }
  EXPECT_TRUE(fs::exists(path("m/old")));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(AtomicFolderTest, FollowsLinks) {
  fill(path("m"), "old", false);
  fs::create_directory_symlink("m", path("link"));
  fill(path("link"), "new", true);
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_TRUE(fs::exists(path("m/new")));
  EXPECT_EQ(entries(), 2U);
}

TEST_F(AtomicFolderTest, ClearsOnlyWhatAProcessThatDiedHasLeft) {
  leave_unfinished(path("m"));
  EXPECT_TRUE(fs::exists(path("m.tmp-0/m/half")));
  fs::create_directories(path("m.tmp-1"));
  write_file(path("m.tmp-1/thesis"), "a user's");
  const AtomicFolder at_work(path("m"), true);
  fill(path("m"), "new", true);
  EXPECT_FALSE(fs::exists(path("m.tmp-0/m/half")));
  EXPECT_TRUE(fs::exists(path("m.tmp-1/thesis")));
  EXPECT_TRUE(fs::exists(at_work.temporary()));
  EXPECT_TRUE(fs::exists(path("m/new")));
  EXPECT_EQ(entries(), 3U);
}

}  // namespace
}  // namespace thaw
