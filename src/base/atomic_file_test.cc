#include "base/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

class AtomicFileTest : public testing::Test {
 protected:
  AtomicFileTest() { fs::create_directories(folder_); }
  ~AtomicFileTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  size_t files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_ = fs::path(testing::TempDir()) /
                     ("atomic_file_" + std::to_string(::getpid()) + "_" +
                      testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(AtomicFileTest, AppearsOnlyWhenCommitted) {
  {
    AtomicFile file(path("a.txt"));
    file.write("hello ");
    EXPECT_FALSE(fs::exists(path("a.txt")));
    file.write("world");
    file.commit();
  }
  EXPECT_EQ(content(path("a.txt")), "hello world");
  EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFileTest, LeavesTheOldFileWhenNotCommitted) {
  write_file(path("a.txt"), "old");
  {
    AtomicFile file(path("a.txt"));
    file.write("new");
  }
  EXPECT_EQ(content(path("a.txt")), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFileTest, KeepsModeAndFollowsLinks) {
  write_file(path("a.txt"), "old");
  ::chmod(path("a.txt").c_str(), 0640);
  fs::create_symlink("a.txt", path("link"));
  write_file(path("link"), "new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(content(path("a.txt")), "new");
  struct stat info {};
  ::stat(path("a.txt").c_str(), &info);
  EXPECT_EQ(info.st_mode & 0777, 0640U);
}

TEST_F(AtomicFileTest, WritesToDevicesWithoutReplacingThem) {
  write_file("/dev/null", "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(AtomicFileTest, NamesThePathThatCannotBeWritten) {
  try {
    AtomicFile file(path("no/such/folder.txt"));
    FAIL() << "a file in a folder that is not there was opened";
  } catch (const ResourceError& error) {
    EXPECT_NE(std::string(error.what()).find("no/such/folder.txt"), std::string::npos);
  }
  EXPECT_THROW(AtomicFile(folder_.string()), ResourceError);
  EXPECT_THROW(write_file("/dev/full", "x"), ResourceError);
}

TEST_F(AtomicFileTest, RefusesWhatItCannotReplaceNorFill) {
  fs::create_symlink("nowhere", path("dangling"));
  EXPECT_THROW(AtomicFile(path("dangling")), ResourceError);
  EXPECT_TRUE(fs::is_symlink(path("dangling")));
}

// What a writer leaves that is killed: SIGKILL runs no destructor.
std::string left_over_file(const std::string& target) {
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile file(target);
    file.write("half");
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return target + ".tmp-0";
}

TEST_F(AtomicFileTest, ClearsWhatAProcessThatDiedHasLeft) {
  const std::string left = left_over_file(path("a.txt"));
  ASSERT_TRUE(fs::exists(left));
  write_file(path("b.txt"), "another");
  EXPECT_TRUE(fs::exists(left)) << "of another target";
  write_file(path("a.txt"), "whole");
  EXPECT_FALSE(fs::exists(left));
  EXPECT_EQ(content(path("a.txt")), "whole");
  EXPECT_EQ(files(), 2U);
}

TEST_F(AtomicFileTest, LeavesWhatIsBeingWrittenAndWhatOnlyHasSuchAName) {
  write_file(path("a.txt.tmp-1"), "a user's");
  fs::create_directory(path("a.txt.tmp-2"));
  {
    AtomicFile first(path("a.txt"));
    first.write("first");
    write_file(path("a.txt"), "second");
    EXPECT_EQ(content(path("a.txt")), "second");
    first.commit();
  }
  EXPECT_EQ(content(path("a.txt")), "first");
  EXPECT_EQ(content(path("a.txt.tmp-1")), "a user's");
  EXPECT_TRUE(fs::is_directory(path("a.txt.tmp-2")));
  EXPECT_EQ(files(), 3U);
}

TEST_F(AtomicFileTest, NewFilesHaveTheUsualMode) {
  const mode_t mask = ::umask(027);
  write_file(path("a.txt"), "new");
  ::umask(mask);
  struct stat info {};
  ::stat(path("a.txt").c_str(), &info);
  EXPECT_EQ(info.st_mode & 07777, 0640U);
}

}  // namespace
}  // namespace thaw
