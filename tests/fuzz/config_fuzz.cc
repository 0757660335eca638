// Any bytes as the TOML file of --config of every command, the first byte says which: options, or
// an error of the user's. --dump-config keeps the command from doing anything.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "cli/command.h"
#include "import/testing.h"
#include "thaw/error.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  return std::freopen("/dev/null", "w", stdout) == nullptr ? 1 : 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace thaw::cli;
  static const thaw::testing::TempFolder folder;
  constexpr std::array kCommands = {run_inspect, run_convert, run_optimize, run_summary, run_run,
                                    run_detect,  run_bench,   run_compare,  run_cache,   run_demo};
  if (size == 0) return 0;
  std::string path =
      folder.write("fuzz.toml", std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  std::string name = "command";
  std::string config = "--config";
  std::string dump = "--dump-config";
  std::array<char*, 4> arguments = {name.data(), config.data(), path.data(), dump.data()};
  try {
    kCommands[data[0] % kCommands.size()](static_cast<int>(arguments.size()), arguments.data());
  } catch (const thaw::InternalError&) {
    throw;
  } catch (const thaw::Error&) {
  }
  return 0;
}
