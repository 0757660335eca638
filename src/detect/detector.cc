#include "thaw/detector.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>

#include "base/clock.h"
#include "detect/detection.h"
#include "detect/label_map.h"
#include "detect/merge_parts.h"
#include "detect/output_roles.h"
#include "detect/picture_input.h"
#include "detect/plan_tiles.h"
#include "detect/request_pool.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Without the outputs that a detector has besides, such as undecoded boxes: they cost time.
EngineOptions detection_outputs(EngineOptions options, const Model& model,
                                const OutputRoles& roles) {
  options.outputs.clear();
  const OutputPlaces places = find_outputs(model.outputs(), roles, model.path());
  for (const int i : {places.num, places.boxes, places.scores, places.classes})
    if (i >= 0) options.outputs.push_back(model.outputs()[static_cast<size_t>(i)].name);
  return options;
}

// The same outputs among the engine's.
OutputPlaces places_in_engine(const Model& model, const Engine& engine, const OutputRoles& roles) {
  OutputPlaces places = find_outputs(model.outputs(), roles, model.path());
  for (int* place : {&places.num, &places.boxes, &places.scores, &places.classes}) {
    if (*place < 0) continue;
    const std::string& name = model.outputs()[static_cast<size_t>(*place)].name;
    const auto at = std::find_if(engine.outputs().begin(), engine.outputs().end(),
                                 [&](const TensorInfo& info) { return info.name == name; });
    *place = static_cast<int>(at - engine.outputs().begin());
  }
  return places;
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

void add(StageTimes& sum, const StageTimes& times) {
  sum.prepare += times.prepare;
  sum.upload += times.upload;
  sum.preprocess += times.preprocess;
  sum.network += times.network;
  sum.postprocess += times.postprocess;
  sum.download += times.download;
}

}  // namespace

struct Detector::Impl {
  Impl(const Model& model, const EngineOptions& options, const std::string& label_file,
       const OutputRoles& roles)
      : engine(model, detection_outputs(options, model, roles)),
        input(engine.inputs(), model.path()),
        outputs(places_in_engine(model, engine, roles)),
        is_host(engine.device_info().is_host),
        requests(engine) {
    if (!label_file.empty()) labels = LabelMap::read(label_file);
  }

  class Call;

  std::vector<Detection> collect(const std::vector<Tensor>& out, size_t index,
                                 const DetectionFilter& filter) const;

  const Engine engine;
  const PictureInput input;
  const OutputPlaces outputs;  // among the engine's
  const bool is_host;          // the device gains little by batches
  LabelMap labels;
  mutable RequestPool requests;
};

std::vector<Detection> Detector::Impl::collect(const std::vector<Tensor>& out, size_t index,
                                               const DetectionFilter& filter) const {
  if (out.size() != engine.outputs().size())
    throw InputError(fmt::format("the detector's engine has {} outputs, {} were given",
                                 engine.outputs().size(), out.size()));
  const auto at = [&](int place) { return place < 0 ? Tensor() : out[static_cast<size_t>(place)]; };
  return collect_detections(
      {at(outputs.num), at(outputs.boxes), at(outputs.scores), at(outputs.classes)},
      static_cast<int64_t>(index), labels, filter);
}

// One call, on a request of its own.
class Detector::Impl::Call {
 public:
  Call(const Impl& detector, const DetectOptions& options)
      : detector_(detector), options_(options), request_(detector.requests.take()) {}

  std::vector<std::vector<Detection>> run(const std::vector<const Picture*>& pictures);
  std::vector<Detection> run_in_parts(const Picture& picture, const PixelBox& area);
  const DetectInfo& info() const { return info_; }

 private:
  void run_once(const std::vector<const Picture*>& pictures,
                std::vector<std::vector<Detection>>& found);
  void look_at(const Picture& picture, const std::vector<PixelBox>& places,
               std::vector<PartDetections>& parts);

  const Impl& detector_;
  const DetectOptions& options_;
  RequestPool::Lease request_;
  DetectInfo info_{{}, true};
};

// In runs of the model's batch, where it has one.
std::vector<std::vector<Detection>> Detector::Impl::Call::run(
    const std::vector<const Picture*>& pictures) {
  const auto at_once =
      detector_.input.batch() > 0 ? static_cast<size_t>(detector_.input.batch()) : pictures.size();
  std::vector<std::vector<Detection>> found;
  for (size_t first = 0; first < pictures.size(); first += at_once) {
    const size_t end = std::min(pictures.size(), first + at_once);
    run_once({pictures.begin() + static_cast<std::ptrdiff_t>(first),
              pictures.begin() + static_cast<std::ptrdiff_t>(end)},
             found);
  }
  return found;
}

void Detector::Impl::Call::run_once(const std::vector<const Picture*>& pictures,
                                    std::vector<std::vector<Detection>>& found) {
  const auto start = Clock::now();
  const Tensor pixels = detector_.input.tensor(pictures);
  info_.stages.preprocess += milliseconds_since(start);
  const std::vector<Tensor>& out = request_->run({pixels});
  add(info_.stages, request_->stages());
  info_.is_planned = info_.is_planned && request_->plan().is_static;
  for (size_t i = 0; i < pictures.size(); ++i) found.push_back(detector_.collect(out, i, options_));
}

