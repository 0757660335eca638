#include "cli/tile_options.h"

#include <CLI/CLI.hpp>

#include "cli/parse.h"
#include "thaw/error.h"

namespace thaw::cli {

void add_tile_options(CLI::App& app, TileArguments& arguments, const std::string& prefix,
                      const std::string& group) {
  const std::string dashes = "--" + prefix;
  app.add_option(dashes + "tiles", arguments.tiles,
                 "Rows x columns, such as 2x3: look at overlapping tiles besides the whole")
      ->group(group);
  app.add_option(dashes + "tile-overlap", arguments.overlap,
                 "Part of a tile that it shares with each neighbour")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.9).description(""))
      ->group(group);
  app.add_flag(dashes + "tiles-only", arguments.tiles_only, "Leave the look at the whole out")
      ->group(group);
  app.add_option(dashes + "tile-batch", arguments.batch,
                 "Tiles that run at once; 0: one on a CPU, all on other devices")
      ->capture_default_str()
      ->check(CLI::Range(0, 256).description(""))
      ->group(group);
  app.add_option(dashes + "roi", arguments.roi,
                 "TOP,LEFT,BOTTOM,RIGHT in 0..1: look at this part of the picture alone")
      ->group(group);
}

void apply_tile_options(const TileArguments& arguments, DetectOptions& options,
                        const std::string& prefix) {
  const std::string dashes = "--" + prefix;
  if (!arguments.tiles.empty()) {
    const auto [rows, columns] = parse_grid(dashes + "tiles", arguments.tiles);
    options.tiles.rows = rows;
    options.tiles.columns = columns;
  } else if (arguments.tiles_only) {
    throw UsageError(dashes + "tiles-only: " + dashes + "tiles was expected too");
  }
  options.tiles.overlap = arguments.overlap;
  options.tiles.whole = !arguments.tiles_only;
  options.tiles.batch = arguments.batch;
  if (!arguments.roi.empty()) options.region = parse_region(dashes + "roi", arguments.roi);
}

}  // namespace thaw::cli
