// A detector is run on pictures with their truth, again and again, with other layers in few bits.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "detect/compare/compare_truth.h"
#include "thaw/compare.h"
#include "thaw/detector.h"
#include "thaw/error.h"
#include "thaw/sensitivity.h"

namespace thaw {
namespace {

constexpr size_t kMostKept = size_t{512} << 20;  // bytes of decoded pictures

struct Accuracy {
  double ap = 0;
  double ms = 0;  // median of a picture
};

class Trials {
 public:
  Trials(const Model& model, const TruthOptions& options)
      : model_(model), options_(options), truth_(CocoTruth::read(options.truth)) {
    if (options.pictures.empty()) throw UsageError("accuracy needs pictures");
    for (CocoImage& image : truth_.images) image.tags.clear();
    for (const std::string& file : options.pictures)
      comparison_.pictures.emplace_back().file = file;
  }

  Accuracy run(const EngineOptions& engine, const std::string& what) {
    const Detector detector(model_, engine, options_.labels, options_.roles);
    DetectOptions all;
    all.score = 0;
    std::vector<double> times;
    for (size_t i = 0; i < comparison_.pictures.size(); ++i) {
      if (options_.told) options_.told(what, i, comparison_.pictures.size());
      ComparedPicture& picture = comparison_.pictures[i];
      const Picture pixels = pixels_of(i);
      picture.width = pixels.width;
      picture.height = pixels.height;
      const auto start = Clock::now();
      picture.b = detector.detect(pixels, all);
      times.push_back(milliseconds_since(start));
    }
    compare_with_truth(options_.truth, truth_, comparison_);
    const double ap = comparison_.truth->b.lines[kAp];
    if (ap < 0)
      throw InputError(fmt::format("{}: there are no objects in these pictures", options_.truth));
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                     times.end());
    return {ap, times[times.size() / 2]};
  }

 private:
  Picture pixels_of(size_t index) {
    const auto known = pixels_.find(index);
    if (known != pixels_.end()) return known->second;
    Picture picture = read_picture(comparison_.pictures[index].file);
    kept_ += picture.rgb.size();
    if (kept_ <= kMostKept) pixels_[index] = picture;
    return picture;
  }

  const Model& model_;
  const TruthOptions& options_;
  CocoTruth truth_;
  Comparison comparison_;
  std::map<size_t, Picture> pixels_;
  size_t kept_ = 0;
};

std::vector<std::string> first_layers(const std::vector<LayerLoss>& layers, size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(layers[i].layer);
  return names;
}

EngineOptions in_float32(EngineOptions options) {
  options.precision = Precision::kFloat32;
  return options;
}

}  // namespace

void measure_layer_aps(const Model& model, const EngineOptions& options, const TruthOptions& truth,
                       std::vector<LayerLoss>& layers) {
  Trials trials(model, truth);
  for (size_t i = 0; i < layers.size(); ++i) {
    std::vector<std::string> others = first_layers(layers, layers.size());
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    layers[i].ap = trials
                       .run(with_wide_layers(options, others),
                            fmt::format("layer {} of {}", i + 1, layers.size()))
                       .ap;
  }
}

HeldAccuracy hold_accuracy(const Model& model, const EngineOptions& options,
                           const TruthOptions& truth, const std::vector<LayerLoss>& layers,
                           double allowed) {
  Trials trials(model, truth);
  HeldAccuracy result;
  result.allowed = allowed;
  const Accuracy reference = trials.run(in_float32(options), "float32");
  result.ap_float32 = reference.ap;
  result.ms_float32 = reference.ms;
  // With the first `count` layers in float32; what holds becomes the result.
  const auto holds = [&](size_t count) {
    const Accuracy now =
        trials.run(with_wide_layers(options, first_layers(layers, count)),
                   fmt::format("{} of {} layers in float32", count, layers.size()));
    const bool ok = reference.ap - now.ap <= allowed;
    if (ok || !result.held) {
      result.ap = now.ap;
      result.ms = now.ms;
    }
    if (count == 0) {
      result.ap_all = now.ap;
      result.ms_all = now.ms;
    }
    result.held = result.held || ok;
    if (ok) result.wide = first_layers(layers, count);
    return ok;
  };
  if (holds(0)) return result;
  // More and more of them until it holds, then as few of those as do.
  const size_t most = layers.empty() ? 0 : layers.size() - 1;
  size_t missed = 0;
  size_t count = std::min<size_t>(1, most);
  while (count > missed && !holds(count)) {
    missed = count;
    count = std::min(2 * count, most);
  }
  while (count - missed > 1) {
    const size_t middle = (missed + count) / 2;
    (holds(middle) ? count : missed) = middle;
  }
  if (!result.held) result.wide = first_layers(layers, layers.size());
  return result;
}

}  // namespace thaw
