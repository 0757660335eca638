// JSON as the manifest of an optimised model, calibration included. The checksum is set right
// first, so that what it guards is reached; what is read is written and read again.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/saved_plans.h"
#include "import/crc32c.h"
#include "import/testing.h"
#include "thaw/error.h"

namespace {

std::string with_right_check(const std::string& text) {
  auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return text;
  json.erase("check");
  using Json = nlohmann::ordered_json;
  const std::string rest = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  json["check"] = thaw::crc32c(0, rest.data(), rest.size());
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const thaw::testing::TempFolder folder;
  const std::string raw(reinterpret_cast<const char*>(data), size);
  for (const std::string& text : {raw, with_right_check(raw)}) {
    folder.write("manifest.json", text);
    try {
      const thaw::Manifest manifest = thaw::read_manifest(folder.file(""));
      thaw::write_manifest(folder.file(""), manifest);
      const thaw::Manifest again = thaw::read_manifest(folder.file(""));
      if (again.plans.size() != manifest.plans.size() || again.precision != manifest.precision ||
          (again.calibration != nullptr) !=
              (manifest.calibration &&
               !(manifest.calibration->ranges.empty() && manifest.calibration->wide.empty())))
        __builtin_trap();
    } catch (const thaw::InputError&) {
    }
  }
  return 0;
}
