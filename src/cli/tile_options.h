// --tiles, --roi and their kin: which parts of a picture a detector looks at.
#pragma once

#include <string>

#include "thaw/detection.h"

namespace CLI {
class App;
}  // namespace CLI

namespace thaw::cli {

struct TileArguments {
  std::string tiles;
  std::string roi;
  float overlap = TileOptions().overlap;
  bool tiles_only = false;
  int batch = 0;
};

// `prefix` stands before each name, "b-" makes --b-tiles of --tiles; `group` is that of --help.
void add_tile_options(CLI::App& app, TileArguments& arguments, const std::string& prefix = {},
                      const std::string& group = "Small, far objects");

// Sets tiles and region. Throws UsageError.
void apply_tile_options(const TileArguments& arguments, DetectOptions& options,
                        const std::string& prefix = {});

}  // namespace thaw::cli
