#include "cli/bench_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "cli/clock.h"
#include "cli/sources.h"
#include "thaw/error.h"

namespace thaw::cli {
namespace {

constexpr int64_t kDefaultHeight = 720;
constexpr int64_t kDefaultWidth = 1280;
constexpr int64_t kMaxElements = int64_t{1} << 31;

bool is_picture_input(const Shape& shape) { return shape.rank() == 4 && shape[3] == 3; }

// A small generator: the same input on every machine.
class Noise {
 public:
  float next() {  // -1..1
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<float>(state_ >> 40) / 8388608.0F - 1.0F;
  }

 private:
  uint64_t state_ = 1;
};

// Soft blobs of many colours and sizes on a gradient.
Picture made_up_picture(int width, int height) {
  Picture picture{
      width, height,
      std::vector<uint8_t>(static_cast<size_t>(width) * static_cast<size_t>(height) * 3)};
  size_t at = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const float wave = std::sin(static_cast<float>(x * (c + 1)) / 37.0F) *
                           std::cos(static_cast<float>(y * (3 - c)) / 29.0F);
        picture.rgb[at++] = static_cast<uint8_t>(127.5F + 90 * wave);
      }
  return picture;
}

// The shape to feed: the model's with unknown dimensions filled in.
Shape filled(const TensorInfo& input, const Picture* first, int64_t batch) {
  if (!input.shape.has_rank())
    throw UsageError(fmt::format("--shape: the model does not say the rank of {}", input.name));
  Shape shape = input.shape;
  const bool picture = shape.rank() == 4 && (shape[3] == 3 || shape[3] == kUnknownDim);
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] != kUnknownDim) continue;
    shape[i] = i == 0 ? std::max<int64_t>(batch, 1) : 1;
    if (picture && i == 1) shape[i] = first ? first->height : kDefaultHeight;
    if (picture && i == 2) shape[i] = first ? first->width : kDefaultWidth;
    if (picture && i == 3) shape[i] = 3;
  }
  return shape;
}

void check_fits(const TensorInfo& input, const Shape& shape, int64_t batch) {
  bool fits = !input.shape.has_rank() || input.shape.rank() == shape.rank();
  for (int i = 0; fits && input.shape.has_rank() && i < shape.rank(); ++i)
    fits = input.shape[i] == kUnknownDim || input.shape[i] == shape[i];
  if (!fits)
    throw UsageError(
        fmt::format("--shape {}: input {} is {}", shape.str(), input.name, input.shape.str()));
  if (batch > 0 && (shape.rank() == 0 || shape[0] != batch))
    throw UsageError(fmt::format("--batch {}: input {} is {}", batch, input.name, shape.str()));
  if (shape.num_elements() < 1 || shape.num_elements() > kMaxElements)
    throw UsageError(fmt::format("shape {}: 1 to 2^31 elements", shape.str()));
}

void put_picture(const Picture& picture, int64_t row, bool levels, Tensor& tensor) {
  const size_t count = picture.rgb.size();
  const size_t offset = static_cast<size_t>(row) * count;
  if (tensor.dtype() == DType::kUInt8) {
    std::memcpy(tensor.data<uint8_t>() + offset, picture.rgb.data(), count);
    return;
  }
  for (size_t i = 0; i < count; ++i)
    tensor.data<float>()[offset + i] =
        levels ? picture.rgb[i] : static_cast<float>(picture.rgb[i]) / 127.5F - 1.0F;
}

Tensor picture_tensor(DType dtype, const Shape& shape, const std::vector<Picture>& pictures,
                      size_t first, bool levels) {
  Tensor tensor = Tensor::empty(dtype, shape);
  for (int64_t row = 0; row < shape[0]; ++row) {
    const Picture& picture = pictures[(first + static_cast<size_t>(row)) % pictures.size()];
    put_picture(picture, row, levels, tensor);
  }
  return tensor;
}

// Noise in float tensors, zeros in others.
Tensor plain_tensor(const TensorInfo& input, const Shape& shape) {
  if (input.dtype == DType::kString)
    throw UsageError(fmt::format("--images: input {} takes encoded pictures", input.name));
  Tensor tensor = Tensor::zeros(input.dtype, shape);
  Noise noise;
  if (input.dtype == DType::kFloat32)
    for (int64_t i = 0; i < tensor.num_elements(); ++i) tensor.data<float>()[i] = noise.next();
  return tensor;
}

std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Tensor encoded_tensor(const Shape& shape, const std::vector<std::string>& files, size_t first) {
  Tensor tensor = Tensor::empty(DType::kString, shape);
  for (int64_t i = 0; i < tensor.num_elements(); ++i)
    tensor.data<std::string>()[i] =
        file_bytes(files[(first + static_cast<size_t>(i)) % files.size()]);
  return tensor;
}

class Maker {
 public:
  Maker(const std::vector<TensorInfo>& inputs, const BenchInputOptions& options)
      : inputs_(inputs), options_(options) {}

