#include <gtest/gtest.h>

#include "thaw/peaks.h"

namespace thaw {
namespace {

// float32 at 50 GMAC/s, bytes at 200 (the better of two); 16 KiB at 100 GB/s, 1 MiB at 20 or, for
// copies, 10.
Peaks some_peaks() {
  Peaks peaks;
  peaks.arithmetic = {{DType::kFloat32, "", 40},
                      {DType::kFloat32, "", 50},
                      {DType::kInt8, "", 200},
                      {DType::kInt8, "", 150}};
  peaks.memory = {{16 << 10, 100, 100}, {1 << 20, 20, 10}};
  return peaks;
}

LayerInfo some_layer() {
  LayerInfo layer;
  layer.stage = "network";
  layer.macs = 50'000'000;
  layer.numbers = DType::kFloat32;
  layer.ms = 4;
  layer.weight_bytes = 400'000;
  layer.activation_bytes = 200'000;
  return layer;
}

TEST(Peaks, TakeTheBestRateAndFloat32sWhereThereIsNone) {
  const Peaks peaks = some_peaks();
  EXPECT_EQ(peaks.gmacs(DType::kFloat32), 50);
  EXPECT_EQ(peaks.gmacs(DType::kInt8), 200);
  EXPECT_EQ(peaks.gmacs(DType::kBFloat16), 50);
}

TEST(Peaks, TakeTheSmallestLevelThatHoldsTheBytes) {
  const Peaks peaks = some_peaks();
  EXPECT_EQ(peaks.level(1).bytes, 16 << 10);
  EXPECT_EQ(peaks.level(16 << 10).bytes, 16 << 10);
  EXPECT_EQ(peaks.level((16 << 10) + 1).bytes, 1 << 20);
  EXPECT_EQ(peaks.level(int64_t{1} << 40).bytes, 1 << 20);
}

TEST(Roofline, ArithmeticAndTraffic) {
  LayerInfo layer = some_layer();
  RooflineTime time = roofline_time(layer, 600'000, some_peaks());
  EXPECT_DOUBLE_EQ(time.arithmetic_ms, 1.0);
  // Weights at 20 GB/s, activations at 10.
  EXPECT_DOUBLE_EQ(time.traffic_ms, 0.02 + 0.02);

  // A plan that stays in the first level has its weights there; few activations too.
  layer.weight_bytes = layer.activation_bytes = 5'000;
  layer.numbers = DType::kInt8;
  time = roofline_time(layer, 10'000, some_peaks());
  EXPECT_DOUBLE_EQ(time.arithmetic_ms, 0.25);
  EXPECT_DOUBLE_EQ(time.traffic_ms, 0.00005 + 0.00005);

  // What multiplies nothing has traffic alone.
  layer = LayerInfo();
  layer.activation_bytes = 200'000;
  time = roofline_time(layer, 600'000, some_peaks());
  EXPECT_EQ(time.arithmetic_ms, 0);
  EXPECT_DOUBLE_EQ(time.traffic_ms, 0.02);
}

TEST(Roofline, ShareOfPeak) {
  LayerInfo layer = some_layer();
  EXPECT_DOUBLE_EQ(share_of_peak(layer, some_peaks()), 0.25);
  layer.numbers = DType::kInt8;
  EXPECT_DOUBLE_EQ(share_of_peak(layer, some_peaks()), 0.0625);
  layer.ms = 0;
  EXPECT_EQ(share_of_peak(layer, some_peaks()), 0);
}

TEST(Roofline, IsThatOfTheNetworksLayers) {
  LayerInfo after = some_layer();
  after.stage = "postprocess";
  MemoryUse memory;
  memory.arena = 200'000;
  memory.weights = 400'000;
  const Roofline d = roofline_of({some_layer(), after, some_layer()}, memory, some_peaks());
  EXPECT_DOUBLE_EQ(d.network_ms, 8);
  EXPECT_DOUBLE_EQ(d.time.arithmetic_ms, 2);
  EXPECT_DOUBLE_EQ(d.time.traffic_ms, 0.08);
  EXPECT_EQ(d.peaks.arithmetic.size(), 4U);
}

TEST(MeasuredPeaks, ArePlausible) {
  const PeakEffort little{1, 1 << 20};
  for (const int threads : {1, 2}) {
    const Peaks peaks = measure_peaks(threads, little);
    EXPECT_EQ(peaks.threads, threads);
    EXPECT_FALSE(peaks.machine.empty());
    // Between a machine of the last century and none that there is.
    EXPECT_GT(peaks.gmacs(DType::kFloat32), 0.01);
    for (const ArithmeticPeak& peak : peaks.arithmetic) {
      EXPECT_GT(peak.gmacs, 0.01) << peak.instructions;
      EXPECT_LT(peak.gmacs, 1e5) << peak.instructions;
      EXPECT_FALSE(peak.instructions.empty());
    }
    ASSERT_EQ(peaks.memory.size(), 3U);
    int64_t before = 0;
    for (const MemoryPeak& peak : peaks.memory) {
      EXPECT_GT(peak.bytes, before);
      EXPECT_GT(peak.read, 0.001);
      EXPECT_LT(peak.read, 1e5);
      EXPECT_GT(peak.copy, 0.001);
      EXPECT_LT(peak.copy, 1e5);
      before = peak.bytes;
    }
    EXPECT_EQ(before, 1 << 20);
  }
}

TEST(MeasuredPeaks, ProductsRunInAllNumbers) {
  const std::vector<ProductRate> rates = measure_products({{37, 24, 20}, {5, 3, 1}}, 2, 1);
  ASSERT_EQ(rates.size(), 8U);
  const DType kNumbers[] = {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kInt8};
  for (size_t i = 0; i < rates.size(); ++i) {
    EXPECT_EQ(rates[i].product, i < 4 ? (Shape{37, 24, 20}) : (Shape{5, 3, 1}));
    EXPECT_EQ(rates[i].numbers, kNumbers[i % 4]);
    EXPECT_NE(rates[i].kernel, "");
    EXPECT_GT(rates[i].gmacs, 0);
  }
}

}  // namespace
}  // namespace thaw
