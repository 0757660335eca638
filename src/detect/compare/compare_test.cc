#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "detect/compare/html.h"
#include "detect/compare/match_detections.h"
#include "detect/compare/name_index.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using testing::HasSubstr;
using Box = std::array<float, 4>;

constexpr Box kHere = {0.1F, 0.1F, 0.3F, 0.3F};
constexpr Box kNear = {0.11F, 0.1F, 0.31F, 0.3F};
constexpr Box kFar = {0.6F, 0.6F, 0.9F, 0.9F};

ComparedPicture matched(std::vector<Detection> a, std::vector<Detection> b) {
  ComparedPicture picture;
  picture.width = 200;
  picture.height = 100;
  picture.a = std::move(a);
  picture.b = std::move(b);
  match_detections(picture, 0.5F);
  return picture;
}

std::string kinds(const ComparedPicture& picture) {
  std::string text;
  for (const DetectionPair& pair : picture.pairs)
    text += std::string(pair_kind_name(pair.kind)) + " " + std::to_string(pair.a) + ":" +
            std::to_string(pair.b) + " ";
  return text;
}

TEST(MatchDetections, TheSameIsMatchedEvenWhenItsBoxIsEmpty) {
  const std::vector<Detection> same = {{1, "x", 0.9F, kHere},
                                       {1, "x", 0.8F, {0.5F, 0.5F, 0.5F, 0.6F}}};
  const ComparedPicture picture = matched(same, same);
  EXPECT_EQ(kinds(picture), "matched 0:0 matched 1:1 ");
  EXPECT_EQ(picture.pairs[1].iou, 1);
}

TEST(MatchDetections, DifferencesAreThoseOfBAgainstA) {
  const ComparedPicture picture = matched({{1, "x", 0.75F, kHere}}, {{1, "x", 0.5F, kNear}});
  ASSERT_EQ(kinds(picture), "matched 0:0 ");
  const DetectionPair& pair = picture.pairs[0];
  EXPECT_EQ(pair.score_change, -0.25);
  EXPECT_NEAR(pair.iou, 0.19 / 0.21, 1e-6);
  EXPECT_NEAR(pair.corner_shift[0], 1, 1e-5) << "pixels of the height";
  EXPECT_NEAR(pair.corner_shift[1], 0, 1e-5);
}

TEST(MatchDetections, TheBestOverlapIsTakenFirst) {
  const ComparedPicture picture =
      matched({{1, "x", 0.9F, kNear}, {1, "x", 0.8F, kHere}}, {{1, "x", 0.7F, kHere}});
  EXPECT_EQ(kinds(picture), "lost 0:-1 matched 1:0 ");
}

TEST(MatchDetections, TheClassCountsBeforeTheOverlap) {
  const ComparedPicture picture = matched({{1, "x", 0.9F, kHere}, {2, "y", 0.9F, kNear}},
                                          {{2, "y", 0.9F, kHere}, {3, "z", 0.6F, kHere}});
  EXPECT_EQ(kinds(picture), "relabelled 0:1 matched 1:0 ");
  EXPECT_FLOAT_EQ(static_cast<float>(full_change(picture, picture.pairs[0])), 0.9F);
}

TEST(MatchDetections, WhatFallsBelowTheScoreIsLostWithItsCounterpart) {
  const ComparedPicture picture =
      matched({{1, "x", 0.75F, kHere}, {1, "x", 0.25F, kFar}},
              {{1, "x", 0.625F, kFar}, {1, "x", 0.375F, kNear}, {2, "y", 0.375F, kHere}});
  EXPECT_EQ(kinds(picture), "lost 0:1 new 1:0 ");
  EXPECT_EQ(full_change(picture, picture.pairs[0]), 0.375);
  EXPECT_EQ(full_change(picture, picture.pairs[1]), 0.375);
}

TEST(MatchDetections, WithoutCounterpartAllOfTheScoreChanges) {
  const ComparedPicture picture = matched({{1, "x", 0.75F, kHere}}, {{1, "x", 0.5F, kFar}});
  EXPECT_EQ(kinds(picture), "lost 0:-1 new -1:0 ");
  EXPECT_EQ(full_change(picture, picture.pairs[0]), 0.75);
  EXPECT_EQ(full_change(picture, picture.pairs[1]), 0.5);
  EXPECT_EQ(picture.changes(), 2U);
}

TEST(NameIndex, FindsByTheEndOfThePath) {
  NameIndex names;
  for (const char* path : {"day/1.jpg", "night/1.jpg", "2.jpg"}) names.add(path);
  EXPECT_EQ(names.find("/data/set/night/1.jpg", "t"), 1);
  EXPECT_EQ(names.find("anywhere/2.jpg", "t"), 2);
  EXPECT_EQ(names.find("12.jpg", "t"), -1);
  EXPECT_THROW(names.find("dusk/1.jpg", "t"), InputError);
}

TEST(Html, TextIsSafe) {
  EXPECT_EQ(html_text("<a href=\"x\">&\n\xFFz\xC3\xA9"),
            "&lt;a href=&quot;x&quot;&gt;&amp;\\x0a\\xffz\xC3\xA9");
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("M"), "TQ==");
  EXPECT_EQ(base64("Ma"), "TWE=");
  EXPECT_EQ(base64(std::string("\xFF\x00\xFE", 3)), "/wD+");
  EXPECT_EQ(file_name("a/b/saved_model/"), "saved_model");
}

// Whole comparisons of documents.

