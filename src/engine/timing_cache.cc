#include "engine/timing_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/input_file.h"
#include "engine/make_device.h"
#include "engine/source_id.h"
#include "import/crc32c.h"
#include "thaw/device.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "thawtime";
constexpr uint32_t kFormat = 1;
constexpr uint64_t kMostBytes = uint64_t{256} << 20;
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

std::string timing_machine(const Device& device) {
  return fmt::format("{}; {}; {}", device.name(), device.model(), code_identity(device));
}

std::string timing_build() { return source_id(); }

bool timings_apply(const LayerTimings& timings) {
  const std::vector<DeviceInfo> here = devices();
  return timings.build == timing_build() &&
         std::any_of(here.begin(), here.end(), [&](const DeviceInfo& device) {
           return timings.machine == timing_machine(*make_device(device.name));
         });
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

namespace {

// What is at that path; nothing when there is no such file. Throws InputError for what can't be a
// cache: a folder, a pipe, a device, a file of other content that is not empty.
std::optional<std::string> read_cache(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  std::string bytes = InputFile(path).read_all(kMostBytes);
  if (!bytes.empty() && !is_timing_cache(bytes))
    throw InputError(fmt::format("{}: is no timing cache of thaw's", path));
  return bytes;
}

std::vector<LayerTimings> parse_cache(const std::string& path, std::string_view bytes) {
  try {
    return parse_timings(bytes);
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", path, e.what()));
  }
}

// While one writer merges and replaces, others wait; readers don't. The folder is what is locked,
// for the file is another one each time. Where folders can't be locked nobody waits.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path)
      : fd_(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ >= 0) (void)::flock(fd_, LOCK_EX);
  }
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  const int fd_;
};

// Gives a damaged file a name that nothing has yet; "" where that can't be.
std::string set_aside(const std::string& path) {
  std::error_code error;
  const std::string file = fs::canonical(path, error).string();  // where links lead
  for (int i = 1; i <= 1000; ++i) {
    const std::string name = i == 1 ? file + ".damaged" : fmt::format("{}.damaged-{}", file, i);
    // A link and not a renaming: that would replace what has the name.
    if (::link(file.c_str(), name.c_str()) == 0) return ::unlink(file.c_str()) == 0 ? name : "";
    if (errno != EEXIST) return {};
  }
  return {};
}

}  // namespace

std::vector<LayerTimings> read_timings(const std::string& path) {
  const std::optional<std::string> bytes = read_cache(path);
  return bytes ? parse_cache(path, *bytes) : std::vector<LayerTimings>();
}

bool clear_timings(const std::string& path) {
  if (!read_cache(path)) return false;
  std::error_code error;
  const fs::path file = fs::canonical(path, error);  // not a link to it, which is the user's
  if (error || !fs::remove(file, error))
    throw ResourceError(fmt::format("{}: {}", path, error.message()));
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
  const std::optional<std::string> bytes = read_cache(path_);
  if (!bytes || bytes->empty()) return;
  try {
    for (LayerTimings& layer : parse_cache(path_, *bytes))
      layers_[key_of(layer)] = std::move(layer);
  } catch (const InputError& e) {
    const std::string name = set_aside(path_);
    say(log, fmt::format("{}; {}", e.what(),
                         name.empty() ? "it is written anew" : "set aside as " + name));
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

// What others have written meanwhile; a damaged file is replaced by what this process timed.
void TimingCache::merge(std::string_view bytes) {
  try {
    for (LayerTimings& layer : parse_timings(bytes))
      layers_.emplace(key_of(layer), std::move(layer));
  } catch (const InputError&) {
    return;
  }
}

void TimingCache::save(const Log& log) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (path_.empty() || !changed_) return;
  std::error_code ignored;
  fs::create_directories(fs::path(path_).parent_path(), ignored);
  const FolderLock one_writer(fs::path(path_).parent_path().string());
  try {
    const std::optional<std::string> bytes = read_cache(path_);
    if (bytes && !bytes->empty()) merge(*bytes);
  } catch (const Error& e) {
    return say(log, fmt::format("{}; the timings are not kept", e.what()));
  }
  std::vector<LayerTimings> kept;
  for (const auto& [key, layer] : layers_)
    if (layer.build == timing_build()) kept.push_back(layer);
  try {
    write_file(path_, timings_bytes(kept));
    changed_ = false;
  } catch (const ResourceError& e) {
    say(log, fmt::format("{}; the timings are not kept", e.what()));
  }
}

}  // namespace thaw
