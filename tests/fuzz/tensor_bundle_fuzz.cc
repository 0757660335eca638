// Tensor bundles. The first byte chooses: 0 takes the rest as the index file as it is; otherwise
// the rest is a list of entries that is put into a well-formed index, checksums corrected, so that
// what lies behind the checksums is reached, too.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "export/tensor_bundle_writer.h"
#include "import/crc32c.h"
#include "import/tensor_bundle.h"
#include "import/testing.h"
#include "thaw/error.h"

namespace {

const std::string& shard() {
  static const std::string bytes = [] {
    std::string b;
    for (int i = 0; i < 512; ++i) b.push_back(static_cast<char>(i * 29));
    return b;
  }();
  return bytes;
}

// The checksum that the entry's bytes have, as for numbers.
std::string corrected(const std::string& value) {
  thaw::tf::BundleEntryProto entry;
  if (!entry.ParseFromString(value)) return value;
  const auto size = static_cast<int64_t>(shard().size());
  if (entry.offset() < 0 || entry.size() < 0 || entry.offset() > size ||
      entry.size() > size - entry.offset())
    return value;
  const uint32_t crc =
      thaw::crc32c(0, shard().data() + entry.offset(), static_cast<size_t>(entry.size()));
  entry.set_crc32c(thaw::crc32c_mask(crc));
  return entry.SerializeAsString();
}

// Key length, key, value length, value, again and again.
std::string index_of(std::string_view rest) {
  std::map<std::string, std::string> table;
  const auto take = [&] {
    const size_t length = std::min<size_t>(rest.empty() ? 0 : static_cast<uint8_t>(rest[0]),
                                           rest.empty() ? 0 : rest.size() - 1);
    std::string text(rest.substr(rest.empty() ? 0 : 1, length));
    rest.remove_prefix(rest.empty() ? 0 : length + 1);
    return text;
  };
  while (!rest.empty()) {
    const std::string key = take();
    const std::string value = take();
    table[key] = key.empty() ? value : corrected(value);
  }
  return thaw::write_leveldb_table(table);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const thaw::testing::TempFolder folder;
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  folder.write("v.data-00000-of-00001", shard());
  folder.write("v.index", data[0] == 0 ? std::string(rest) : index_of(rest));
  try {
    const thaw::TensorBundle bundle(folder.file("v"));
    for (const std::string& key : bundle.keys()) {
      try {
        bundle.read(key);
        bundle.read_slice(key, "2 2 0,1:-");
      } catch (const thaw::InputError&) {
      }
    }
  } catch (const thaw::InternalError&) {
    throw;  // a bad file is never our own fault
  } catch (const thaw::Error&) {
  }
  return 0;
}