  BenchInput make() {
    if (!options_.images.empty()) read_photographs();
    choose_shapes();
    const size_t pictures = std::max<size_t>(files_.size(), 1);
    const auto batch = static_cast<size_t>(made_.batch);
    const size_t count = std::max<size_t>(1, pictures / std::max<size_t>(batch, 1));
    for (size_t i = 0; i < count; ++i) made_.batches.push_back(batch_at(i * batch));
    describe();
    return std::move(made_);
  }

 private:
  void read_photographs() {
    files_ = expand_sources({options_.images});
    if (files_.size() > options_.max_pictures) files_.resize(options_.max_pictures);
    const auto start = Clock::now();
    for (const std::string& file : files_) originals_.push_back(read_picture(file));
    made_.decode_ms = milliseconds_since(start) / static_cast<double>(files_.size());
  }

  // The array that --feed gives for an input; nullptr when it gives none.
  const Tensor* fed(const TensorInfo& input) const {
    for (const auto& [name, tensor] : options_.feeds)
      if (name == input.name || name == input.tensor || name + ":0" == input.tensor) return &tensor;
    return nullptr;
  }

  void choose_shapes() {
    const auto required = static_cast<size_t>(std::count_if(
        inputs_.begin(), inputs_.end(), [](const TensorInfo& info) { return !info.optional; }));
    const bool for_all = options_.shapes.size() == inputs_.size();
    if (!options_.shapes.empty() && !for_all && options_.shapes.size() != required)
      throw UsageError(fmt::format("--shape was given {} times, the model has {} inputs",
                                   options_.shapes.size(), required));
    const Picture* first = originals_.empty() ? nullptr : &originals_[0];
    size_t next = 0;  // of the shapes given
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const bool given = !options_.shapes.empty() && (for_all || !inputs_[i].optional);
      const Shape shape = given ? options_.shapes[next++] : Shape::unknown();
      if (const Tensor* tensor = fed(inputs_[i]))
        shapes_.push_back(tensor->shape());
      else if (given || inputs_[i].optional)
        shapes_.push_back(shape);
      else
        shapes_.push_back(filled(inputs_[i], first, options_.batch));
      if (inputs_[i].optional && !shapes_[i].has_rank()) continue;
      check_fits(inputs_[i], shapes_[i], options_.batch);
    }
    if (!shapes_.empty() && shapes_[0].rank() > 0) made_.batch = shapes_[0][0];
  }

  // The pictures at this input's size; photographs are brought to it once.
  const std::vector<Picture>& pictures_at(int height, int width) {
    if (!scaled_.empty() && scaled_[0].width == width && scaled_[0].height == height)
      return scaled_;
    scaled_.clear();
    for (const Picture& picture : originals_) scaled_.push_back(resized(picture, width, height));
    if (scaled_.empty()) scaled_.push_back(made_up_picture(width, height));
    return scaled_;
  }

  std::vector<Tensor> batch_at(size_t first) {
    std::vector<Tensor> tensors;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Shape& shape = shapes_[i];
      const DType dtype = inputs_[i].dtype;
      if (const Tensor* tensor = fed(inputs_[i]))
        tensors.push_back(*tensor);
      else if (!shape.has_rank())
        tensors.emplace_back();
      else if (dtype == DType::kString && !files_.empty())
        tensors.push_back(encoded_tensor(shape, files_, first));
      else if (is_picture_input(shape) && (dtype == DType::kUInt8 || dtype == DType::kFloat32))
        tensors.push_back(picture_tensor(
            dtype, shape, pictures_at(static_cast<int>(shape[1]), static_cast<int>(shape[2])),
            first, options_.levels));
      else
        tensors.push_back(plain_tensor(inputs_[i], shape));
    }
    return tensors;
  }

  void describe() {
    for (const Tensor& tensor : made_.batches[0])
      if (tensor.defined()) made_.what += (made_.what.empty() ? "" : " ") + tensor.str();
    if (options_.feeds.size() == inputs_.size()) return;
    made_.made_up = files_.empty();
    made_.what += files_.empty() ? ", made up"
                                 : fmt::format(", {} photograph{} of {}", files_.size(),
                                               files_.size() == 1 ? "" : "s", options_.images);
  }

  const std::vector<TensorInfo>& inputs_;
  const BenchInputOptions& options_;
  std::vector<std::string> files_;
  std::vector<Picture> originals_;
  std::vector<Picture> scaled_;
  std::vector<Shape> shapes_;
  BenchInput made_;
};

}  // namespace

std::vector<Shape> BenchInput::shapes() const {
  std::vector<Shape> shapes;
  for (const Tensor& t : batches[0]) shapes.push_back(t.defined() ? t.shape() : Shape::unknown());
  return shapes;
}

BenchInput make_bench_input(const std::vector<TensorInfo>& inputs,
                            const BenchInputOptions& options) {
  return Maker(inputs, options).make();
}

}  // namespace thaw::cli
