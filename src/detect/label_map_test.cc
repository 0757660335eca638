#include "detect/label_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "thaw/error.h"

namespace thaw {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::string& text, const std::string& file = "labels.pbtxt") {
  try {
    LabelMap::parse(text, file);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(LabelMap, ReadsItemsInAnyForm) {
  const LabelMap labels = LabelMap::parse(
      "# COCO\n"
      "item { id: 1 name: '/m/01g317' display_name: \"person\" }\r\n"
      "item: < name: \"traffic \" 'light', id: 0xA >\n"
      "item {\n  keypoints { id: 5 label: \"nose\" }\n  [ext.field] { x: [1, 2] }\n"
      "  frequency: COMMON;\n  display_name: \"caf\\303\\251 \\u20ac \\x41\\t\"\n  id: 3\n}\n"
      "item{id:0}",
      "labels.pbtxt");
  EXPECT_EQ(labels.size(), 4U);
  EXPECT_EQ(labels.name(1), "person");
  EXPECT_EQ(labels.name(10), "traffic light");
  EXPECT_EQ(labels.name(3), "caf\xC3\xA9 \xE2\x82\xAC A\t");
  EXPECT_EQ(labels.name(0), "0");
  EXPECT_EQ(labels.name(77), "77");
  EXPECT_FALSE(labels.has(5));
}

TEST(LabelMap, KnowsItemsByContentWhateverTheName) {
  const std::string bom = "\xEF\xBB\xBF";
  EXPECT_EQ(LabelMap::parse(bom + "# x\n item{ id: 2 name: 'b' }", "a.txt").name(2), "b");
}

TEST(LabelMap, ReadsLists) {
  const LabelMap labels = LabelMap::parse(
      "\xEF\xBB\xBF"
      "cat\r\n dog \r\n\r\ntraffic light\r\n",
      "a.txt");
  EXPECT_EQ(labels.size(), 3U);
  EXPECT_EQ(labels.name(1), "cat");
  EXPECT_EQ(labels.name(2), "dog");
  EXPECT_EQ(labels.name(4), "traffic light");
  EXPECT_EQ(LabelMap::parse("item\nthing", "a.txt").name(1), "item");
}

TEST(LabelMap, ListsMayBeginWithTheBackground) {
  for (const char* first : {"???", "background", "Unlabeled"}) {
    const LabelMap labels = LabelMap::parse(std::string(first) + "\nperson\n", "a.txt");
    EXPECT_EQ(labels.name(0), first);
    EXPECT_EQ(labels.name(1), "person");
  }
}

TEST(LabelMap, ListsMayCarryIds) {
  const LabelMap labels = LabelMap::parse("0 person\n 7: traffic light\n9,cat\n", "a.txt");
  EXPECT_EQ(labels.name(0), "person");
  EXPECT_EQ(labels.name(7), "traffic light");
  EXPECT_EQ(labels.name(9), "cat");
  // A single line without a number makes all of them names.
  EXPECT_EQ(LabelMap::parse("7 wonders\ncat\n", "a.txt").name(1), "7 wonders");
}

TEST(LabelMap, ErrorsNameTheLine) {
  EXPECT_THAT(error_of("item { id: 1 name: 'a' }\n\nitem { id: 1 name: 'b' }"),
              AllOf(HasSubstr("id 1"), HasSubstr("line 1"), HasSubstr("line 3")));
  EXPECT_THAT(error_of("item { id: 1\n name: 'a }\n"), HasSubstr("labels.pbtxt:2: "));
  EXPECT_THAT(error_of("item {\n id: 'one' }"), HasSubstr("labels.pbtxt:2: id wants"));
  EXPECT_THAT(error_of("item {\n id: 99999999999 }"), HasSubstr("labels.pbtxt:2: id wants"));
  EXPECT_THAT(error_of("item {\n id: -4 }"), HasSubstr("negative"));
  EXPECT_THAT(error_of("item {\n id: 1\n name: \xFF }"), HasSubstr("labels.pbtxt:3: UTF-8"));
  EXPECT_THAT(error_of("item { id: 1\n name: '\\377' }"), HasSubstr("no UTF-8"));
  EXPECT_THAT(error_of("\nitem { name: 'a' }"), HasSubstr("labels.pbtxt:2: an item has no id"));
  EXPECT_THAT(error_of("item { id: 1 name: 'a'\n"), HasSubstr("never closed"));
  EXPECT_THAT(error_of("item { id: 1 x { y [ }"), HasSubstr("never closed"));
  EXPECT_THAT(error_of("item 5"), HasSubstr("'{' was expected behind 'item', found '5'"));
  EXPECT_THAT(error_of("item { id: 1 @ }"), HasSubstr("0x40 ('@')"));
  EXPECT_THAT(error_of("1: a\n1: b\n", "a.txt"), HasSubstr("id 1 stands twice, in line 1"));
  EXPECT_THAT(error_of(std::string("a\nb\0", 4), "a.txt"), HasSubstr("a.txt:2: "));
  EXPECT_THAT(error_of(" \n"), HasSubstr("empty"));
  EXPECT_THAT(error_of("model { }"), HasSubstr("no labels"));
  EXPECT_THAT(error_of(std::string(2000, 'x'), "a.txt"), HasSubstr("2000 bytes"));
}

TEST(LabelMap, EveryTruncationIsReadOrRefused) {
  const std::string text = "item { id: 1 name: \"a\\x41\" x { y: [1] } }\nitem < id: 2 name: 'b' >";
  for (size_t length = 0; length <= text.size(); ++length) {
    const std::string error = error_of(text.substr(0, length));
    EXPECT_TRUE(error == "no error" || error.find("labels.pbtxt") == 0) << error;
  }
}

TEST(LabelMap, NestingMayBeDeep) {
  const std::string deep(200000, '{');
  EXPECT_THAT(error_of("item { id: 1 x " + deep), HasSubstr("never closed"));
  EXPECT_EQ(error_of("item { id: 1 x " + deep + std::string(200000, '}') + "}"), "no error");
}

TEST(LabelMap, AMillionItems) {
  std::string text;
  for (int i = 0; i < 1000000; ++i) text += "item{id:" + std::to_string(i) + " name:'n'}\n";
  EXPECT_EQ(LabelMap::parse(text, "big.pbtxt").size(), 1000000U);
}

TEST(LabelMap, FindsIdsByLabel) {
  const LabelMap labels = LabelMap::parse("person\ntraffic light\ncar\ncar\n", "a.txt");
  EXPECT_THAT(labels.ids({"Traffic Light", " car "}), ElementsAre(2, 3, 4));
  EXPECT_THAT(labels.ids({"9", "person"}), ElementsAre(1, 9));
  try {
    labels.ids({"trafic light"});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"traffic light\"?"));
  }
}

}  // namespace
}  // namespace thaw
