// Sorted string tables as LevelDB writes them: the index file of a TensorFlow checkpoint.
// Layout: data blocks, index block, footer of 48 bytes. A block is followed by one byte that tells
// its compression (0 plain, 1 Snappy) and the masked CRC-32C of both.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace thaw {

// All entries of the table in `file` (its bytes), by key. Throws InputError naming `path` and the
// byte where it is damaged. Takes memory of the order of the file; compressed blocks may take more,
// up to a fixed limit.
std::map<std::string, std::string> read_leveldb_table(const std::string& file,
                                                      const std::string& path);

constexpr uint64_t kLeveldbMagic = 0xdb4775248b80fb57u;
constexpr size_t kLeveldbFooterBytes = 48;
constexpr size_t kLeveldbTrailerBytes = 5;  // compression byte and checksum after each block

}  // namespace thaw
