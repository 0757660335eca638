#include "engine/timing_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/atomic_file.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

LayerTimings layer(const std::string& name, const std::string& build = timing_build()) {
  return {timing_machine(*make_cpu_device()),
          build,
          name,
          2,
          {{"cpu.fast", 1, 0.25}, {"cpu.slow", 2, 1.5}}};
}

class TimingCacheTest : public ::testing::Test {
 protected:
  TimingCacheTest()
      : folder_(fs::temp_directory_path() /
                ("timing_cache_test_" + std::to_string(reinterpret_cast<uintptr_t>(this)) + "_" +
                 std::to_string(::testing::UnitTest::GetInstance()->random_seed()))),
        path_((folder_ / "deep" / "timings").string()) {}
  ~TimingCacheTest() override { fs::remove_all(folder_); }

  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  Log log() {
    return [this](LogLevel, const std::string& text) { said_ += text + "\n"; };
  }

  const fs::path folder_;
  const std::string path_;
  std::string said_;
};

std::string fault(const std::string& bytes) {
  try {
    parse_timings(bytes);
    return {};
  } catch (const InputError& e) {
    return e.what();
  }
}

TEST_F(TimingCacheTest, GivesBackWhatWasSaved) {
  {
    TimingCache cache(path_);
    EXPECT_FALSE(cache.find(layer("conv")));
    cache.add(layer("conv"));
    cache.add(layer("matmul"));
    cache.save(log());
  }
  const auto cache = TimingCache::open(path_, log());
  const auto found = cache->find(layer("conv"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[0].kernel, "cpu.fast");
  EXPECT_EQ((*found)[0].threads, 1);
  EXPECT_EQ((*found)[1].ms, 1.5);
  EXPECT_EQ(read_timings(path_).size(), 2U);
  EXPECT_TRUE(timings_apply(read_timings(path_)[0]));
  EXPECT_EQ(said_, "");
}

TEST_F(TimingCacheTest, EveryPartOfTheKeyCounts) {
  TimingCache cache(path_);
  cache.add(layer("conv"));
  LayerTimings other = layer("conv");
  other.machine = "cpu; another";
  EXPECT_FALSE(cache.find(other));
  EXPECT_FALSE(timings_apply(other));
  EXPECT_FALSE(cache.find(layer("conv", "another build")));
  EXPECT_FALSE(timings_apply(layer("conv", "another build")));
  other = layer("conv");
  other.threads = 1;
  EXPECT_FALSE(cache.find(other));
  EXPECT_FALSE(cache.find(layer("matmul")));
}

TEST_F(TimingCacheTest, ProcessesAddToEachOther) {
  TimingCache first(path_);
  TimingCache second(path_);
  first.add(layer("conv"));
  first.save(log());
  second.add(layer("matmul"));
  second.save(log());
  EXPECT_EQ(read_timings(path_).size(), 2U);
  EXPECT_TRUE(second.find(layer("conv")));
}

TEST_F(TimingCacheTest, EnginesOfAProcessShareOne) {
  const auto first = TimingCache::open(path_, log());
  first->add(layer("conv"));
  EXPECT_TRUE(TimingCache::open(path_, log())->find(layer("conv")));
}

TEST_F(TimingCacheTest, OtherBuildsAreDroppedAndOtherMachinesKept) {
  LayerTimings elsewhere = layer("conv");
  elsewhere.machine = "cpu; another";
  fs::create_directories(folder_ / "deep");
  write_file(path_, timings_bytes({layer("old", "another build"), elsewhere}));
  TimingCache cache(path_);
  cache.add(layer("conv"));
  cache.save(log());
  const std::vector<LayerTimings> kept = read_timings(path_);
  ASSERT_EQ(kept.size(), 2U);
  for (const LayerTimings& l : kept) EXPECT_EQ(l.layer, "conv");
}

TEST_F(TimingCacheTest, AnyCutAndAnyFlippedBitIsFound) {
  std::string bytes = timings_bytes({layer("conv"), layer("matmul")});
  ASSERT_EQ(fault(bytes), "");
  ASSERT_EQ(fault(timings_bytes({})), "");
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(fault(bytes.substr(0, size)), "") << size;
  EXPECT_NE(fault(bytes + '\0'), "");
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      EXPECT_NE(fault(bytes), "") << i;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
    }
  }
}

