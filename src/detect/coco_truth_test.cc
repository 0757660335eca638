#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "thaw/coco.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using testing::HasSubstr;

std::string document(const std::string& images, const std::string& annotations,
                     const std::string& categories = R"({"id": 7, "name": "dog"})") {
  return R"({"info": {"x": [[1]]}, "images": [)" + images + R"(], "annotations": [)" + annotations +
         R"(], "categories": [)" + categories + "]}";
}

constexpr const char* kImage =
    R"({"id": 1, "file_name": "a.jpg", "width": 640, "height": 480, "tags": ["dusk", "far"]})";

std::string annotation(const std::string& rest,
                       const std::string& ids = R"("id": 1, "image_id": 1, "category_id": 7)") {
  return "{" + ids + ", " + rest + "}";
}

std::string error_of(const std::string& text) {
  try {
    CocoTruth::parse(text, "truth.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(CocoTruth, ReadsWhatCounts) {
  const std::string object = annotation(
      R"("bbox": [1, 2.5, 30, 40], "iscrowd": 1, "segmentation": [[1, 2, 3]], "ignore": 1)");
  const CocoTruth truth = CocoTruth::parse(
      document(kImage, object, R"({"id": 7, "name": "dog"}, {"id": 2, "name": "cat"})"), "t");
  ASSERT_EQ(truth.images.size(), 1U);
  EXPECT_EQ(truth.images[0].file, "a.jpg");
  EXPECT_EQ(truth.images[0].width, 640);
  EXPECT_THAT(truth.images[0].tags, testing::ElementsAre("dusk", "far"));
  ASSERT_EQ(truth.objects.size(), 1U);
  EXPECT_EQ(truth.objects[0].box, (CocoBox{1, 2.5, 30, 40}));
  EXPECT_EQ(truth.objects[0].area, 1200) << "that of the box where the file has none";
  EXPECT_TRUE(truth.objects[0].crowd);
  EXPECT_EQ(truth.categories[0].name, "cat") << "ascending ids";
}

TEST(CocoTruth, SaysWhichFieldIsWrong) {
  const std::string box = R"("bbox": [0, 0, 1, 1])";
  struct Case {
    std::string text;
    const char* message;
  };
  const Case cases[] = {
      {"", "truth.json: is no JSON"},
      {"\x89PNG", "truth.json: is no JSON"},
      {"[]", "truth.json: an object was expected, found a list of 0"},
      {"{}", R"("images": a list of objects was expected, found none)"},
      {R"({"images": 3})", R"("images": a list of objects was expected, found 3)"},
      {document("7", ""), "images[0]: an object was expected, found 7"},
      {document(R"({"file_name": "a"})", ""), R"(images[0]: "id": a whole number)"},
      {document(R"({"id": "1", "file_name": "a"})", ""), R"(found "1")"},
      {document(R"({"id": 1.5, "file_name": "a"})", ""), "found 1.5"},
      {document(R"({"id": 1})", ""), R"("file_name": text was expected, found none)"},
      {document(R"({"id": 1, "file_name": "a", "width": -3})", ""), "found -3"},
      {document(R"({"id": 1, "file_name": "a", "tags": "far"})", ""), R"("tags": a list)"},
      {document(std::string(kImage) + "," + kImage, ""), "1 again"},
      {document(kImage, annotation(box, R"("id": 1, "image_id": 2, "category_id": 7)")),
       R"(annotations[0]: "image_id": an id from "images" was expected, found 2)"},
      {document(kImage, annotation(box, R"("id": 1, "image_id": 1, "category_id": 8)")),
       R"("category_id": an id from "categories" was expected, found 8)"},
      {document(kImage, annotation(R"("area": 3)")), R"("bbox": a list of 4 numbers)"},
      {document(kImage, annotation(R"("bbox": [1, 2, 3])")), "found a list of 3"},
      {document(kImage, annotation(R"("bbox": [1, 2, 3, null])")), "found null"},
      {document(kImage, annotation(R"("bbox": [1, 2, -3, 1])")), "found -3 x 1"},
      {document(kImage, annotation(R"("bbox": [1, 2, 1e999, 1])")), "is no JSON"},
      {document(kImage, annotation(R"("bbox": [1, 2, 1e200, 1])")), "found 1e+200"},
      {document(kImage, annotation(box + R"(, "iscrowd": 2)")), R"("iscrowd": 0 or 1)"},
      {document(kImage, annotation(box) + "," + annotation(box)), R"(annotations[1]: "id")"},
      {document(kImage, "", R"({"id": 7})"), R"(categories[0]: "name")"},
      {R"({"images": )" + std::string(50, '['), "nested more than"},
  };
  for (const Case& one : cases) EXPECT_THAT(error_of(one.text), HasSubstr(one.message)) << one.text;
}

TEST(CocoTruth, MoreCategoriesThanAnEvaluationHoldsAreRefused) {
  std::string categories = R"({"id": 0, "name": ""})";
  for (int i = 1; i < 10'000; ++i)
    categories += R"(,{"id": )" + std::to_string(i) + R"(, "name": ""})";
  EXPECT_EQ(CocoTruth::parse(document("", "", categories), "t").categories.size(), 10'000U);
  EXPECT_THAT(error_of(document("", "", categories + R"(,{"id": -1, "name": ""})")),
              HasSubstr("up to 10000 of them"));
}

TEST(CocoTruth, DeepNestingInUnknownFieldsIsRefused) {
  EXPECT_THAT(error_of(R"({"info": )" + std::string(1000000, '[')), HasSubstr("nested more than"));
}

TEST(CocoTruth, PartOfTheImages) {
  CocoTruth truth;
  truth.images = {{1, "a", 0, 0, {}}, {2, "b", 0, 0, {}}};
  truth.categories = {{7, "dog"}};
  truth.objects.resize(3);
  for (CocoObject& object : truth.objects) object.image_id = 2;
  truth.objects[0].image_id = 1;
  const CocoTruth part = truth.of_images({2});
  ASSERT_EQ(part.images.size(), 1U);
  EXPECT_EQ(part.images[0].file, "b");
  EXPECT_EQ(part.objects.size(), 2U);
  EXPECT_EQ(part.categories.size(), 1U);
}

// Who is taken for whom.

CocoDetection found(int64_t category, CocoBox box, double score) {
  return {1, category, box, score};
}

TEST(CocoConfusion, TheBestDetectionTakesTheObjectWhateverItsClass) {
  CocoTruth truth;
  truth.images = {{1, "a", 0, 0, {}}};
  truth.categories = {{3, "left"}, {5, "straight"}};
  truth.objects = {{1, 1, 5, {0, 0, 10, 10}, 100, false},
                   {2, 1, 3, {50, 50, 10, 10}, 100, false},
                   {3, 1, 3, {100, 0, 50, 50}, 2500, true}};
  const CocoConfusion counts =
      count_confusions(truth,
                       {found(5, {0, 0, 10, 10}, 0.6),     // too late: becomes background
                        found(3, {1, 0, 10, 10}, 0.9),     // takes the straight arrow
                        found(3, {50, 50, 10, 10}, 0.49),  // below the score: missed
                        found(5, {110, 10, 5, 5}, 0.8),    // in the crowd: not counted
                        found(5, {300, 300, 5, 5}, 0.8)},  // background
                       0.5);
  EXPECT_EQ(counts.at(1, 0), 1) << "straight taken for left";
  EXPECT_EQ(counts.at(1, 1), 0);
  EXPECT_EQ(counts.at(0, 2), 1) << "left missed";
  EXPECT_EQ(counts.at(2, 1), 2) << "straight where there is none";
  int64_t sum = 0;
  for (const int64_t count : counts.counts) sum += count;
  EXPECT_EQ(sum, 4);
}

}  // namespace
}  // namespace thaw
