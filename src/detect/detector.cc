#include "thaw/detector.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>

#include "detect/detection.h"
#include "detect/label_map.h"
#include "detect/merge_parts.h"
#include "detect/plan_tiles.h"
#include "media/png.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr const char* kOutputs[] = {"num_detections", "detection_boxes", "detection_scores",
                                    "detection_classes"};

// Where the four outputs of a detector are among those of the model or its engine.
std::array<size_t, 4> find_outputs(const std::vector<TensorInfo>& outputs,
                                   const std::string& path) {
  std::array<size_t, 4> places{};
  for (size_t i = 0; i < places.size(); ++i) {
    const auto it = std::find_if(outputs.begin(), outputs.end(), [&](const TensorInfo& info) {
      return info.name == kOutputs[i] || info.tensor == fmt::format("{}:0", kOutputs[i]);
    });
    if (it == outputs.end()) {
      std::string names;
      for (const TensorInfo& info : outputs) names += (names.empty() ? "" : ", ") + info.name;
      throw InputError(fmt::format("{}: is no detector: an output '{}' was expected, found {}",
                                   path, kOutputs[i], names));
    }
    places[i] = static_cast<size_t>(it - outputs.begin());
  }
  return places;
}

// Without the outputs that a detector has besides, such as undecoded boxes: they cost time.
EngineOptions four_outputs(EngineOptions options, const Model& model) {
  options.outputs.clear();
  for (const size_t i : find_outputs(model.outputs(), model.path()))
    options.outputs.push_back(model.outputs()[i].name);
  return options;
}

void check_input(const Engine& engine, const std::string& path) {
  const std::vector<TensorInfo>& inputs = engine.inputs();
  if (inputs.size() != 1)
    throw InputError(fmt::format("{}: one input was expected, found {}", path, inputs.size()));
  if (inputs[0].dtype != DType::kUInt8 && inputs[0].dtype != DType::kString)
    throw InputError(
        fmt::format("{}: input {}: uint8 pixels or encoded pictures were expected, found {}", path,
                    inputs[0].name, dtype_name(inputs[0].dtype)));
}

void check_pictures(const std::vector<const Picture*>& pictures) {
  for (const Picture* picture : pictures) {
    const auto pixels = static_cast<size_t>(std::max(picture->width, 0)) *
                        static_cast<size_t>(std::max(picture->height, 0));
    if (pixels == 0 || picture->rgb.size() != pixels * 3)
      throw UsageError(fmt::format("a picture of {}x{} has {} bytes", picture->width,
                                   picture->height, picture->rgb.size()));
    if (picture->width != pictures[0]->width || picture->height != pictures[0]->height)
      throw UsageError(fmt::format("a batch has pictures of {}x{} and {}x{}", pictures[0]->width,
                                   pictures[0]->height, picture->width, picture->height));
  }
}

Tensor encoded(const std::vector<const Picture*>& pictures) {
  Tensor tensor = Tensor::empty(DType::kString, {static_cast<int64_t>(pictures.size())});
  for (size_t i = 0; i < pictures.size(); ++i)
    tensor.data<std::string>()[i] = encode_png(*pictures[i]);
  return tensor;
}

// One picture is lent to the tensor, several are copied into it.
Tensor pixels(const std::vector<const Picture*>& pictures) {
  const Picture& first = *pictures[0];
  const Shape shape{static_cast<int64_t>(pictures.size()), first.height, first.width, 3};
  if (pictures.size() == 1)  // the engine only reads its inputs
    return Tensor::view(DType::kUInt8, shape, const_cast<uint8_t*>(first.rgb.data()));
  Tensor tensor = Tensor::empty(DType::kUInt8, shape);
  for (size_t i = 0; i < pictures.size(); ++i)
    std::memcpy(tensor.data<uint8_t>() + i * first.rgb.size(), pictures[i]->rgb.data(),
                first.rgb.size());
  return tensor;
}

void add(StageTimes& sum, const StageTimes& times) {
  sum.upload += times.upload;
  sum.preprocess += times.preprocess;
  sum.network += times.network;
  sum.postprocess += times.postprocess;
  sum.download += times.download;
}

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace

struct Detector::Impl {
  Impl(const Model& model, const EngineOptions& options, const std::string& label_file)
      : engine(model, four_outputs(options, model)) {
    check_input(engine, model.path());
    outputs = find_outputs(engine.outputs(), model.path());
    if (!label_file.empty()) labels = LabelMap::read(label_file);
  }

