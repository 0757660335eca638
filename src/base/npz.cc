// The ZIP side of .npz: stored and deflated entries, ZIP64 sizes as numpy writes them.
#include "thaw/npz.h"

#include <fmt/format.h>
#include <zlib.h>

#include <string_view>

#include "base/atomic_file.h"
#include "base/input_file.h"
#include "base/marks.h"
#include "base/npy.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr uint32_t kLocalMagic = 0x04034b50;
constexpr uint32_t kCentralMagic = 0x02014b50;
constexpr uint32_t kEndMagic = 0x06054b50;
constexpr size_t kLocalSize = 30;
constexpr size_t kCentralSize = 46;
constexpr size_t kEndSize = 22;
constexpr uint64_t kMaxFile = uint64_t{4} << 30;
// Deflate makes at most so many bytes of one; a claim of more is a lie.
constexpr uint64_t kMaxInflation = 1040;

struct Entry {
  std::string name;
  uint32_t method = 0;
  uint32_t crc = 0;
  uint64_t packed = 0;
  uint64_t size = 0;
  uint64_t offset = 0;  // of the local header
};

// Little-endian numbers of a ZIP file, none beyond its end.
class Reader {
 public:
  Reader(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  uint64_t number(size_t at, size_t count) const {
    uint64_t value = 0;
    const std::string_view part = slice(at, count);
    for (size_t i = 0; i < count; ++i) value |= uint64_t{static_cast<uint8_t>(part[i])} << (8 * i);
    return value;
  }
  uint32_t u16(size_t at) const { return static_cast<uint32_t>(number(at, 2)); }
  uint32_t u32(size_t at) const { return static_cast<uint32_t>(number(at, 4)); }
  std::string_view slice(uint64_t at, uint64_t count) const {
    if (at > bytes_.size() || count > bytes_.size() - at)
      throw InputError(fmt::format("{}: ends at byte {}, {} bytes at {} were expected (truncated?)",
                                   path_, bytes_.size(), count, at));
    return bytes_.substr(at, count);
  }
  size_t size() const { return bytes_.size(); }
  const std::string& path() const { return path_; }

 private:
  std::string_view bytes_;
  const std::string& path_;
};

// Where the directory's end record begins; a comment of up to 64 KiB, whole, may follow it.
size_t find_end(const Reader& zip) {
  const size_t last = zip.size() < kEndSize ? 0 : zip.size() - kEndSize;
  for (size_t back = 0; zip.size() >= kEndSize && back <= last && back <= 0xFFFF; ++back)
    if (zip.u32(last - back) == kEndMagic && zip.u16(last - back + 20) <= back) return last - back;
  throw InputError(fmt::format(
      "{}: no .npz file (a ZIP archive with a directory at its end was expected)", zip.path()));
}

// Sizes of four 0xFF bytes stand in the ZIP64 extra field instead.
void read_zip64(const Reader& zip, size_t at, size_t length, Entry& entry) {
  const size_t end = at + length;
  while (at + 4 <= end) {
    const uint32_t id = zip.u16(at);
    const uint32_t size = zip.u16(at + 2);
    at += 4;
    if (id == 1) {
      for (uint64_t* field : {&entry.size, &entry.packed, &entry.offset}) {
        if (*field != 0xFFFFFFFF) continue;
        *field = zip.number(at, 8);
        at += 8;
      }
      return;
    }
    at += size;
  }
}

std::vector<Entry> read_directory(const Reader& zip) {
  const size_t end = find_end(zip);
  const uint32_t count = zip.u16(end + 10);
  size_t at = zip.u32(end + 16);
  std::vector<Entry> entries;
  for (uint32_t i = 0; i < count; ++i) {
    if (zip.u32(at) != kCentralMagic)
      throw InputError(fmt::format("{}: entry {} of the ZIP directory is broken", zip.path(), i));
    if (zip.u16(at + 8) & 1)
      throw InputError(fmt::format("{}: entry {} is encrypted", zip.path(), i));
    Entry entry;
    entry.method = zip.u16(at + 10);
    entry.crc = zip.u32(at + 16);
    entry.packed = zip.u32(at + 20);
    entry.size = zip.u32(at + 24);
    const uint32_t name = zip.u16(at + 28);
    const uint32_t extra = zip.u16(at + 30);
    const uint32_t comment = zip.u16(at + 32);
    entry.offset = zip.u32(at + 42);
    entry.name = std::string(zip.slice(at + kCentralSize, name));
    read_zip64(zip, at + kCentralSize + name, extra, entry);
    at += kCentralSize + name + extra + comment;
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string inflate_entry(std::string_view packed, const Entry& entry, const std::string& where) {
  if (entry.size > (entry.packed + 64) * kMaxInflation)
    throw InputError(fmt::format("{}: {} bytes can't come of {}", where, entry.size, entry.packed));
  std::string out(entry.size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw ResourceError(where + ": zlib: no memory");
  // zlib's interface is not const-correct and counts in 32 bits.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&stream, Z_FINISH);
  const bool whole = status == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  if (status == Z_MEM_ERROR) throw ResourceError(where + ": zlib: no memory");
  if (!whole) throw InputError(where + ": its compressed bytes are broken");
  return out;
}

Tensor read_entry(const Reader& zip, const Entry& entry, const std::string& where) {
  const uint64_t header = entry.offset;
  zip.slice(header, kLocalSize);
  if (zip.u32(header) != kLocalMagic) throw InputError(where + ": its ZIP header is broken");
  const uint64_t data = header + kLocalSize + zip.u16(header + 26) + zip.u16(header + 28);
  const std::string_view packed = zip.slice(data, entry.packed);
  std::string inflated;
  std::string_view bytes = packed;
  if (entry.method == 8) {
    if (entry.size > 0xFFFFFFFF || entry.packed > 0xFFFFFFFF)
      throw InputError(where + ": above 4 GiB");
    inflated = inflate_entry(packed, entry, where);
    bytes = inflated;
  } else if (entry.method != 0) {
    throw InputError(
        fmt::format("{}: compression method {} (0 and 8 can be read)", where, entry.method));
  }
  const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  if (static_cast<uint32_t>(crc) != entry.crc)
    throw InputError(fmt::format("{}: checksum {:08x} was expected, found {:08x}", where, entry.crc,
                                 static_cast<uint32_t>(crc)));
  return parse_npy(bytes, where);
}

void append(std::string& out, uint64_t value, size_t count) {
  for (size_t i = 0; i < count; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// What the local header and the directory say alike: version, flags, method, time, CRC, sizes,
// name.
std::string common_header(const std::string& name, uint32_t crc, uint64_t size) {
  std::string out;
  append(out, 20, 2), append(out, 0, 2), append(out, 0, 2);
  append(out, 0, 2), append(out, 0x21, 2);  // 1980-01-01: the same arrays give the same file
  append(out, crc, 4), append(out, size, 4), append(out, size, 4);
  append(out, name.size(), 2), append(out, 0, 2);
  return out;
}

}  // namespace

std::vector<NamedTensor> parse_npz(const std::string& bytes, const std::string& path) {
  const Reader zip(bytes, path);
  std::vector<NamedTensor> arrays;
  uint64_t total = 0;
  for (const Entry& entry : read_directory(zip)) {
    if (entry.size > kMaxFile || (total += entry.size) > kMaxFile)
      throw InputError(path + ": holds more than 4 GiB of arrays");
    std::string name = entry.name;
    if (name.size() > 4 && name.compare(name.size() - 4, 4, ".npy") == 0)
      name.resize(name.size() - 4);
    Tensor tensor = read_entry(zip, entry, fmt::format("{}: array '{}'", path, name));
    arrays.emplace_back(std::move(name), std::move(tensor));
  }
  return arrays;
}

std::vector<NamedTensor> read_npz(const std::string& path) {
  return parse_npz(InputFile(path).read_all(kMaxFile), path);
}

Tensor read_npy(const std::string& path) {
  return parse_npy(InputFile(path).read_all(kMaxFile), path);
}

void write_npz(const std::string& path, const std::vector<NamedTensor>& arrays) {
  AtomicFile file(path);
  uint64_t written = 0;
  const auto write = [&](const std::string& bytes) {
    file.write(bytes);
    written += bytes.size();
  };
  std::string directory;
  for (const auto& [name, tensor] : arrays) {
    const std::string bytes = npy_bytes(tensor);
    const uint64_t offset = written;
    if (bytes.size() > 0xFFFFFFFE || offset > 0xFFFFFFFE || name.size() > 0xFF00)
      throw InputError(fmt::format("{}: array '{}': above 4 GiB", path, name));
    const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    const std::string file_name = name + ".npy";
    const std::string common = common_header(file_name, static_cast<uint32_t>(crc), bytes.size());
    std::string local;
    append(local, kLocalMagic, 4);
    write(local + common + file_name);
    write(bytes);
    append(directory, kCentralMagic, 4), append(directory, 20, 2);
    directory += common;
    append(directory, 0, 2), append(directory, 0, 2), append(directory, 0, 2);
    append(directory, 0, 4), append(directory, offset, 4);
    directory += file_name;
  }
  const uint64_t start = written;
  std::string end;
  append(end, kEndMagic, 4), append(end, 0, 4);
  append(end, arrays.size(), 2), append(end, arrays.size(), 2);
  append(end, directory.size(), 4), append(end, start, 4);
  append(end, kMadeByThaw.size(), 2);
  end += kMadeByThaw;
  file.write(directory + end);
  file.commit();
}

}  // namespace thaw
