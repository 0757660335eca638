#include "import/leveldb_table.h"

#include <fmt/format.h>
#include <snappy.h>

#include <cstring>
#include <string_view>
#include <utility>

#include "import/crc32c.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// What all blocks of a table together may unpack to; index files of checkpoints have kilobytes.
constexpr uint64_t kMaxUnpackedBytes = uint64_t{64} << 20;

uint32_t fixed32(const char* p) {
  const auto* u = reinterpret_cast<const unsigned char*>(p);
  return static_cast<uint32_t>(u[0]) | static_cast<uint32_t>(u[1]) << 8 |
         static_cast<uint32_t>(u[2]) << 16 | static_cast<uint32_t>(u[3]) << 24;
}

struct BlockHandle {
  uint64_t offset = 0;
  uint64_t size = 0;
};

class TableReader {
 public:
  TableReader(const std::string& file, const std::string& path) : file_(file), path_(path) {}

  std::map<std::string, std::string> read();

 private:
  [[noreturn]] void fail(uint64_t offset, const std::string& what) const {
    throw InputError(fmt::format("{}: damaged index table at byte {}: {}", path_, offset, what));
  }
  uint64_t varint(std::string_view* bytes, uint64_t offset) const;
  BlockHandle handle(std::string_view* bytes, uint64_t offset) const;
  std::string block(const BlockHandle& handle);
  // Calls entry(key, value) for each entry of a block, keys undone of their prefix compression.
  template <class Entry>
  void for_each(const std::string& block, uint64_t offset, Entry&& entry) const;

  const std::string& file_;
  const std::string& path_;
  uint64_t unpacked_ = 0;
};

uint64_t TableReader::varint(std::string_view* bytes, uint64_t offset) const {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (bytes->empty()) fail(offset, "ends within a number");
    const auto byte = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail(offset, "a number of more than 10 bytes");
}

BlockHandle TableReader::handle(std::string_view* bytes, uint64_t offset) const {
  BlockHandle h;
  h.offset = varint(bytes, offset);
  h.size = varint(bytes, offset);
  const uint64_t limit = file_.size() - kLeveldbFooterBytes;
  if (h.offset > limit || h.size > limit - h.offset ||
      limit - h.offset - h.size < kLeveldbTrailerBytes)
    fail(offset, fmt::format("a block of {} bytes at {} in a file of {} bytes", h.size, h.offset,
                             file_.size()));
  return h;
}

std::string TableReader::block(const BlockHandle& handle) {
  const char* p = file_.data() + handle.offset;
  const auto size = static_cast<size_t>(handle.size);
  const uint32_t expected = crc32c_unmask(fixed32(p + size + 1));
  const uint32_t found = crc32c(0, p, size + 1);
  if (found != expected)
    fail(handle.offset,
         fmt::format("the block's checksum is {:08x}, its bytes have {:08x}", expected, found));
  const char compression = p[size];
  if (compression == 0) return {p, size};
  if (compression != 1)
    fail(handle.offset, fmt::format("compression {} is neither 0 (plain) nor 1 (Snappy)",
                                    static_cast<int>(compression)));
  size_t unpacked = 0;
  if (!snappy::GetUncompressedLength(p, size, &unpacked))
    fail(handle.offset, "the Snappy block has no length");
  unpacked_ += unpacked;
  if (unpacked > kMaxUnpackedBytes || unpacked_ > kMaxUnpackedBytes)
    fail(handle.offset, fmt::format("Snappy blocks of more than {} bytes", kMaxUnpackedBytes));
  std::string result(unpacked, '\0');
  if (!snappy::RawUncompress(p, size, result.data()))
    fail(handle.offset, "the Snappy block can't be unpacked");
  return result;
}

template <class Entry>
void TableReader::for_each(const std::string& block, uint64_t offset, Entry&& entry) const {
  if (block.size() < 4) fail(offset, "a block without restart points");
  const uint64_t restarts = fixed32(block.data() + block.size() - 4);
  const uint64_t tail = (restarts + 1) * 4;
  if (tail > block.size())
    fail(offset, fmt::format("{} restart points in a block of {} bytes", restarts, block.size()));
  std::string_view rest(block.data(), block.size() - static_cast<size_t>(tail));
  std::string key;
  while (!rest.empty()) {
    const uint64_t shared = varint(&rest, offset);
    const uint64_t fresh = varint(&rest, offset);
    const uint64_t value = varint(&rest, offset);
    if (shared > key.size() || fresh > rest.size() || value > rest.size() - fresh)
      fail(offset, "an entry reaches past its block");
    key.resize(static_cast<size_t>(shared));
    key.append(rest.substr(0, static_cast<size_t>(fresh)));
    rest.remove_prefix(static_cast<size_t>(fresh));
    entry(key, rest.substr(0, static_cast<size_t>(value)));
    rest.remove_prefix(static_cast<size_t>(value));
  }
}

std::map<std::string, std::string> TableReader::read() {
  if (file_.size() < kLeveldbFooterBytes)
    fail(0, fmt::format("a file of {} bytes has no footer", file_.size()));
  const uint64_t footer_at = file_.size() - kLeveldbFooterBytes;
  const char* footer = file_.data() + footer_at;
  const uint64_t magic = fixed32(footer + 40) | static_cast<uint64_t>(fixed32(footer + 44)) << 32;
  if (magic != kLeveldbMagic)
    fail(footer_at + 40,
         fmt::format("the footer ends in {:016x}, {:016x} was expected", magic, kLeveldbMagic));
  std::string_view handles(footer, 40);
  handle(&handles, footer_at);  // of the meta index, which TensorFlow leaves empty
  const BlockHandle index = handle(&handles, footer_at);
  std::map<std::string, std::string> entries;
  uint64_t bytes = 0;
  for_each(block(index), index.offset, [&](const std::string&, std::string_view value) {
    const BlockHandle data = handle(&value, index.offset);
    for_each(block(data), data.offset, [&](const std::string& key, std::string_view v) {
      // Prefix compression lets a few bytes stand for long keys, and handles may repeat a block.
      bytes += key.size() + v.size() + 64;
      if (bytes > kMaxUnpackedBytes)
        fail(data.offset, fmt::format("entries of more than {} bytes", kMaxUnpackedBytes));
      if (!entries.emplace(key, v).second)
        fail(data.offset, fmt::format("the key '{}' comes twice", key));
    });
  });
  return entries;
}

}  // namespace

std::map<std::string, std::string> read_leveldb_table(const std::string& file,
                                                      const std::string& path) {
  return TableReader(file, path).read();
}

}  // namespace thaw
