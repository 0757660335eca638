#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/input_file.h"
#include "engine/saved_plans.h"
#include "import/crc32c.h"
#include "import/testing.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using Json = nlohmann::ordered_json;

// A manifest whose own checksum is right, after `change`.
template <class F>
Manifest with(F change) {
  Manifest manifest;
  manifest.version = "1";
  manifest.device = "cpu";
  manifest.inputs = {{"image", "image:0", DType::kFloat32, {1, kUnknownDim, 3}, "why"}};
  manifest.outputs = {{"scores", "scores:0", DType::kFloat32, Shape::unknown(), ""}};
  manifest.plans = {{"1.plan", {{1, 8, 3}}}};
  manifest.calibration = std::make_shared<Calibration>(Calibration{{"layer", {0.0F, 1.0F}}});
  const testing::TempFolder folder;
  write_manifest(folder.file(""), manifest);
  const std::string path = folder.file("manifest.json");
  Json json = Json::parse(InputFile(path).read_all(1 << 20));
  change(json);
  json.erase("check");
  const std::string text = json.dump();
  json["check"] = crc32c(0, text.data(), text.size());
  write_file(path, json.dump());
  return read_manifest(folder.file(""));
}

TEST(Manifest, ReadsWhatItWrote) {
  const Manifest back = with([](Json&) {});
  EXPECT_EQ(back.inputs[0].shape, Shape({1, kUnknownDim, 3}));
  EXPECT_FALSE(back.outputs[0].shape.has_rank());
  EXPECT_EQ(back.plans[0].shapes[0], Shape({1, 8, 3}));
  EXPECT_EQ(back.calibration->at("layer").high, 1.0F);
}

TEST(Manifest, WhatCannotBeIsRefused) {
  const auto refuses = [](const char* where, const Json& value) {
    EXPECT_THROW(with([&](Json& json) { json[Json::json_pointer(where)] = value; }), InputError)
        << where << " " << value;
  };
  refuses("/inputs/0/shape", {1, -5, 3});
  refuses("/inputs/0/shape", {1, 1, 1, 1, 1, 1, 1, 1, 1});
  refuses("/inputs/0/shape", "big");
  refuses("/inputs/0/dtype", "float33");
  refuses("/inputs/0/name", 7);
  refuses("/inputs/0", nullptr);
  refuses("/outputs", 3);
  refuses("/max_cached_engines", -1);
  refuses("/precision", "FP9");
  refuses("/plans/0/shapes", Json::array());
  refuses("/plans/0/shapes/0", {1, -1, 3});
  refuses("/plans/0/shapes/0", nullptr);
  refuses("/plans/0/file", "../1.plan");
  refuses("/plans/0/file", nullptr);
  refuses("/calibration/layer", {1.0});
  refuses("/format", 2);
  refuses("/model", {{"bytes", "many"}, {"crc32c", 1}});
}

}  // namespace
}  // namespace thaw
