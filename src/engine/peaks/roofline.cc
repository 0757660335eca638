// What the measured peaks say of layers (the roofline model): pure arithmetic.
#include <algorithm>
#include <utility>

#include "thaw/error.h"
#include "thaw/peaks.h"

namespace thaw {

double Peaks::gmacs(DType numbers) const {
  double best = 0;
  for (const ArithmeticPeak& peak : arithmetic)
    if (peak.numbers == numbers) best = std::max(best, peak.gmacs);
  return best > 0 || numbers == DType::kFloat32 ? best : gmacs(DType::kFloat32);
}

const MemoryPeak& Peaks::level(int64_t bytes) const {
  if (memory.empty()) throw UsageError("peaks without memory's were given");
  const auto holds = [&](const MemoryPeak& peak) { return peak.bytes >= bytes; };
  const auto found = std::find_if(memory.begin(), memory.end(), holds);
  return found == memory.end() ? memory.back() : *found;
}

RooflineTime roofline_time(const LayerInfo& layer, int64_t plan_bytes, const Peaks& peaks) {
  RooflineTime time;
  if (layer.macs > 0)
    time.arithmetic_ms = static_cast<double>(layer.macs) / peaks.gmacs(layer.numbers) / 1e6;
  const auto ms = [](int64_t bytes, double rate) {
    return static_cast<double>(bytes) / rate / 1e6;
  };
  if (layer.weight_bytes > 0)
    time.traffic_ms += ms(layer.weight_bytes, peaks.level(plan_bytes).read);
  if (layer.activation_bytes > 0)
    time.traffic_ms += ms(layer.activation_bytes, peaks.level(layer.activation_bytes).copy);
  return time;
}

double share_of_peak(const LayerInfo& layer, const Peaks& peaks) {
  if (layer.macs <= 0 || layer.ms <= 0) return 0;
  return static_cast<double>(layer.macs) / layer.ms / 1e6 / peaks.gmacs(layer.numbers);
}

Roofline roofline_of(const std::vector<LayerInfo>& layers, const MemoryUse& memory, Peaks peaks) {
  Roofline roofline;
  const auto plan_bytes = static_cast<int64_t>(memory.arena + memory.weights);
  for (const LayerInfo& layer : layers) {
    if (layer.stage != "network") continue;
    const RooflineTime time = roofline_time(layer, plan_bytes, peaks);
    roofline.network_ms += layer.ms;
    roofline.time.arithmetic_ms += time.arithmetic_ms;
    roofline.time.traffic_ms += time.traffic_ms;
  }
  roofline.peaks = std::move(peaks);
  return roofline;
}

}  // namespace thaw