class Documents : public testing::Test {
 protected:
  std::string write(const char* name, const std::string& text) const {
    const std::string path = folder_ + name;
    std::ofstream(path) << text;
    return path;
  }

  // One detection of a 100x50 picture.
  static std::string document(const char* label, double score, const char* file = "a.jpg") {
    std::ostringstream out;
    out << R"({"model": "m", "images": [{"file": ")" << file
        << R"(", "width": 100, "height": 50, "detections": [{"class_id": 1, "label": ")" << label
        << R"(", "score": )" << score << R"(, "box": [0.2, 0.1, 0.6, 0.5]}], "ms": {"decode": 9,)"
        << R"( "network": 4, "postprocess": 1}}]})";
    return out.str();
  }

  CompareOptions options(const std::string& a, const std::string& b) const {
    CompareOptions options;
    options.a.path = write("a.json", a);
    options.b.path = write("b.json", b);
    return options;
  }

  std::string truth() const {
    return write("truth.json",
                 R"({"images": [{"id": 4, "file_name": "x/a.jpg", "tags": ["far"]}],
                     "categories": [{"id": 9, "name": "Dog"}],
                     "annotations": [{"id": 1, "image_id": 4, "category_id": 9,
                                      "bbox": [10, 10, 40, 20]}]})");
  }

  std::string folder_ = testing::TempDir() + "thaw_compare_" + std::to_string(::getpid()) + "_";
};

TEST_F(Documents, TruthIsFoundByFileAndLabel) {
  CompareOptions chosen = options(document("dog", 0.8), document("dog", 0.75, "./sub/a.jpg"));
  chosen.pictures = {"x/a.jpg"};
  chosen.truth = truth();
  chosen.max_map_drop = 0.1;
  const Comparison result = compare(chosen);
  EXPECT_EQ(result.totals.matched, 1U);
  EXPECT_NEAR(result.totals.max_score_change, 0.05, 1e-6);
  ASSERT_TRUE(result.truth);
  EXPECT_NEAR(result.truth->a.lines[kAp], 1, 1e-12);
  EXPECT_EQ(result.truth->tags.at(0).tag, "far");
  EXPECT_EQ(result.truth->confusion_b.at(0, 0), 1);
  EXPECT_TRUE(result.gates.at(0).passed);
  EXPECT_EQ(result.a.ms_p50, 5) << "without decoding";
  const auto json = nlohmann::json::parse(comparison_json(result));
  EXPECT_EQ(json["total"]["matched"], 1);
  EXPECT_EQ(json["truth"]["coco"]["change"]["ap"], 0);
  EXPECT_TRUE(json["truth"]["coco"]["a"]["ap_large"].is_null());
}

TEST_F(Documents, ClassesThatTheTruthLacksAreToldOf) {
  CompareOptions chosen = options(document("dog", 0.8), document("1", 0.8));
  chosen.truth = truth();
  chosen.max_map_drop = 0.5;
  const Comparison result = compare(chosen);
  EXPECT_EQ(result.truth->b.lines[kAp], 0);
  EXPECT_FALSE(result.gates.at(0).passed);
  EXPECT_THAT(result.gates.at(0).text, HasSubstr("-1.0000"));
  ASSERT_EQ(result.warnings.size(), 1U);
  EXPECT_THAT(result.warnings[0], HasSubstr("left out: 1"));
}

TEST_F(Documents, APictureOfOneSideAloneIsAnError) {
  const Comparison result =
      compare(options(document("dog", 0.8), document("dog", 0.8, "other.jpg")));
  EXPECT_EQ(result.totals.unreadable, 2U);
  EXPECT_THAT(result.pictures[0].error, HasSubstr("a.jpg: is not among the images of"));
}

TEST_F(Documents, BadDocumentsAreNamed) {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"{\"images\": [", "is no JSON"},
      {R"({"images": [{"file": "a"}]})", R"(images[0]: "detections": a list)"},
      {R"({"images": [{"file": "a", "detections": [{"class_id": 1, "score": "x"}]}]})",
       R"(images[0]: detections[0]: "score": a number was expected, found "x")"},
      {R"({"images": [{"file": "a", "detections": [{"class_id": 1, "score": 1, "box": [1]}]}]})",
       R"("box": a list of 4 numbers)"},
      {R"({"images": [{"file": "a", "detections": [{"class_id": 1e9}]}]})", "class_id"},
      {R"({"images": [{"file": "a", "detections": [{"class_id": 1, "score": 1e200}]}]})",
       R"("score": a float32 number was expected, found 1e+200)"},
  };
  for (const Case& one : cases) {
    try {
      compare(options(one.text, document("dog", 0.8)));
      ADD_FAILURE() << one.text;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr(one.message));
      EXPECT_THAT(error.what(), HasSubstr("a.json"));
    }
  }
}

TEST_F(Documents, WrongUseIsRefused) {
  CompareOptions chosen = options(document("dog", 0.8), document("dog", 0.8));
  chosen.max_map_drop = 0.1;
  EXPECT_THROW(compare(chosen), UsageError) << "no truth";
  chosen.max_map_drop.reset();
  chosen.score = 2;
  EXPECT_THROW(compare(chosen), UsageError);
}

TEST_F(Documents, TheReportLivesWithoutItsPictures) {
  const Comparison result = compare(options(document("dog", 0.8), document("<b>", 0.3)));
  const std::string path = folder_ + "report.html";
  write_html_report(path, result);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("a.jpg"));
  EXPECT_THAT(text.str(), testing::Not(HasSubstr("<b>\"")));
}

}  // namespace
}  // namespace thaw
