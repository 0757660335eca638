#include "thaw/detector.h"

#include <gtest/gtest.h>

#include <thread>

#include "thaw/error.h"

namespace thaw {
namespace {

const std::string kExample = THAW_SOURCE_DIR "/examples/traffic_lights/";

Detector bundled() {
  EngineOptions options;
  options.threads = 1;
  return {Model::load(kExample + "model/frozen_inference_graph.pb"), options,
          kExample + "label_map.pbtxt"};
}

bool same(const std::vector<Detection>& a, const std::vector<Detection>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Detection& x, const Detection& y) {
                      return x.class_id == y.class_id && x.label == y.label && x.score == y.score &&
                             x.box == y.box;
                    });
}

DetectOptions all() {
  DetectOptions options;
  options.score = 0;
  return options;
}

TEST(Detector, GivesManyThreadsTheSameAsOne) {
  const Detector detector = bundled();
  std::vector<Picture> pictures;
  std::vector<std::vector<Detection>> expected;
  for (const char* name : {"10000001.jpg", "10000002.jpg", "10000003.jpg"}) {
    pictures.push_back(read_picture(kExample + "validation/" + name));
    DetectInfo info;
    expected.push_back(detector.detect(pictures.back(), {}, &info));
    EXPECT_FALSE(expected.back().empty());
    EXPECT_GT(info.stages.network, 0);
    EXPECT_TRUE(info.is_planned);
  }
  std::vector<char> agrees(pictures.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < pictures.size(); ++i)
    threads.emplace_back([&, i, copy = detector] {
      agrees[i] = 1;
      for (int run = 0; run < 3; ++run)
        if (!same(copy.detect(pictures[i]), expected[i])) agrees[i] = 0;
    });
  for (std::thread& thread : threads) thread.join();
  for (const char agreed : agrees) EXPECT_EQ(agreed, 1);
}

TEST(Detector, FiltersWithoutTheNetwork) {
  const Detector detector = bundled();
  const Picture picture = read_picture(kExample + "validation/10000001.jpg");
  const std::vector<Detection> everything = detector.detect(picture, all());
  DetectOptions options;
  options.score = 0.3F;
  options.class_scores[detector.class_ids({"red"})[0]] = 0.995F;
  EXPECT_TRUE(same(filtered(everything, options), detector.detect(picture, options)));
  options.classes = detector.class_ids({"green"});
  const auto green = filtered(everything, options);
  EXPECT_TRUE(same(green, detector.detect(picture, options)));
  EXPECT_LT(green.size(), everything.size());
}

TEST(Detector, LetsOthersRunItsNetwork) {
  const Detector detector = bundled();
  const Picture picture = read_picture(kExample + "validation/10000002.jpg");
  const auto outputs = detector.engine().run({detector.input({&picture})});
  EXPECT_TRUE(same(detector.detections(outputs, 0), detector.detect(picture)));
  EXPECT_THROW(detector.detections(outputs, 1), InputError);
  EXPECT_THROW(detector.detections({}, 0), InputError);
  EXPECT_THROW(detector.input({}), UsageError);
}

}  // namespace
}  // namespace thaw
