// Which picture files a command line means.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace thaw::cli {

// A share of the work for one of several processes: files are told apart by a hash of their path.
struct Shard {
  size_t index = 0;
  size_t count = 1;
};

// "i/N", counting from 0 or from 1 (N/N is the same share as 0/N). Throws UsageError.
Shard parse_shard(const std::string& text);

// The files that `sources` name, in their order:
// - a file stands for itself, whatever its name, and so does what is not there, a pipe or a device:
//   reading it says so when its turn comes;
// - a folder for the pictures directly in it (.jpg .jpeg .jpe .jfif .png .bmp .gif, upper or lower
//   case; no hidden ones), sorted by name;
// - a name that is no file but holds * ? or [ for what the shell's rules match, sorted, folders
//   left out.
// Throws InputError for a folder without pictures and a pattern without matches.
std::vector<std::string> expand_sources(const std::vector<std::string>& sources,
                                        const Shard& shard = {});

}  // namespace thaw::cli
