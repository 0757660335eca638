#include "export/work_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/atomic_file.h"
#include "base/stop.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

class WorkFolderTest : public testing::Test {
 protected:
  WorkFolderTest() { fs::create_directories(folder_); }
  ~WorkFolderTest() override { fs::remove_all(folder_); }

  fs::path folder_ = fs::path(testing::TempDir()) /
                     ("work_folder_" + std::to_string(::getpid()) + "_" +
                      testing::UnitTest::GetInstance()->current_test_info()->name());
  const std::string target_ = (folder_ / "model").string();
  const std::function<void()> waits_ = [] {};
};

TEST_F(WorkFolderTest, GoesWithItsWriter) {
  {
    const WorkFolder work(target_ + "/", waits_);
    write_file(work.file("1.plan"), "plan");
    EXPECT_TRUE(fs::exists(target_ + ".work/1.plan"));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(WorkFolderTest, WhatADeadWriterLeftIsTheNextOnes) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto* work = new WorkFolder(target_, waits_);
    write_file(work->file("1.plan"), "plan");
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const WorkFolder work(target_, waits_);
  EXPECT_TRUE(fs::exists(work.file("1.plan")));
}

TEST_F(WorkFolderTest, OneAtATimeHasIt) {
  auto first = std::make_unique<WorkFolder>(target_, waits_);
  std::atomic<bool> waited{false};
  std::atomic<bool> had{false};
  std::thread second([&] {
    const WorkFolder work(target_, [&] { waited = true; });
    had = true;
    EXPECT_TRUE(fs::is_directory(target_ + ".work"));
  });
  while (!waited) std::this_thread::yield();
  EXPECT_FALSE(had);
  first.reset();
  second.join();
  EXPECT_TRUE(had);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(WorkFolderTest, AWaitCanBeStopped) {
  const WorkFolder first(target_, waits_);
  StopSignal stop;
  stop.stop();
  const StopScope scope(&stop);
  EXPECT_THROW(WorkFolder(target_, waits_), Stopped);
}

TEST_F(WorkFolderTest, LeavesAloneWhatIsNotItsOwn) {
  fs::create_directories(target_ + ".work");
  write_file(target_ + ".work/letter.txt", "mine");
  EXPECT_THROW(WorkFolder(target_, waits_), UsageError);
  EXPECT_TRUE(fs::exists(target_ + ".work/letter.txt"));
  write_file((folder_ / "other.work").string(), "mine");
  EXPECT_THROW(WorkFolder((folder_ / "other").string(), waits_), UsageError);
}

}  // namespace
}  // namespace thaw