  std::vector<std::vector<Detection>> run(const std::vector<const Picture*>& pictures,
                                          const DetectOptions& options);
  std::vector<Detection> run_in_parts(const Picture& picture, const PixelBox& area,
                                      const DetectOptions& options);
  void look_at(const Picture& picture, const std::vector<PixelBox>& places,
               const DetectOptions& options, std::vector<PartDetections>& parts);

  Engine engine;
  std::array<size_t, 4> outputs{};
  LabelMap labels;
  std::map<int, std::string> names;  // what label() has given out
  StageTimes stages;                 // of the latest call, all runs of it
};

std::vector<std::vector<Detection>> Detector::Impl::run(const std::vector<const Picture*>& pictures,
                                                        const DetectOptions& options) {
  const bool takes_files = engine.inputs()[0].dtype == DType::kString;
  const std::vector<Tensor>& out =
      engine.run_shared({takes_files ? encoded(pictures) : pixels(pictures)});
  add(stages, engine.last_stages());
  const DetectorOutputs tensors{out[outputs[0]], out[outputs[1]], out[outputs[2]], out[outputs[3]]};
  std::vector<std::vector<Detection>> found;
  for (size_t i = 0; i < pictures.size(); ++i)
    found.push_back(collect_detections(tensors, static_cast<int64_t>(i), labels, options));
  return found;
}

// Looks at places of one size and adds what is there to `parts`.
void Detector::Impl::look_at(const Picture& picture, const std::vector<PixelBox>& places,
                             const DetectOptions& options, std::vector<PartDetections>& parts) {
  const bool on_cpu = engine.device() == "cpu" || engine.device() == "ref";
  const auto asked = static_cast<size_t>(std::max(options.tiles.batch, 0));
  const size_t at_once = asked > 0 ? asked : on_cpu ? 1 : places.size();
  for (size_t first = 0; first < places.size(); first += at_once) {
    const size_t end = std::min(places.size(), first + at_once);
    const auto start = std::chrono::steady_clock::now();
    std::vector<Picture> crops;
    for (size_t i = first; i < end; ++i) crops.push_back(crop(picture, places[i]));
    stages.preprocess += ms_since(start);
    std::vector<const Picture*> pointers;
    for (const Picture& part : crops) pointers.push_back(&part);
    auto found = run(pointers, options);
    for (size_t i = first; i < end; ++i) parts.push_back({places[i], std::move(found[i - first])});
  }
}

std::vector<Detection> Detector::Impl::run_in_parts(const Picture& picture, const PixelBox& area,
                                                    const DetectOptions& options) {
  const std::vector<PixelBox> tiles = plan_tiles(area, options.tiles);
  std::vector<PartDetections> parts;
  if (tiles.size() > 1 && options.tiles.whole) {
    if (area.width() == picture.width && area.height() == picture.height)
      parts.push_back({area, run({&picture}, options)[0]});
    else
      look_at(picture, {area}, options, parts);
  }
  look_at(picture, tiles, options, parts);
  const auto start = std::chrono::steady_clock::now();
  std::vector<Detection> merged = merge_parts(parts, area, picture.width, picture.height);
  stages.postprocess += ms_since(start);
  return merged;
}

Detector::Detector(const Model& model, const EngineOptions& engine_options,
                   const std::string& labels)
    : impl_(std::make_unique<Impl>(model, engine_options, labels)) {}
Detector::Detector(Detector&&) noexcept = default;
Detector::~Detector() = default;

std::vector<Detection> Detector::detect(const Picture& picture, const DetectOptions& options) {
  return detect_batch({&picture}, options)[0];
}

std::vector<std::vector<Detection>> Detector::detect_batch(
    const std::vector<const Picture*>& pictures, const DetectOptions& options) {
  if (pictures.empty()) return {};
  check_pictures(pictures);
  impl_->stages = StageTimes();
  const int width = pictures[0]->width;
  const int height = pictures[0]->height;
  const PixelBox area = region_pixels(options.region, width, height);
  const bool is_cut = plan_tiles(area, options.tiles).size() > 1;
  if (!is_cut && area.width() == width && area.height() == height)
    return impl_->run(pictures, options);
  std::vector<std::vector<Detection>> found;
  for (const Picture* picture : pictures)
    found.push_back(impl_->run_in_parts(*picture, area, options));
  return found;
}

StageTimes Detector::last_stages() const { return impl_->stages; }

Engine& Detector::engine() { return impl_->engine; }

const std::string& Detector::label(int class_id) const {
  return impl_->names.emplace(class_id, impl_->labels.name(class_id)).first->second;
}

std::vector<int> Detector::class_ids(const std::vector<std::string>& labels) const {
  return labels.empty() ? std::vector<int>() : impl_->labels.ids(labels);
}

}  // namespace thaw
