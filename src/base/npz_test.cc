#include "thaw/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/marks.h"
#include "base/npy.h"
#include "thaw/error.h"
#include "thaw/files.h"

namespace thaw {
namespace {

std::string npy(const std::string& header, const std::string& data) {
  std::string out = "\x93NUMPY";
  out += {'\x01', '\0', static_cast<char>(header.size()), '\0'};
  return out + header + data;
}

std::string dict(const std::string& descr, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + shape + ", }\n";
}

void expect_refused(const std::string& bytes, const std::string& message) {
  try {
    parse_npy(bytes, "a.npz: array 'x'");
    FAIL() << "was accepted";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(message));
    EXPECT_THAT(error.what(), testing::HasSubstr("a.npz: array 'x'"));
  }
}

TEST(Npy, ReadsRowMajorNumbers) {
  const Tensor t = parse_npy(npy(dict("<i2", "(2, 1)"), std::string("\x01\x00\xff\xff", 4)), "x");
  EXPECT_EQ(t.str(), "int16[2,1]");
  EXPECT_EQ(t.ints(), (std::vector<int64_t>{1, -1}));
}

TEST(Npy, ReadsScalars) {
  const Tensor t = parse_npy(npy(dict("|u1", "()"), "\x07"), "x");
  EXPECT_EQ(t.str(), "uint8[]");
  EXPECT_EQ(t.int_at(0), 7);
}

TEST(Npy, TransposesColumnMajorArrays) {
  const Tensor t = parse_npy(npy(dict("|u1", "(2, 3)", true), "\x01\x02\x03\x04\x05\x06"), "x");
  EXPECT_EQ(t.ints(), (std::vector<int64_t>{1, 3, 5, 2, 4, 6}));
}

TEST(Npy, SwapsBigEndianNumbers) {
  const Tensor t = parse_npy(npy(dict(">i4", "(1,)"), std::string("\0\0\x01\x02", 4)), "x");
  EXPECT_EQ(t.int_at(0), 258);
}

TEST(Npy, MakesTextUtf8AndDropsTrailingZeros) {
  const std::string points("h\0\0\0\xe9\0\0\0\0\0\0\0", 12);
  const Tensor text = parse_npy(npy(dict("<U3", "(1,)"), points), "x");
  EXPECT_EQ(text.data<std::string>()[0], "h\xc3\xa9");
  const Tensor bytes = parse_npy(npy(dict("|S3", "(2,)"), std::string("ab\0abc", 6)), "x");
  EXPECT_EQ(bytes.data<std::string>()[0], "ab");
  EXPECT_EQ(bytes.data<std::string>()[1], "abc");
}

TEST(Npy, RefusesWhatItCanNotHold) {
  expect_refused(npy(dict("|O", "(1,)"), "x"), "Python objects");
  expect_refused(npy(dict("<c8", "(1,)"), "12345678"), "'<c8'");
  expect_refused(npy(dict("<f4", "(2,)"), "1234"), "2 elements of 4 bytes");
  expect_refused(npy(dict("<f4", "(4294967296, 4294967296, 4294967296)"), ""),
                 "larger than any memory");
  expect_refused(npy(dict("|S0", "(999999999999,)"), ""), "empty strings");
  expect_refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", ""),
                 "structures");
  expect_refused(npy("{'descr': '<f4'}", ""), "needs descr");
  expect_refused(npy("{'descr", ""), "header");
  expect_refused("\x93NUMPX", "magic");
}

class Npz : public testing::Test {
 protected:
  void TearDown() override { std::remove(path_.c_str()); }
  std::string file_bytes() const {
    std::ifstream file(path_, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
  std::string path_ = testing::TempDir() + "npz_test.npz";
};

TEST_F(Npz, GivesBackWhatWasWritten) {
  Tensor strings = Tensor::empty(DType::kString, {2});
  strings.data<std::string>()[0] = "traffic light";
  const std::vector<NamedTensor> arrays = {
      {"scores", Tensor::of<float>(DType::kFloat32, {1, 3}, {0.5F, -1, 2})},
      {"nested/name", Tensor::of<uint8_t>(DType::kUInt8, {}, {9})},
      {"labels", strings},
      {"none", Tensor::zeros(DType::kInt64, {0, 4})},
  };
  write_npz(path_, arrays);
  const std::vector<NamedTensor> back = read_npz(path_);
  ASSERT_EQ(back.size(), arrays.size());
  for (size_t i = 0; i < arrays.size(); ++i) {
    EXPECT_EQ(back[i].first, arrays[i].first);
    EXPECT_TRUE(identical(back[i].second, arrays[i].second)) << arrays[i].first;
  }
}

TEST_F(Npz, WidensBfloat16) {
  write_npz(path_, {{"x", Tensor::of<uint16_t>(DType::kBFloat16, {1}, {0x3fc0})}});
  const Tensor back = read_npz(path_)[0].second;
  EXPECT_EQ(back.str(), "float32[1]");
  EXPECT_EQ(back.data<float>()[0], 1.5F);
}

TEST_F(Npz, RefusesEveryTruncationAndEveryChangedByteOfItsData) {
  write_npz(path_, {{"x", Tensor::of<float>(DType::kFloat32, {2}, {1, 2})}});
  const std::string whole = file_bytes();
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(parse_npz(whole.substr(0, length), "cut.npz"), InputError) << length;
  const size_t data = whole.find("\x93NUMPY");
  for (size_t i = data; i < data + 136; ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    EXPECT_THROW(parse_npz(changed, "changed.npz"), InputError) << i;
  }
}

TEST_F(Npz, NamesAFolderThatIsNotThere) {
  EXPECT_THROW(write_npz("/nowhere/at/all.npz", {}), ResourceError);
  EXPECT_THROW(read_npz("/nowhere/at/all.npz"), InputError);
}

TEST(NpzMarks, ArchivesOfThawsThatDidNotMarkThemAreItsOwn) {
  const std::string path = testing::TempDir() + "/marks.npz";
  const auto is_own = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return is_made_by_thaw(path, OutputKind::kArrays);
  };
  write_npz(path, {{"x", Tensor::zeros(DType::kFloat32, {3})}});
  std::string bytes = read_file(path, 1 << 20);
  EXPECT_TRUE(is_own(bytes));
  bytes.resize(bytes.size() - kMadeByThaw.size());
  bytes[bytes.size() - 2] = 0;  // the length of the comment
  EXPECT_TRUE(is_own(bytes));
  bytes[bytes.find("PK\x01\x02") + 5] = 3;  // as numpy on Unix
  EXPECT_FALSE(is_own(bytes));
  std::remove(path.c_str());
}

}  // namespace
}  // namespace thaw
