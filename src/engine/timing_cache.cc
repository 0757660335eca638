#include "engine/timing_cache.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/cpu_features.h"
#include "base/input_file.h"
#include "engine/source_id.h"
#include "import/crc32c.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "thawtime";
constexpr uint32_t kFormat = 1;
constexpr uint64_t kMaxBytes = uint64_t{256} << 20;
constexpr size_t kHeadBytes = 8 + sizeof(uint32_t) + sizeof(uint64_t) + sizeof(uint32_t);

std::string head_bytes(std::string_view body) {
  ByteWriter head;
  for (const char c : kMagic) head.number(c);
  head.number(kFormat);
  head.number(static_cast<uint64_t>(body.size()));
  // Over the length too: a body of zero bytes has the checksum of nothing.
  uint32_t crc = crc32c(0, head.bytes().data(), head.bytes().size());
  crc = crc32c(crc, body.data(), body.size());
  head.number(crc);
  return head.bytes();
}

bool is_timing_cache(std::string_view bytes) { return bytes.substr(0, kMagic.size()) == kMagic; }

LayerTimings read_layer(ByteReader& in) {
  LayerTimings layer;
  layer.machine = in.text();
  layer.build = in.text();
  layer.layer = in.text();
  layer.threads = in.number<int32_t>();
  layer.raced.resize(in.count(2 * sizeof(uint32_t) + sizeof(double)));
  if (layer.raced.empty()) throw InputError("a layer without kernels");
  for (KernelTiming& timing : layer.raced) {
    timing.kernel = in.text();
    timing.threads = in.number<int32_t>();
    timing.ms = in.number<double>();
  }
  return layer;
}

void say(const Log& log, const std::string& text) {
  if (log) log(LogLevel::kWarning, text);
}

}  // namespace

std::string default_timing_cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return std::string(cache) + "/thaw/timings";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] != '\0') return std::string(home) + "/.cache/thaw/timings";
  return {};
}

std::string timing_machine(const std::string& device) {
  return fmt::format("{}; {}; {}", device, cpu_model_name(), cpu_feature_text());
}

std::string timing_build() { return source_id(); }

bool timings_apply(const LayerTimings& timings) {
  return timings.machine == timing_machine("cpu") && timings.build == timing_build();
}

std::string timings_bytes(const std::vector<LayerTimings>& layers) {
  ByteWriter body;
  body.number(static_cast<uint32_t>(layers.size()));
  for (const LayerTimings& layer : layers) {
    body.text(layer.machine);
    body.text(layer.build);
    body.text(layer.layer);
    body.number(static_cast<int32_t>(layer.threads));
    body.number(static_cast<uint32_t>(layer.raced.size()));
    for (const KernelTiming& timing : layer.raced) {
      body.text(timing.kernel);
      body.number(static_cast<int32_t>(timing.threads));
      body.number(timing.ms);
    }
  }
  return head_bytes(body.bytes()) + body.bytes();
}

std::vector<LayerTimings> parse_timings(std::string_view bytes) {
  if (!is_timing_cache(bytes)) throw InputError("is no timing cache of thaw's");
  if (bytes.size() < kHeadBytes)
    throw InputError(fmt::format("is cut short: {} bytes", bytes.size()));
  ByteReader head(bytes.substr(kMagic.size()));
  const auto format = head.number<uint32_t>();
  if (format != kFormat)
    throw InputError(fmt::format("has format {}, this thaw reads {}", format, kFormat));
  const std::string_view body = bytes.substr(kHeadBytes);
  const auto length = head.number<uint64_t>();
  if (length != body.size())
    throw InputError(fmt::format("has {} bytes of timings, {} were expected", body.size(), length));
  if (head_bytes(body) != bytes.substr(0, kHeadBytes)) throw InputError("is damaged");
  ByteReader in(body);
  std::vector<LayerTimings> layers(in.count(5 * sizeof(uint32_t)));
  for (LayerTimings& layer : layers) layer = read_layer(in);
  if (in.left() != 0) throw InputError(fmt::format("has {} bytes too many", in.left()));
  return layers;
}

std::vector<LayerTimings> read_timings(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  try {
    return parse_timings(InputFile(path).read_all(kMaxBytes));
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", path, e.what()));
  }
}

bool clear_timings(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return false;
  if (!is_timing_cache(InputFile(path).head(kMagic.size())))
    throw InputError(fmt::format("{}: is no timing cache of thaw's", path));
  if (!fs::remove(path, error)) throw ResourceError(fmt::format("{}: {}", path, error.message()));
  return true;
}

TimingCache::Key TimingCache::key_of(const LayerTimings& layer) {
  return {layer.machine, layer.build, layer.layer, layer.threads};
}

std::shared_ptr<TimingCache> TimingCache::open(const std::string& path, const Log& log) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<TimingCache>> in_use;
  const std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<TimingCache> cache = in_use[path].lock();
  if (cache) return cache;
  cache = std::make_shared<TimingCache>(path);
  cache->load(log);
  in_use[path] = cache;
  return cache;
}

void TimingCache::load(const Log& log) {
  if (path_.empty()) return;
  if (fs::is_directory(path_))
    throw UsageError(fmt::format("{}: is a folder, a timing cache's file was expected", path_));
  try {
    for (LayerTimings& layer : read_timings(path_)) layers_[key_of(layer)] = std::move(layer);
  } catch (const InputError& e) {
    std::error_code error;
    fs::rename(path_, path_ + ".damaged", error);
    say(log,
        fmt::format("{}; {}", e.what(),
                    error ? "it is written anew" : fmt::format("set aside as {}.damaged", path_)));
  } catch (const ResourceError& e) {
    say(log, fmt::format("{}; layers are timed anew", e.what()));
  }
}

std::optional<std::vector<KernelTiming>> TimingCache::find(const LayerTimings& layer) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = layers_.find(key_of(layer));
  if (found == layers_.end()) return std::nullopt;
  return found->second.raced;
}

void TimingCache::add(const LayerTimings& layer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  layers_[key_of(layer)] = layer;
  changed_ = true;
}

void TimingCache::save(const Log& log) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (path_.empty() || !changed_) return;
  try {
    for (LayerTimings& layer : read_timings(path_))
      layers_.emplace(key_of(layer), std::move(layer));
  } catch (const Error&) {  // what this process timed replaces it
  }
  std::vector<LayerTimings> kept;
  for (const auto& [key, layer] : layers_)
    if (layer.build == timing_build()) kept.push_back(layer);
  try {
    std::error_code error;
    fs::create_directories(fs::path(path_).parent_path(), error);
    write_file(path_, timings_bytes(kept));
    changed_ = false;
  } catch (const ResourceError& e) {
    say(log, fmt::format("{}; the timings are not kept", e.what()));
  }
}

}  // namespace thaw
