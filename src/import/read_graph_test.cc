#include "import/read_graph.h"

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <random>

#include "import/testing.h"
#include "import/wire_check.h"

namespace thaw {
namespace {

using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::small_graph;
using testing::TempFolder;

std::string refusal(const TempFolder& folder, const std::string& bytes,
                    const std::string& name = "model.pb") {
  const std::string path = folder.write(name, bytes);
  return error_of([&] { read_model_file(path); });
}

TEST(ReadGraph, BinaryAndTextAreTheSame) {
  const TempFolder folder;
  const tf::GraphDef graph = small_graph();
  std::string text;
  google::protobuf::TextFormat::PrintToString(graph, &text);
  const ModelFile binary = read_model_file(folder.write("a.pb", graph.SerializeAsString()));
  // What it is shows in its content, not in its name.
  const ModelFile read_text = read_model_file(folder.write("b.pb", "# comment\n" + text));
  EXPECT_EQ(binary.kind, ModelKind::kFrozenBinary);
  EXPECT_EQ(read_text.kind, ModelKind::kFrozenText);
  EXPECT_EQ(binary.graph.node_size(), 5);
  EXPECT_EQ(read_text.graph.node_size(), 5);
  EXPECT_EQ(binary.producer, 27);
}

TEST(ReadGraph, EveryTruncationIsAnErrorOrAShorterGraph) {
  const TempFolder folder;
  const std::string bytes = small_graph().SerializeAsString();
  int errors = 0;
  for (size_t n = 0; n < bytes.size(); ++n) {
    const std::string message = refusal(folder, bytes.substr(0, n));
    if (message.empty()) continue;
    ++errors;
    EXPECT_THAT(message, HasSubstr("model.pb: ")) << n;
  }
  // Only a cut between two nodes leaves something well formed.
  EXPECT_GE(errors, static_cast<int>(bytes.size()) - 7);
  std::string text;
  google::protobuf::TextFormat::PrintToString(small_graph(), &text);
  for (size_t n = 0; n < text.size(); n += 3) refusal(folder, text.substr(0, n), "model.pbtxt");
}

TEST(ReadGraph, RandomBytesNeverPass) {
  const TempFolder folder;
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    std::string bytes(1 + random() % 300, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_NE(refusal(folder, bytes), "");
  }
}

TEST(ReadGraph, FlippedBytesNeverCrash) {
  const TempFolder folder;
  const std::string good = small_graph().SerializeAsString();
  for (size_t i = 0; i < good.size(); ++i)
    for (int bit : {0, 3, 7}) {
      std::string bytes = good;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      refusal(folder, bytes);
    }
}

TEST(ReadGraph, SaysWhatAFileLooksLike) {
  const TempFolder folder;
  EXPECT_THAT(refusal(folder, ""), HasSubstr("is empty (0 bytes)"));
  EXPECT_THAT(refusal(folder, "\xff\xd8\xff\xe0 JFIF"), HasSubstr("a JPEG image"));
  EXPECT_THAT(refusal(folder, "\x89PNG\r\n\x1a\n rest"), HasSubstr("a PNG image"));
  EXPECT_THAT(refusal(folder, "PK\x03\x04 rest"), HasSubstr("a ZIP archive"));
  EXPECT_THAT(refusal(folder, "\x89HDF\r\n\x1a\n rest"), HasSubstr("an HDF5 file"));
  EXPECT_THAT(refusal(folder, std::string("\x1c\0\0\0TFL3 rest", 13)), HasSubstr("Lite model"));
  EXPECT_THAT(refusal(folder, "\x08\x07\x12\x07pytorch"), HasSubstr("an ONNX model"));
  EXPECT_THAT(refusal(folder, "\x08\x01\x12\x02\x0a"), HasSubstr("give its folder instead"));
  EXPECT_THAT(refusal(folder, "hello there"), HasSubstr("found text"));
  EXPECT_THAT(error_of([&] { read_model_file(folder.file("none.pb")); }), HasSubstr("none.pb: No"));
}

TEST(ReadGraph, TextErrorsNameTheLine) {
  const TempFolder folder;
  EXPECT_THAT(refusal(folder, "node {\n  name: \"a\"\n  op: }\n", "m.pbtxt"),
              AllOf(HasSubstr("m.pbtxt"), HasSubstr("line 3")));
}

TEST(ReadGraph, AFieldThatClaimsTwoGigabytesIsRefusedFirst) {
  const TempFolder folder;
  // node { field 1 of 2^31 - 1 bytes
  const std::string bytes("\x0a\xff\xff\xff\xff\x07rest of the file", 22);
  EXPECT_THAT(refusal(folder, bytes),
              AllOf(HasSubstr("byte 0, node[0]"), HasSubstr("2147483647 bytes, 16 are left")));
}

TEST(ReadGraph, ErrorsNameTheNodeAndTheField) {
  const TempFolder folder;
  tf::GraphDef graph = small_graph();
  std::string bytes = graph.SerializeAsString();
  const size_t at = bytes.find("\x22\x0c");  // tensor_content of 12 bytes
  ASSERT_NE(at, std::string::npos);
  bytes[at + 1] = '\x7f';
  EXPECT_THAT(refusal(folder, bytes), AllOf(HasSubstr("node[2] 'w' attr.value.tensor"),
                                            HasSubstr("tensor_content"), HasSubstr("127 bytes")));
}

TEST(ReadGraph, NestingIsLimited) {
  const TempFolder folder;
  tf::AttrValue value;
  value.set_i(1);
  for (int i = 0; i < 120; ++i) {
    tf::AttrValue outer;
    outer.mutable_func()->set_name("f");
    (*outer.mutable_func()->mutable_attr())["a"] = std::move(value);
    value = std::move(outer);
  }
  tf::GraphDef graph = small_graph();
  (*graph.mutable_node(0)->mutable_attr())["deep"] = value;
  EXPECT_THAT(refusal(folder, graph.SerializeAsString()), HasSubstr("nest deeper than 100"));
}

TEST(ReadGraph, MemoryStaysInProportion) {
  const TempFolder folder;
  std::string bytes;
  bytes.reserve(16 << 20);
  // Nodes of no bytes: two bytes of file, more than a hundred of memory each.
  while (bytes.size() < (16 << 20)) bytes.append("\x0a\x00", 2);
  EXPECT_THAT(refusal(folder, bytes), HasSubstr("out of all proportion"));
}

TEST(ReadGraph, TextStaysInProportionToo) {
  const TempFolder folder;
  std::string text;
  text.reserve(12 << 20);
  while (text.size() < (12 << 20)) text += "node{}";
  EXPECT_THAT(refusal(folder, text), HasSubstr("out of all proportion"));
}

TEST(ReadGraph, MoreThanTwoGigabytesAreNotRead) {
  const TempFolder folder;
  const std::string path = folder.write("model.pb", "x");
  std::filesystem::resize_file(path, (uint64_t{2} << 30) + 10);  // sparse: takes no room
  EXPECT_THAT(error_of([&] { read_model_file(path); }), HasSubstr("limited to 2 GiB by protobuf"));
}

TEST(ReadGraph, NodesNeedNamesOpsAndToBeDifferent) {
  const TempFolder folder;
  tf::GraphDef graph = small_graph();
  graph.mutable_node(1)->clear_op();
  EXPECT_THAT(refusal(folder, graph.SerializeAsString()), HasSubstr("node 'x' names no op"));
  graph = small_graph();
  graph.mutable_node(1)->clear_name();
  EXPECT_THAT(refusal(folder, graph.SerializeAsString()), HasSubstr("node 1 of 5 has no name"));
  graph = small_graph();
  graph.mutable_node(1)->set_name("w");
  EXPECT_THAT(refusal(folder, graph.SerializeAsString()), HasSubstr("two nodes are called 'w'"));
}

TEST(WireCheck, TextMustBeUtf8) {
  std::string bytes = small_graph().SerializeAsString();
  bytes[bytes.find("product")] = '\xff';
  EXPECT_THAT(check_wire(bytes, tf::GraphDef::descriptor(), 1 << 20), HasSubstr("not UTF-8"));
}

TEST(WireCheck, UnknownFieldsAndGroupsPass) {
  const std::string bytes("\xa3\x06\x08\x01\xa4\x06\xa0\x06\x05", 9);  // group 100 { 1: 1 }, 100: 5
  EXPECT_EQ(check_wire(bytes, tf::GraphDef::descriptor(), 1 << 20), "");
  tf::GraphDef graph;
  EXPECT_TRUE(graph.ParseFromString(bytes));
}

// What the check lets through protobuf must take, too, and the other way round.
TEST(WireCheck, AgreesWithProtobuf) {
  const std::string good = small_graph().SerializeAsString();
  std::mt19937 random(11);
  const google::protobuf::LogSilencer quiet;
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    for (unsigned k = 0; k < 1 + random() % 3; ++k)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    tf::GraphDef graph;
    const bool ours = check_wire(bytes, tf::GraphDef::descriptor(), 64 << 20).empty();
    EXPECT_EQ(ours, graph.ParseFromString(bytes)) << "case " << i;
    refused += !ours;
  }
  EXPECT_GT(refused, 300);
}

}  // namespace
}  // namespace thaw