// Looks at places of one size and adds what is there to `parts`.
void Detector::Impl::Call::look_at(const Picture& picture, const std::vector<PixelBox>& places,
                                   std::vector<PartDetections>& parts) {
  const auto asked = static_cast<size_t>(std::max(options_.tiles.batch, 0));
  const auto fixed = static_cast<size_t>(detector_.input.batch());
  const size_t at_once = asked > 0           ? asked
                         : fixed > 0         ? fixed
                         : detector_.is_host ? 1
                                             : places.size();
  for (size_t first = 0; first < places.size(); first += at_once) {
    const size_t end = std::min(places.size(), first + at_once);
    const auto start = Clock::now();
    std::vector<Picture> crops;
    for (size_t i = first; i < end; ++i) crops.push_back(crop(picture, places[i]));
    info_.stages.preprocess += milliseconds_since(start);
    std::vector<const Picture*> pointers;
    for (const Picture& part : crops) pointers.push_back(&part);
    auto found = run(pointers);
    for (size_t i = first; i < end; ++i) parts.push_back({places[i], std::move(found[i - first])});
  }
}

std::vector<Detection> Detector::Impl::Call::run_in_parts(const Picture& picture,
                                                          const PixelBox& area) {
  const std::vector<PixelBox> tiles = plan_tiles(area, options_.tiles);
  std::vector<PartDetections> parts;
  if (tiles.size() > 1 && options_.tiles.whole) {
    if (area.width() == picture.width && area.height() == picture.height)
      parts.push_back({area, run({&picture})[0]});
    else
      look_at(picture, {area}, parts);
  }
  look_at(picture, tiles, parts);
  const auto start = Clock::now();
  std::vector<Detection> merged = merge_parts(parts, area, picture.width, picture.height);
  info_.stages.postprocess += milliseconds_since(start);
  return merged;
}

Model load_detector(const std::string& path, const ModelOptions& options,
                    const OutputRoles& roles) {
  std::vector<std::string> asked;
  for (const std::string* name : {&roles.num, &roles.boxes, &roles.scores, &roles.classes})
    if (!name->empty()) asked.push_back(*name);
  const bool names_all = !roles.boxes.empty() && !roles.scores.empty() && !roles.classes.empty();
  ModelOptions wanted = options;
  if (names_all) wanted.outputs = asked;
  // A folder may have plans, which are of its own outputs.
  if (names_all && !std::filesystem::is_directory(path)) return Model::load(path, wanted);
  Model model = Model::load(path, options);
  const auto is_missing = [&](const std::string& name) {
    return find_output(model.outputs(), name) < 0;
  };
  if (std::none_of(asked.begin(), asked.end(), is_missing)) return model;
  if (!names_all) {
    wanted.outputs.clear();
    for (const TensorInfo& info : model.outputs()) wanted.outputs.push_back(info.name);
    std::copy_if(asked.begin(), asked.end(), std::back_inserter(wanted.outputs), is_missing);
  }
  return Model::load(path, wanted);
}

Detector::Detector(const Model& model, const EngineOptions& engine_options,
                   const std::string& labels, const OutputRoles& roles)
    : impl_(std::make_shared<const Impl>(model, engine_options, labels, roles)) {}

std::vector<Detection> Detector::detect(const Picture& picture, const DetectOptions& options,
                                        DetectInfo* info) const {
  return detect_batch({&picture}, options, info)[0];
}

std::vector<std::vector<Detection>> Detector::detect_batch(
    const std::vector<const Picture*>& pictures, const DetectOptions& options,
    DetectInfo* info) const {
  if (pictures.empty()) return {};
  check_pictures(pictures);
  const int width = pictures[0]->width;
  const int height = pictures[0]->height;
  const PixelBox area = region_pixels(options.region, width, height);
  const bool is_cut = plan_tiles(area, options.tiles).size() > 1;
  Impl::Call call(*impl_, options);
  std::vector<std::vector<Detection>> found;
  if (!is_cut && area.width() == width && area.height() == height)
    found = call.run(pictures);
  else
    for (const Picture* picture : pictures) found.push_back(call.run_in_parts(*picture, area));
  if (info != nullptr) *info = call.info();
  return found;
}

Tensor Detector::input(const std::vector<const Picture*>& pictures) const {
  if (pictures.empty()) throw UsageError("a batch has no pictures");
  check_pictures(pictures);
  return impl_->input.tensor(pictures);
}

std::vector<Detection> Detector::detections(const std::vector<Tensor>& outputs, size_t index,
                                            const DetectionFilter& filter) const {
  return impl_->collect(outputs, index, filter);
}

const Engine& Detector::engine() const { return impl_->engine; }

std::string Detector::label(int class_id) const { return impl_->labels.name(class_id); }

std::vector<int> Detector::class_ids(const std::vector<std::string>& labels) const {
  return labels.empty() ? std::vector<int>() : impl_->labels.ids(labels);
}

}  // namespace thaw
