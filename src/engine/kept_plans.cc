#include "engine/kept_plans.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/input_file.h"
#include "engine/saved_plans.h"
#include "import/crc32c.h"
#include "thaw/calibrate.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr uint64_t kMostRecordBytes = uint64_t{1} << 20;

// FNV-1a.
class Fingerprint {
 public:
  void add(const void* data, size_t count) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (size_t i = 0; i < count; ++i) value_ = (value_ ^ bytes[i]) * 0x100000001b3U;
  }
  void add(const Tensor& tensor) {
    const std::string type = tensor.defined() ? tensor.str() : "";
    add(type.data(), type.size() + 1);
    if (!tensor.defined()) return;
    if (tensor.dtype() != DType::kString && tensor.dtype() != DType::kList)
      return add(tensor.raw(), tensor.num_bytes());
    for (int64_t i = 0; i < tensor.num_elements(); ++i) {
      if (tensor.dtype() == DType::kList) {
        add(tensor.data<Tensor>()[i]);
        continue;
      }
      const std::string& text = tensor.data<std::string>()[i];
      const size_t size = text.size();
      add(&size, sizeof size);
      add(text.data(), size);
    }
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325U;
};

std::string name_of(const std::string& key) {
  return fmt::format("{:08x}", crc32c(0, key.data(), key.size()));
}

BuiltPlan built_from(const Json& json) {
  for (const char* name : {"layers_left_out", "races", "known_races"})
    if (!json.at(name).is_number_unsigned())
      throw InputError(fmt::format("{}: a whole number was expected", name));
  for (const Json& result : json.at("results"))
    if (!result.is_number_unsigned()) throw InputError("results: a whole number was expected");
  BuiltPlan built;
  built.plan.seconds = json.at("seconds");
  built.plan.tune_seconds = json.at("tune_seconds");
  built.plan.tuned_speedup = json.at("tuned_speedup");
  built.plan.layers_left_out = json.at("layers_left_out");
  built.plan.races = json.at("races");
  built.plan.known_races = json.at("known_races");
  built.results = json.at("results").get<std::vector<uint64_t>>();
  built.note = json.at("note");
  return built;
}

}  // namespace

uint64_t fingerprint(const Tensor& tensor) {
  Fingerprint print;
  print.add(tensor);
  return print.value();
}

std::string plan_key(const PlanFacts& facts, const EngineOptions& options) {
  std::string key = fmt::format(
      "{} {} {} {:x} {} {}; threads {}, tune {}, limit {}, workspace {}, segment {}, strict {}",
      facts.sources, facts.device, facts.identity, facts.model, precision_name(facts.precision),
      shapes_text(facts.shapes), options.threads, options.tune, options.memory_limit,
      options.max_workspace_size, options.minimum_segment_size.value_or(kMinimumSegmentSize),
      options.strict);
  for (const std::string& pass : options.disabled_passes) key += ", without " + pass;
  if (options.calibration) {
    const std::string table = calibration_text(*options.calibration);
    Fingerprint print;
    print.add(table.data(), table.size());
    key += fmt::format(", calibration {:016x}", print.value());
  }
  return key;
}

std::optional<BuiltPlan> find_built(const WorkFolder& work, const std::string& key) {
  const std::string name = name_of(key);
  try {
    const Json json = Json::parse(InputFile(work.file(name + ".done")).read_all(kMostRecordBytes));
    if (json.at("for") != key) return std::nullopt;
    BuiltPlan built = built_from(json);
    built.plan.file = work.file(name + ".plan");
    built.plan.shapes = read_plan_file(built.plan.file).facts.shapes;
    built.plan.bytes = static_cast<size_t>(fs::file_size(built.plan.file));
    built.plan.kept = true;
    return built;
  } catch (const InputError&) {
    return std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

void keep_built(const WorkFolder& work, const std::string& key, const PlanFile& file,
                BuiltPlan& built) {
  const std::string name = name_of(key);
  built.plan.file = work.file(name + ".plan");
  write_plan_file(built.plan.file, file);
  built.plan.bytes = static_cast<size_t>(fs::file_size(built.plan.file));
  const Json json = {{"for", key},
                     {"seconds", built.plan.seconds},
                     {"tune_seconds", built.plan.tune_seconds},
                     {"tuned_speedup", built.plan.tuned_speedup},
                     {"layers_left_out", built.plan.layers_left_out},
                     {"races", built.plan.races},
                     {"known_races", built.plan.known_races},
                     {"results", built.results},
                     {"note", built.note}};
  write_file(work.file(name + ".done"),
             json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace thaw
