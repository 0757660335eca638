#include "thaw/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "thaw/error.h"

namespace thaw {
namespace {

class Report : public testing::Test {
 protected:
  void TearDown() override { std::remove(path_.c_str()); }

  std::string text_of(DetectionReport& report) {
    PictureResult good;
    good.file = "dir/a, b.jpg";
    good.width = 640;
    good.height = 480;
    good.detections = {{10, "traffic \"light\"", 0.93F, {0.1F, 0.2F, 0.3F, 0.4F}}};
    good.ms = {{"decode", 1.23456}, {"network", 2}};
    PictureResult bad;
    bad.file = "caf\xe9.jpg";
    bad.error = "is empty";
    report.add(good);
    report.add(bad);
    EXPECT_FALSE(std::ifstream(path_)) << "appears before it is complete";
    report.finish();
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  std::string path_ = testing::TempDir() + "thaw_report_" + std::to_string(::getpid());
};

TEST_F(Report, JsonInMemoryIsTheFilesText) {
  PictureResult found;
  found.file = "a.jpg";
  found.detections = {{10, "car", 0.93F, {0.1F, 0.2F, 0.3F, 0.4F}}};
  PictureResult nothing;
  nothing.file = "b.jpg";
  const ReportHead head{"m.pb", "cpu", "FP32"};
  const auto report = open_json_report(path_, head);
  report->add(found);
  report->add(nothing);
  report->finish();
  std::ostringstream text;
  text << std::ifstream(path_).rdbuf();
  EXPECT_EQ(detections_json(head, {found, nothing}), text.str());
  EXPECT_EQ(nlohmann::json::parse(detections_json(head, {}))["images"].size(), 0U);
}

TEST_F(Report, JsonHasTheDocumentedFieldsAndShortNumbers) {
  const auto report = open_json_report(path_, {"m.pb", "cpu", "FP32"});
  const std::string text = text_of(*report);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["model"], "m.pb");
  EXPECT_EQ(json["device"], "cpu");
  EXPECT_EQ(json["precision"], "FP32");
  const auto& picture = json["images"][0];
  EXPECT_EQ(picture["file"], "dir/a, b.jpg");
  EXPECT_EQ(picture["width"], 640);
  EXPECT_EQ(picture["detections"][0]["label"], "traffic \"light\"");
  EXPECT_EQ(picture["detections"][0]["class_id"], 10);
  EXPECT_EQ(picture["detections"][0]["box"].size(), 4U);
  EXPECT_EQ(picture["ms"]["decode"], 1.235);
  EXPECT_THAT(text, testing::HasSubstr("\"score\": 0.93,"));
}

TEST_F(Report, JsonSaysWhyAPictureIsMissing) {
  const auto report = open_json_report(path_, {"m.pb", "cpu", "FP32"});
  const auto json = nlohmann::json::parse(text_of(*report));
  EXPECT_EQ(json["images"][1]["error"], "is empty");
  EXPECT_FALSE(json["images"][1].contains("detections"));
}

TEST_F(Report, JsonStaysValidWhateverItIsGiven) {
  PictureResult odd;
  odd.file = "x\xff\n\x01.jpg";
  odd.detections = {{1, "a", std::numeric_limits<float>::quiet_NaN(), {1e-7F, 0, 0, 1}}};
  odd.warning = "damaged";
  const auto report = open_json_report(path_, {});
  report->add(odd);
  report->finish();
  const auto picture = nlohmann::json::parse(std::ifstream(path_))["images"][0];
  EXPECT_EQ(picture["file"], "x\xEF\xBF\xBD\n\x01.jpg");
  EXPECT_TRUE(picture["detections"][0]["score"].is_null());
  EXPECT_EQ(picture["detections"][0]["box"][0].get<float>(), 1e-7F);
  EXPECT_EQ(picture["warning"], "damaged");
  open_json_report(path_, {})->finish();
  EXPECT_TRUE(nlohmann::json::parse(std::ifstream(path_))["images"].empty());
}

TEST_F(Report, CsvCountsPixelsInsideThePicture) {
  PictureResult result;
  result.file = "a.jpg";
  result.width = 1280;
  result.height = 720;
  result.detections = {{10, "b", 0.93F, {-0.01F, 0.1F, 0.5F, 1.5F}}};
  const auto report = open_csv_report(path_);
  report->add(result);
  report->finish();
  std::ostringstream text;
  text << std::ifstream(path_).rdbuf();
  EXPECT_EQ(text.str(),
            "file,class_id,label,score,ymin,xmin,ymax,xmax,top,left,bottom,right\n"
            "a.jpg,10,b,0.93,-0.01,0.1,0.5,1.5,0,128,360,1280\n");
}

TEST_F(Report, CsvHasALineForEachDetectionAndQuotesWhatNeedsIt) {
  const auto report = open_csv_report(path_);
  const std::string text = text_of(*report);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_THAT(text, testing::HasSubstr("\n\"dir/a, b.jpg\",10,\"traffic \"\"light\"\"\",0.93,"));
}

TEST_F(Report, CsvIsALineForEachDetectionWhateverNamesHold) {
  PictureResult result;
  result.file = "a\n\x1b[2J\xff.jpg";
  result.detections = {{10, "b\r", 0.5F, {0, 0, 1, 1}}};
  const auto report = open_csv_report(path_);
  report->add(result);
  report->finish();
  std::ostringstream text;
  text << std::ifstream(path_).rdbuf();
  EXPECT_THAT(text.str(),
              testing::EndsWith("\na\\x0a\\x1b[2J\\xff.jpg,10,b\\x0d,0.5,0,0,1,1,0,0,0,0\n"));
}

TEST_F(Report, NamesAFolderThatIsNotThere) {
  EXPECT_THROW(
      {
        const auto report = open_csv_report("/not/there/x.csv");
        report->finish();
      },
      ResourceError);
}

}  // namespace
}  // namespace thaw
