#include <gtest/gtest.h>

#include <cstdio>

#include "graph/text.h"
#include "thaw/calibrate.h"
#include "thaw/error.h"

namespace thaw {
namespace {

Calibration sample() {
  Calibration calibration;
  calibration.ranges["a/Conv2D"] = {-1.25F, 0.1F, "percentile:99.99", {}};
  calibration.ranges["odd \"name\" # \\ \n"] = {0, 6, "mse", {{0, 5.5F}, {-0.0F, 1e-9F}, {0, 0}}};
  calibration.ranges["by hand"] = {-3, 0, "", {}};
  calibration.wide = {"a/Conv2D", "with space"};
  return calibration;
}

std::string error_of(const std::string& text) {
  try {
    parse_calibration(text, "t.txt");
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

TEST(CalibrationFile, ReadsWhatItWrites) {
  const std::string text = calibration_text(sample());
  const Calibration again = parse_calibration(text, "t.txt");
  EXPECT_EQ(calibration_text(again), text);
  EXPECT_EQ(again.wide, sample().wide);
  ASSERT_EQ(again.ranges.size(), 3U);
  for (const auto& [layer, range] : sample().ranges) {
    ASSERT_EQ(again.ranges.count(layer), 1U) << layer;
    EXPECT_EQ(again.ranges.at(layer).low, range.low);
    EXPECT_EQ(again.ranges.at(layer).high, range.high);
    EXPECT_EQ(again.ranges.at(layer).method, range.method);
    EXPECT_EQ(again.ranges.at(layer).channels, range.channels);
  }
}

TEST(CalibrationFile, TakesWhatPeopleWrite) {
  const Calibration read = parse_calibration(
      "# thaw calibration 1\r\n\n  # a remark\n\trange\ta -1 2 # behind\r\nwide b\nrange c 0 1e3 x",
      "t.txt");
  EXPECT_EQ(read.ranges.at("a").high, 2);
  EXPECT_EQ(read.ranges.at("c").high, 1000);
  EXPECT_EQ(read.wide.count("b"), 1U);
}

TEST(CalibrationFile, ErrorsNameFileLineAndLayer) {
  const std::string head = "# thaw calibration 1\n";
  for (const char* text : {"", "range a 0 1\n", "# thaw calibration 12\n"})
    EXPECT_NE(error_of(text).find("t.txt:1: no table"), std::string::npos) << text;
  for (const auto& [line, what] : std::vector<std::pair<std::string, std::string>>{
           {"range a 0 one", "t.txt:2: layer 'a': the high end is 'one', a number was expected"},
           {"range a 0", "t.txt:2: layer 'a': the high end was expected at the end of the line"},
           {"range a 1 2", "t.txt:2: layer 'a': 1 to 2: a range that holds 0"},
           {"range a 0 0", "0 to 0: a range"},
           {"range a 0 inf", "'inf', a number was expected"},
           {"range a 0 1 mse more", "'more' is more than was expected"},
           {"range a 0 1\nrange a 0 1", "t.txt:3: layer 'a': has two ranges"},
           {"channels a 0 1", "has no range before"},
           {"range a 0 1\nchannels a 0 1 0", "a channel's high end was expected"},
           {"range a 0 1\nchannels a 0.5 1", "0.5 to 1 does not hold 0"},
           {"wide a\nwide a", "t.txt:3: layer 'a': is wide twice"},
           {"wide \"a", "without a closing quote"},
           {"wide \"\\x1\"", "\\x takes two digits"},
           {"narrow a", "'narrow': range, channels or wide was expected"}})
    EXPECT_NE(error_of(head + line + "\n").find(what), std::string::npos)
        << line << ": " << error_of(head + line + "\n");
}

// What a mutated table reads as is written and read as the same; or it is an error.
TEST(CalibrationFile, MutatedTablesAreErrorsOrTables) {
  const std::string text = calibration_text(sample());
  size_t read = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    std::string bytes = text;
    uint64_t state = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    for (int changes = 0; changes < 3; ++changes) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      bytes[(state >> 33) % bytes.size()] = static_cast<char>(state >> 24);
    }
    try {
      const Calibration table = parse_calibration(bytes, "t.txt");
      const std::string once = calibration_text(table);
      EXPECT_EQ(calibration_text(parse_calibration(once, "t.txt")), once) << bytes;
      ++read;
    } catch (const InputError&) {
    }
  }
  EXPECT_GT(read, 100U);
  EXPECT_LT(read, 3900U);
}

TEST(CalibrationFile, LayersThatTheModelHasNotAreNamed) {
  const Model model = Model::from_graph(parse_graph(R"(graph(%x: float32[1,1,4,1]) {
    %w = Const() {value=float32[1,1,1,1]{all 1}}
    %y = Conv2D(%x, %w) "layer"
    return y=%y
  })"));
  Calibration calibration = sample();
  calibration.ranges["layer"] = {0, 1, "", {}};
  EXPECT_EQ(layer_names(model), std::vector<std::string>{"layer"});
  EXPECT_EQ(unknown_layers(model, calibration).size(), 4U);
}

TEST(CalibrationFile, FilesAppearAndMayBeMissing) {
  const std::string path = ::testing::TempDir() + "thaw_calibration_test.txt";
  write_calibration(path, sample());
  EXPECT_EQ(calibration_text(read_calibration(path)), calibration_text(sample()));
  std::remove(path.c_str());
  EXPECT_THROW(read_calibration(path), InputError);
  EXPECT_THROW(read_calibration(::testing::TempDir()), InputError);  // a folder without a manifest
}

}  // namespace
}  // namespace thaw
