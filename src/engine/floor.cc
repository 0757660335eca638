// What the measured peaks say of layers: pure arithmetic.
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

Floor floor_of(const LayerInfo& layer, int64_t plan_bytes, const Peaks& peaks) {
  Floor floor;
  if (layer.macs > 0)
    floor.arithmetic_ms = static_cast<double>(layer.macs) / peaks.gmacs(layer.numbers) / 1e6;
  const auto ms = [](int64_t bytes, double rate) {
    return static_cast<double>(bytes) / rate / 1e6;
  };
  if (layer.weight_bytes > 0)
    floor.traffic_ms += ms(layer.weight_bytes, peaks.level(plan_bytes).read);
  if (layer.activation_bytes > 0)
    floor.traffic_ms += ms(layer.activation_bytes, peaks.level(layer.activation_bytes).copy);
  return floor;
}

double share_of_peak(const LayerInfo& layer, const Peaks& peaks) {
  if (layer.macs <= 0 || layer.ms <= 0) return 0;
  return static_cast<double>(layer.macs) / layer.ms / 1e6 / peaks.gmacs(layer.numbers);
}

Distance distance_to_machine(const std::vector<LayerInfo>& layers, const MemoryUse& memory,
                             Peaks peaks) {
  Distance distance;
  const auto plan_bytes = static_cast<int64_t>(memory.arena + memory.weights);
  for (const LayerInfo& layer : layers) {
    if (layer.stage != "network") continue;
    const Floor floor = floor_of(layer, plan_bytes, peaks);
    distance.network_ms += layer.ms;
    distance.floor.arithmetic_ms += floor.arithmetic_ms;
    distance.floor.traffic_ms += floor.traffic_ms;
  }
  distance.peaks = std::move(peaks);
  return distance;
}

}  // namespace thaw
