// Timings of kernels between processes: one file, read whole and replaced whole.
//
//   "thawtime", format version, length, checksum | layers
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/device.h"
#include "thaw/options.h"
#include "thaw/timings.h"

namespace thaw {

// LayerTimings::machine and build of this process, for kernels on that device.
std::string timing_machine(const Device& device);
std::string timing_build();

std::string timings_bytes(const std::vector<LayerTimings>& layers);
// Throws InputError unless the bytes are whole and of this format.
std::vector<LayerTimings> parse_timings(std::string_view bytes);

class TimingCache {
 public:
  // The cache on that file, one for all of the process that use it at a time. A cache that is
  // damaged is renamed, with a word to `log`, and begins empty; throws InputError for anything that
  // is no cache. An empty path keeps the timings in memory.
  static std::shared_ptr<TimingCache> open(const std::string& path, const Log& log);

  explicit TimingCache(std::string path) : path_(std::move(path)) {}

  // The kernels that were raced for this layer, by its key fields; raced is not looked at.
  std::optional<std::vector<KernelTiming>> find(const LayerTimings& layer) const;
  void add(const LayerTimings& layer);
  // Writes what was added since the last save, together with what other processes have written
  // meanwhile; timings of other builds are left out. A word to `log` where the file can't be
  // written.
  void save(const Log& log);

 private:
  using Key = std::tuple<std::string, std::string, std::string, int>;
  static Key key_of(const LayerTimings& layer);
  void load(const Log& log);
  void merge(std::string_view bytes);

  const std::string path_;
  mutable std::mutex mutex_;
  std::map<Key, LayerTimings> layers_;
  bool changed_ = false;
};

}  // namespace thaw
