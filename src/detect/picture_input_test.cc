#include "detect/picture_input.h"

#include <gtest/gtest.h>

#include "base/half.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int64_t kOpen = kUnknownDim;

PictureInput input_of(DType dtype, const Shape& shape) {
  return PictureInput({{"image", "image:0", dtype, shape, ""}}, "model.pb");
}

Picture ramp(int width, int height) {
  Picture picture{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  for (size_t i = 0; i < picture.rgb.size(); ++i)
    picture.rgb[i] = static_cast<uint8_t>(i * 255 / (picture.rgb.size() - 1));
  return picture;
}

TEST(PictureInput, LendsAPictureThatFits) {
  const Picture picture = ramp(4, 3);
  for (const Shape& shape : {Shape::unknown(), Shape{kOpen, kOpen, kOpen, 3}, Shape{1, 3, 4, 3},
                             Shape{kOpen, kOpen, kOpen, kOpen}}) {
    const Tensor tensor = input_of(DType::kUInt8, shape).tensor({&picture});
    EXPECT_EQ(tensor.raw(), picture.rgb.data());
    EXPECT_EQ(tensor.shape(), (Shape{1, 3, 4, 3}));
  }
  EXPECT_EQ(input_of(DType::kUInt8, {kOpen, kOpen, 3}).tensor({&picture}).shape(),
            (Shape{3, 4, 3}));
}

TEST(PictureInput, KeepsLevelsInEveryType) {
  const Picture picture = ramp(4, 3);
  for (const DType dtype : {DType::kInt16, DType::kUInt16, DType::kInt32, DType::kUInt32,
                            DType::kInt64, DType::kUInt64}) {
    const Tensor tensor = input_of(dtype, {kOpen, kOpen, kOpen, 3}).tensor({&picture});
    for (int64_t i = 0; i < tensor.num_elements(); ++i)
      ASSERT_EQ(tensor.int_at(i), picture.rgb[static_cast<size_t>(i)]) << dtype_name(dtype);
  }
  const auto last = [&](DType dtype) {
    return input_of(dtype, {kOpen, kOpen, kOpen, 3}).tensor({&picture});
  };
  EXPECT_EQ(last(DType::kFloat32).data<float>()[35], 255.0F);
  EXPECT_EQ(last(DType::kFloat64).data<double>()[35], 255.0);
  EXPECT_EQ(half_to_float(last(DType::kFloat16).data<uint16_t>()[35]), 255.0F);
  EXPECT_EQ(bfloat16_to_float(last(DType::kBFloat16).data<uint16_t>()[35]), 255.0F);
}

TEST(PictureInput, BringsPicturesToTheModelsSize) {
  const Picture picture = ramp(40, 20);
  const auto shape_for = [&](const Shape& declared) {
    return input_of(DType::kUInt8, declared).tensor({&picture}).shape();
  };
  EXPECT_EQ(shape_for({kOpen, 24, 32, 3}), (Shape{1, 24, 32, 3}));
  EXPECT_EQ(shape_for({kOpen, 10, kOpen, 3}), (Shape{1, 10, 20, 3}));
  EXPECT_EQ(shape_for({kOpen, kOpen, 10, 3}), (Shape{1, 5, 10, 3}));
  EXPECT_EQ(shape_for({7, 9, 3}), (Shape{7, 9, 3}));
  const Picture half = resized(picture, 20, 10);
  const Tensor tensor = input_of(DType::kInt32, {1, 10, 20, 3}).tensor({&picture});
  for (int64_t i = 0; i < tensor.num_elements(); ++i)
    ASSERT_EQ(tensor.int_at(i), half.rgb[static_cast<size_t>(i)]);
}

TEST(PictureInput, FillsABatchWithTheLastPicture) {
  const Picture a{1, 1, {1, 2, 3}};
  const Picture b{1, 1, {4, 5, 6}};
  const PictureInput input = input_of(DType::kUInt8, {4, kOpen, kOpen, 3});
  EXPECT_EQ(input.batch(), 4);
  EXPECT_EQ(input.tensor({&a, &b}).ints(),
            (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 4, 5, 6, 4, 5, 6}));
  EXPECT_EQ(input_of(DType::kUInt8, {kOpen, kOpen, kOpen, 3}).tensor({&a, &b}).shape(),
            (Shape{2, 1, 1, 3}));
  const Tensor encoded = input_of(DType::kString, {3}).tensor({&a, &b});
  EXPECT_EQ(encoded.shape(), (Shape{3}));
  EXPECT_EQ(encoded.data<std::string>()[2], encoded.data<std::string>()[1]);
  EXPECT_EQ(input_of(DType::kString, {}).tensor({&a}).shape(), Shape{});
}

TEST(PictureInput, OneChannelIsGrey) {
  const Picture picture{3, 1, {255, 255, 255, 255, 0, 0, 0, 255, 0}};
  const Tensor tensor = input_of(DType::kFloat32, {kOpen, kOpen, kOpen, 1}).tensor({&picture});
  EXPECT_EQ(tensor.shape(), (Shape{1, 1, 3, 1}));
  EXPECT_EQ(tensor.data<float>()[0], 255.0F);
  EXPECT_EQ(tensor.data<float>()[1], 76.0F);
  EXPECT_EQ(tensor.data<float>()[2], 150.0F);
}

TEST(PictureInput, RefusesOtherInputs) {
  EXPECT_THROW(input_of(DType::kInt8, {1, 8, 8, 3}), InputError);
  EXPECT_THROW(input_of(DType::kBool, {1, 8, 8, 3}), InputError);
  EXPECT_THROW(input_of(DType::kUInt8, {1, 3, 8, 8}), InputError);
  EXPECT_THROW(input_of(DType::kFloat32, {1, 784}), InputError);
  EXPECT_THROW(input_of(DType::kString, {1, 1}), InputError);
  EXPECT_THROW(PictureInput({}, "model.pb"), InputError);
}

}  // namespace
}  // namespace thaw
