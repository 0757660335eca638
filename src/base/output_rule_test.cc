#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/atomic_file.h"
#include "base/marks.h"
#include "thaw/error.h"
#include "thaw/files.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

class OutputRuleTest : public testing::Test {
 protected:
  OutputRuleTest() {
    fs::create_directories(folder_);
    write_file(path("thesis"), "all of my work");
    write_file(path("own.csv"), std::string(kCsvHead) + "a.jpg,1,,0.5,0,0,1,1,0,0,9,9\n");
  }
  ~OutputRuleTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // "" where it may be written.
  static std::string fault(OutputRule rule, const std::string& path,
                           OutputKind kind = OutputKind::kCsv) {
    try {
      rule.writes(path, kind);
      return {};
    } catch (const UsageError& error) {
      return error.what();
    }
  }

  const fs::path folder_ = fs::path(testing::TempDir()) /
                           ("output_rule_" + std::to_string(::getpid()) + "_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(OutputRuleTest, FilesOfOthersAreReplacedOnlyWhenToldSo) {
  EXPECT_EQ(fault(OutputRule(false, "; hint"), path("thesis")),
            path("thesis") + ": exists, and thaw did not make it; hint");
  EXPECT_EQ(fault(OutputRule(true), path("thesis")), "");
  EXPECT_EQ(fault(OutputRule(), path("new")), "");
  EXPECT_EQ(fault(OutputRule(), path("no/folder/new")), "");
  EXPECT_EQ(fault(OutputRule(), "-"), "");
}

TEST_F(OutputRuleTest, ThawsOwnOfTheSameKindAndEmptyFilesAreReplaced) {
  EXPECT_EQ(fault(OutputRule(), path("own.csv")), "");
  for (const OutputKind kind : {OutputKind::kDetections, OutputKind::kReport, OutputKind::kPicture,
                                OutputKind::kArrays, OutputKind::kTrace, OutputKind::kGraph})
    EXPECT_NE(fault(OutputRule(), path("own.csv"), kind), "");
  write_file(path("empty"), "");
  EXPECT_EQ(fault(OutputRule(), path("empty")), "");
}

TEST_F(OutputRuleTest, WhatIsReadIsNeverWrittenByWhateverName) {
  fs::create_symlink(path("own.csv"), path("link"));
  fs::create_hard_link(path("own.csv"), path("hard"));
  fs::create_directory_symlink(folder_, path("folder"));
  fs::create_directory(path("sub"));
  for (const bool overwrite : {false, true}) {
    OutputRule rule(overwrite);
    rule.reads(path("own.csv"));
    for (const char* name : {"own.csv", "link", "hard", "folder/own.csv", "sub/../own.csv"})
      EXPECT_NE(fault(rule, path(name)), "") << name;
  }
}

TEST_F(OutputRuleTest, TheFilesOfASavedModelAreRead) {
  fs::create_directories(path("saved/variables"));
  for (const char* name : {"saved/saved_model.pb", "saved/variables/index", "thesis"})
    write_file(path(name), "x");
  OutputRule rule(true);
  rule.reads(path("saved"));
  rule.reads(folder_.string());
  EXPECT_NE(fault(rule, path("saved/variables/index")), "");
  EXPECT_EQ(fault(rule, path("saved/out.csv")), "");
  EXPECT_EQ(fault(rule, path("thesis")), "") << "the folder is no SavedModel";
}

TEST_F(OutputRuleTest, AFileIsWrittenOnce) {
  fs::create_directories(path("a"));
  OutputRule rule;
  rule.writes(path("new"), OutputKind::kCsv);
  EXPECT_NE(fault(rule, path("a/../new"), OutputKind::kPicture), "");
  rule.writes("/dev/null", OutputKind::kCsv);
  rule.writes("/dev/null", OutputKind::kDetections);
}

}  // namespace
}  // namespace thaw
