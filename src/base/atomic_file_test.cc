#include "base/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
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

}  // namespace
}  // namespace thaw
