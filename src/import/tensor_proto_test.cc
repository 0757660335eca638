#include "import/tensor_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import/testing.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using ::testing::HasSubstr;

tf::TensorProto proto_of(tf::DataType dtype, std::initializer_list<int64_t> dims) {
  tf::TensorProto p;
  p.set_dtype(dtype);
  for (int64_t d : dims) p.mutable_tensor_shape()->add_dim()->set_size(d);
  return p;
}

Tensor read(const tf::TensorProto& p) {
  SplatBudget budget;
  return tensor_from_proto(p, "here", &budget);
}

std::string refusal(const tf::TensorProto& p) {
  return testing::error_of([&] { read(p); });
}

TEST(TensorProto, EveryTypeComesBackTheSame) {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16,
                      DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64, DType::kUInt8,
                      DType::kUInt16, DType::kUInt32, DType::kUInt64, DType::kBool}) {
    Tensor t = Tensor::zeros(dtype, {2, 3});
    for (size_t i = 0; i < t.num_bytes(); ++i)
      t.data<uint8_t>()[i] = dtype == DType::kBool ? i & 1 : static_cast<uint8_t>(i * 7);
    tf::TensorProto p;
    tensor_to_proto(t, &p);
    EXPECT_TRUE(identical(t, read(p))) << dtype_name(dtype);
    SplatBudget budget;
    EXPECT_TRUE(identical(t, take_tensor(&p, "here", &budget))) << dtype_name(dtype);
  }
}

TEST(TensorProto, StringsKeepZeroBytes) {
  const Tensor t = Tensor::of<std::string>(DType::kString, {2}, {std::string("a\0b", 3), ""});
  tf::TensorProto p;
  tensor_to_proto(t, &p);
  EXPECT_TRUE(identical(t, read(p)));
}

TEST(TensorProto, LargeContentIsTakenNotCopied) {
  const Tensor t = Tensor::zeros(DType::kFloat32, {4096});
  tf::TensorProto p;
  tensor_to_proto(t, &p);
  const char* bytes = p.tensor_content().data();
  SplatBudget budget;
  const Tensor taken = take_tensor(&p, "here", &budget);
  EXPECT_EQ(static_cast<const void*>(bytes), taken.raw());
  EXPECT_TRUE(p.tensor_content().empty());
}

TEST(TensorProto, TheLastValueRepeats) {
  tf::TensorProto p = proto_of(tf::DT_FLOAT, {4});
  p.add_float_val(1);
  p.add_float_val(2);
  EXPECT_TRUE(identical(read(p), Tensor::of<float>(DType::kFloat32, {4}, {1, 2, 2, 2})));
}

TEST(TensorProto, NoValuesAreZeros) {
  EXPECT_TRUE(identical(read(proto_of(tf::DT_INT64, {3})), Tensor::zeros(DType::kInt64, {3})));
}

TEST(TensorProto, HalvesAndBytesComeFromTheirLists) {
  tf::TensorProto half = proto_of(tf::DT_HALF, {1});
  half.add_half_val(0x3c00);
  EXPECT_EQ(read(half).data<uint16_t>()[0], 0x3c00);
  tf::TensorProto bytes = proto_of(tf::DT_UINT8, {2});
  bytes.add_int_val(200);
  EXPECT_EQ(read(bytes).int_at(1), 200);
}

TEST(TensorProto, RefusesAConstantOfATrillionElements) {
  tf::TensorProto p = proto_of(tf::DT_FLOAT, {1000000, 1000000});
  p.add_float_val(1);
  EXPECT_THAT(refusal(p), HasSubstr("expands 1 stored values to 3999999999996 bytes"));
  tf::TensorProto strings = proto_of(tf::DT_STRING, {1 << 30});
  EXPECT_THAT(refusal(strings), HasSubstr("more than the"));
}

TEST(TensorProto, ASplatOfTextCountsItsLetters) {
  SplatBudget budget;
  tf::TensorProto proto;
  proto.set_dtype(tf::DT_STRING);
  proto.mutable_tensor_shape()->add_dim()->set_size(100000);
  proto.add_string_val(std::string(2000, 'x'));
  EXPECT_THROW(tensor_from_proto(proto, "text", &budget), InputError);
  *proto.mutable_string_val(0) = "x";
  EXPECT_NO_THROW(tensor_from_proto(proto, "text", &budget));
}

TEST(TensorProto, ManySmallSplatsShareOneBudget) {
  tf::TensorProto p = proto_of(tf::DT_UINT8, {1 << 20});
  p.add_int_val(1);
  SplatBudget budget;
  EXPECT_THROW(for (int i = 0; i < 100; ++i) tensor_from_proto(p, "here", &budget), InputError);
}

TEST(TensorProto, RefusesBadShapes) {
  EXPECT_THAT(refusal(proto_of(tf::DT_FLOAT, {2, -1})), HasSubstr("must be known"));
  EXPECT_THAT(refusal(proto_of(tf::DT_FLOAT, {-5})), HasSubstr("dimension -5"));
  const int64_t big = int64_t{1} << 32;
  EXPECT_THAT(refusal(proto_of(tf::DT_FLOAT, {big, big})), HasSubstr("larger than any memory"));
  EXPECT_THAT(refusal(proto_of(tf::DT_FLOAT, {1, 1, 1, 1, 1, 1, 1, 1, 1})), HasSubstr("9 dim"));
}

TEST(TensorProto, RefusesContentOfTheWrongLength) {
  tf::TensorProto p = proto_of(tf::DT_FLOAT, {2});
  p.set_tensor_content("1234567");
  EXPECT_THAT(refusal(p), HasSubstr("must have 8 bytes, found 7"));
  tf::TensorProto longer = proto_of(tf::DT_FLOAT, {1});
  longer.add_float_val(1);
  longer.add_float_val(2);
  EXPECT_THAT(refusal(longer), HasSubstr("2 values"));
}

TEST(TensorProto, NamesTypesItCannotUse) {
  EXPECT_THAT(refusal(proto_of(tf::DT_RESOURCE, {})), HasSubstr("DT_RESOURCE"));
  EXPECT_THAT(refusal(proto_of(static_cast<tf::DataType>(77), {})), HasSubstr("type 77"));
  EXPECT_EQ(tf_dtype_name(101), "DT_FLOAT_REF");
}

TEST(TensorProto, BoolsAreZeroOrOne) {
  tf::TensorProto p = proto_of(tf::DT_BOOL, {2});
  p.set_tensor_content(std::string("\x07\x00", 2));
  EXPECT_EQ(read(p).data<uint8_t>()[0], 1);
}

}  // namespace
}  // namespace thaw
