#include "import/tensor_bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "export/tensor_bundle_writer.h"
#include "import/leveldb_table.h"
#include "import/testing.h"

namespace thaw {
namespace {

using ::testing::AllOf;
using testing::error_of;
using testing::floats;
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::TempFolder;

tf::TensorSliceProto rows(int64_t start, int64_t length) {
  tf::TensorSliceProto slice;
  slice.add_extent()->set_start(start);
  slice.mutable_extent(0)->set_length(length);
  slice.add_extent();  // all of dimension 1
  return slice;
}

Tensor matrix() { return Tensor::of<float>(DType::kFloat32, {3, 2}, {1, 2, 3, 4, 5, 6}); }

std::string write_sample(const TempFolder& folder) {
  TensorBundleWriter writer(folder.file("v"));
  writer.add("a/weights", floats({1, 2, 3}));
  writer.add("b", Tensor::of<int64_t>(DType::kInt64, {}, {42}));
  writer.add("text",
             Tensor::of<std::string>(DType::kString, {2}, {"hello", std::string(300, 'x')}));
  writer.add_part("m", {3, 2}, rows(0, 2),
                  Tensor::of<float>(DType::kFloat32, {2, 2}, {1, 2, 3, 4}));
  writer.add_part("m", {3, 2}, rows(2, 1), Tensor::of<float>(DType::kFloat32, {1, 2}, {5, 6}));
  writer.finish();
  return folder.file("v");
}

// Reads everything; returns the error, if any.
std::string read_all(const std::string& prefix) {
  return error_of([&] {
    const TensorBundle bundle(prefix);
    for (const std::string& key : bundle.keys()) bundle.read(key);
  });
}

TEST(TensorBundle, ReadsWhatWasWritten) {
  const TempFolder folder;
  const TensorBundle bundle(write_sample(folder));
  EXPECT_EQ(bundle.keys(), (std::vector<std::string>{"a/weights", "b", "m", "text"}));
  EXPECT_TRUE(identical(bundle.read("a/weights"), floats({1, 2, 3})));
  EXPECT_EQ(bundle.read("b").int_at(0), 42);
  EXPECT_EQ(bundle.read("text").data<std::string>()[0], "hello");
  EXPECT_EQ(bundle.read("text").data<std::string>()[1].size(), 300u);
  EXPECT_TRUE(identical(bundle.read("m"), matrix()));
  EXPECT_EQ(bundle.shape("m"), Shape({3, 2}));
}

TEST(TensorBundle, ReadsSlices) {
  const TempFolder folder;
  const TensorBundle bundle(write_sample(folder));
  EXPECT_TRUE(identical(bundle.read_slice("m", "3 2 1,2:-"),
                        Tensor::of<float>(DType::kFloat32, {2, 2}, {3, 4, 5, 6})));
  EXPECT_TRUE(identical(bundle.read_slice("m", "3 2 0,3:1,1"),
                        Tensor::of<float>(DType::kFloat32, {3, 1}, {2, 4, 6})));
  EXPECT_TRUE(identical(bundle.read_slice("a/weights", "3 0,2"), floats({1, 2})));
  for (const char* bad : {"3 2 1,3:-", "3 3 0,1:-", "3 2 0,1", "3 2 0;1:-", "x", "3 2 -1,1:-"})
    EXPECT_NE(error_of([&] { bundle.read_slice("m", bad); }), "") << bad;
}

TEST(TensorBundle, SliceKeysSortAndDiffer) {
  // The encoding TensorFlow uses: -1 is 0x7f, 0 is 0x80, 64 takes two bytes.
  tf::TensorSliceProto slice;
  slice.add_extent();
  EXPECT_EQ(slice_key("w", slice), std::string("\0w\0\1\1\1\x80\x7f", 8));
  slice.mutable_extent(0)->set_start(64);
  slice.mutable_extent(0)->set_length(1 << 20);
  EXPECT_EQ(slice_key("w", slice), std::string("\0w\0\1\1\1\xc0\x40\xf0\x10\0\0", 12));
  std::set<std::string> keys;
  std::string last;
  for (int64_t start : {0LL, 1LL, 63LL, 64LL, 8191LL, 8192LL, 1LL << 20, 1LL << 40, 1LL << 62}) {
    slice.mutable_extent(0)->set_start(start);
    const std::string key = slice_key("w", slice);
    EXPECT_LT(last, key) << start;
    last = key;
    EXPECT_TRUE(keys.insert(key).second);
  }
}

TEST(TensorBundle, EveryTruncationIsAnError) {
  const TempFolder folder;
  const std::string prefix = write_sample(folder);
  const std::string index = read_bytes(prefix + ".index");
  const std::string data = read_bytes(prefix + ".data-00000-of-00001");
  for (size_t n = 0; n < index.size(); ++n) {
    folder.write("v.index", index.substr(0, n));
    EXPECT_THAT(read_all(prefix), HasSubstr("v.index")) << n;
  }
  folder.write("v.index", index);
  for (size_t n = 0; n < data.size(); ++n) {
    folder.write("v.data-00000-of-00001", data.substr(0, n));
    EXPECT_NE(read_all(prefix), "") << n;
  }
}

TEST(TensorBundle, EveryFlippedByteIsFound) {
  const TempFolder folder;
  const std::string prefix = write_sample(folder);
  const std::string index = read_bytes(prefix + ".index");
  const std::string data = read_bytes(prefix + ".data-00000-of-00001");
  for (size_t i = 0; i < data.size(); ++i) {
    std::string bad = data;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    folder.write("v.data-00000-of-00001", bad);
    EXPECT_THAT(read_all(prefix), AllOf(HasSubstr("checksum"), HasSubstr("v.data"))) << i;
  }
  folder.write("v.data-00000-of-00001", data);
  int accepted = 0;
  for (size_t i = 0; i < index.size(); ++i) {
    std::string bad = index;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    folder.write("v.index", bad);
    accepted += read_all(prefix).empty();
  }
  // The padding of the footer and the empty meta index (53 bytes) carry no meaning.
  EXPECT_LE(accepted, 53);
}

TEST(TensorBundle, SaysWhichFileIsMissing) {
  const TempFolder folder;
  const std::string prefix = write_sample(folder);
  std::filesystem::remove(prefix + ".data-00000-of-00001");
  EXPECT_THAT(read_all(prefix), HasSubstr("v.data-00000-of-00001: No such file"));
  EXPECT_THAT(error_of([&] { TensorBundle(folder.file("w")); }), HasSubstr("w.index: No such"));
}

TEST(TensorBundle, EntriesMustFitTheirShapesAndShards) {
  const TempFolder folder;
  const std::string prefix = write_sample(folder);
  const auto good = read_leveldb_table(read_bytes(prefix + ".index"), "v");
  const auto damaged = [&](auto&& change) {
    auto table = good;
    tf::BundleEntryProto entry;
    entry.ParseFromString(table["a/weights"]);
    change(&entry);
    table["a/weights"] = entry.SerializeAsString();
    folder.write("v.index", write_leveldb_table(table));
    return read_all(prefix);
  };
  using Entry = tf::BundleEntryProto;
  EXPECT_EQ(damaged([](Entry*) {}), "");
  EXPECT_THAT(damaged([](Entry* e) { e->set_size(int64_t{1} << 60); }), HasSubstr("has"));
  EXPECT_THAT(damaged([](Entry* e) { e->set_offset(-1); }), HasSubstr("bytes at -1"));
  EXPECT_THAT(damaged([](Entry* e) { e->set_shard_id(3); }), HasSubstr("lies in shard 3"));
  EXPECT_THAT(damaged([](Entry* e) { e->set_dtype(tf::DT_VARIANT); }), HasSubstr("DT_VARIANT"));
  EXPECT_THAT(damaged([](Entry* e) { e->mutable_shape()->mutable_dim(0)->set_size(4); }),
              HasSubstr("takes 16 bytes, the index says 12"));
  EXPECT_THAT(
      damaged([](Entry* e) { e->mutable_shape()->mutable_dim(0)->set_size(int64_t{1} << 62); }),
      HasSubstr("larger than any memory"));
}

TEST(TensorBundle, APartOfATensorMayNotBeMissing) {
  const TempFolder folder;
  const std::string prefix = write_sample(folder);
  auto table = read_leveldb_table(read_bytes(prefix + ".index"), "v");
  ASSERT_EQ(table.erase(slice_key("m", rows(2, 1))), 1u);
  folder.write("v.index", write_leveldb_table(table));
  EXPECT_THAT(read_all(prefix), HasSubstr("a part of [3,2] is missing"));
}

TEST(LeveldbTable, PlainAndCompressedBlocksReadBack) {
  std::map<std::string, std::string> entries;
  for (int i = 0; i < 2000; ++i)
    entries["layer/" + std::to_string(i) + "/weights"] =
        std::string(static_cast<size_t>(i % 50), 'v');
  for (bool compress : {false, true})
    EXPECT_EQ(read_leveldb_table(write_leveldb_table(entries, compress), "t"), entries) << compress;
  EXPECT_TRUE(read_leveldb_table(write_leveldb_table({}), "t").empty());
}

TEST(LeveldbTable, HugeSnappyBlocksAreRefused) {
  std::map<std::string, std::string> entries{{"k", std::string(80 << 20, 'v')}};
  const std::string file = write_leveldb_table(entries, true);
  EXPECT_LT(file.size(), size_t{8} << 20);
  EXPECT_THAT(error_of([&] { read_leveldb_table(file, "t"); }), HasSubstr("Snappy blocks of more"));
}

}  // namespace
}  // namespace thaw