TEST_F(TimingCacheTest, AnotherFormatIsNamed) {
  std::string bytes = timings_bytes({});
  bytes[8] = 9;
  EXPECT_EQ(fault(bytes), "has format 9, this thaw reads 1");
}

TEST_F(TimingCacheTest, ADamagedFileIsSetAside) {
  fs::create_directories(folder_ / "deep");
  write_file(path_, "thawtime and rubbish");
  const auto cache = TimingCache::open(path_, log());
  EXPECT_NE(said_.find("set aside as " + path_ + ".damaged"), std::string::npos) << said_;
  EXPECT_TRUE(fs::exists(path_ + ".damaged"));
  EXPECT_FALSE(fs::exists(path_));
  cache->add(layer("conv"));
  cache->save(log());
  EXPECT_EQ(read_timings(path_).size(), 1U);
}

TEST_F(TimingCacheTest, AnUnwritablePlaceIsSaidAndForgotten) {
  fs::create_directories(folder_);
  write_file((folder_ / "deep").string(), "a file where a folder should be");
  TimingCache cache(path_);
  cache.add(layer("conv"));
  cache.save(log());
  EXPECT_NE(said_.find("the timings are not kept"), std::string::npos) << said_;
  EXPECT_TRUE(cache.find(layer("conv")));
}

TEST_F(TimingCacheTest, ClearsOnlyTimingCaches) {
  EXPECT_FALSE(clear_timings(path_));
  fs::create_directories(folder_ / "deep");
  write_file(path_, "thawtime cut");
  EXPECT_TRUE(clear_timings(path_));
  EXPECT_FALSE(fs::exists(path_));
  write_file(path_, "a letter");
  EXPECT_THROW(clear_timings(path_), InputError);
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(TimingCacheTest, AnOlderSetAsideFileStays) {
  fs::create_directories(folder_ / "deep");
  write_file(path_ + ".damaged", "the version of before");
  write_file(path_, "thawtime and rubbish");
  TimingCache::open(path_, log());
  EXPECT_EQ(content(path_ + ".damaged"), "the version of before");
  EXPECT_EQ(content(path_ + ".damaged-2"), "thawtime and rubbish");
}

TEST_F(TimingCacheTest, WhatIsNoCacheIsRefusedAndStays) {
  fs::create_directories(folder_ / "deep");
  write_file(path_, "my thesis");
  EXPECT_THROW(TimingCache::open(path_, log()), InputError);
  EXPECT_EQ(content(path_), "my thesis");
  const std::string pipe = (folder_ / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, folder_.string(), std::string("/dev/zero")}) {
    EXPECT_THROW(TimingCache::open(path, log()), InputError) << path;
    EXPECT_THROW(clear_timings(path), InputError) << path;
  }
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_TRUE(fs::is_character_file("/dev/zero"));
}

TEST_F(TimingCacheTest, AFileThatTookItsPlaceMeanwhileStays) {
  TimingCache cache(path_);
  cache.add(layer("conv"));
  fs::create_directories(folder_ / "deep");
  write_file(path_, "my thesis");
  cache.save(log());
  EXPECT_NE(said_.find("the timings are not kept"), std::string::npos) << said_;
  EXPECT_EQ(content(path_), "my thesis");
}

TEST_F(TimingCacheTest, AnEmptyFileIsAnEmptyCache) {
  fs::create_directories(folder_ / "deep");
  write_file(path_, "");
  const auto cache = TimingCache::open(path_, log());
  cache->add(layer("conv"));
  cache->save(log());
  EXPECT_EQ(said_, "");
  EXPECT_EQ(read_timings(path_).size(), 1U);
}

TEST_F(TimingCacheTest, ClearingLeavesTheLinkToIt) {
  fs::create_directories(folder_ / "deep");
  TimingCache cache(path_);
  cache.add(layer("conv"));
  cache.save(log());
  fs::create_symlink(path_, folder_ / "link");
  EXPECT_TRUE(clear_timings((folder_ / "link").string()));
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
}

}  // namespace
}  // namespace thaw
