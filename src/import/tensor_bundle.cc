#include "import/tensor_bundle.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "import/crc32c.h"
#include "import/leveldb_table.h"
#include "import/read_graph.h"
#include "import/tensor_proto.h"
#include "import/tensor_slice.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr uint64_t kMaxIndexBytes = uint64_t{64} << 20;
constexpr int kMaxShards = 4096;

uint64_t read_varint(std::string_view* bytes, const std::string& where) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw InputError(fmt::format("{}: the lengths of its strings are damaged", where));
}

[[noreturn]] void bad_checksum(const std::string& where, uint32_t expected, uint32_t found) {
  throw InputError(fmt::format("{}: its checksum is {:08x} in the index, the data have {:08x}",
                               where, expected, found));
}

}  // namespace

TensorBundle::TensorBundle(const std::string& prefix) : index_path_(prefix + ".index") {
  const InputFile index(index_path_);
  if (index.size() == 0) throw InputError(fmt::format("{}: is empty (0 bytes)", index_path_));
  const auto table = read_leveldb_table(index.read_all(kMaxIndexBytes), index_path_);
  total_bytes_ = index.size();
  tf::BundleHeaderProto header;
  for (const auto& [key, value] : table) {
    if (key.empty())
      parse_binary(value, index_path_ + " (header)", &header);
    else
      parse_binary(value, fmt::format("{}: entry '{}'", index_path_, key), &entries_[key]);
  }
  if (header.num_shards() < 1 || header.num_shards() > kMaxShards)
    throw InputError(fmt::format("{}: the header names {} shards, 1 to {} were expected",
                                 index_path_, header.num_shards(), kMaxShards));
  if (header.endianness() != tf::BundleHeaderProto::LITTLE)
    throw InputError(fmt::format("{}: was written on a big-endian machine", index_path_));
  for (int i = 0; i < header.num_shards(); ++i) {
    shards_.push_back(std::make_unique<InputFile>(
        fmt::format("{}.data-{:05}-of-{:05}", prefix, i, header.num_shards())));
    total_bytes_ += shards_.back()->size();
  }
  for (const auto& [key, e] : entries_) check_entry(key, e);
}

void TensorBundle::check_entry(const std::string& key, const tf::BundleEntryProto& e) const {
  if (e.slices_size() > 0) return;  // the parts have entries of their own
  const std::string where = fmt::format("{}: '{}'", index_path_, key);
  if (e.shard_id() < 0 || static_cast<size_t>(e.shard_id()) >= shards_.size())
    throw InputError(
        fmt::format("{}: lies in shard {}, there are {}", where, e.shard_id(), shards_.size()));
  const InputFile& shard = *shards_[static_cast<size_t>(e.shard_id())];
  const uint64_t size = shard.size();
  if (e.offset() < 0 || e.size() < 0 || static_cast<uint64_t>(e.offset()) > size ||
      static_cast<uint64_t>(e.size()) > size - static_cast<uint64_t>(e.offset()))
    throw InputError(fmt::format("{}: {} bytes at {}, but {} has {} bytes", where, e.size(),
                                 e.offset(), shard.path(), size));
}

std::vector<std::string> TensorBundle::keys() const {
  std::vector<std::string> names;
  for (const auto& [key, e] : entries_)
    if (!key.empty() && key[0] != '\0') names.push_back(key);
  return names;
}

const tf::BundleEntryProto& TensorBundle::entry(const std::string& key) const {
  const auto it = entries_.find(key);
  if (it == entries_.end())
    throw InputError(fmt::format("{}: has no tensor '{}'", index_path_, key));
  return it->second;
}

tf::DataType TensorBundle::dtype(const std::string& key) const { return entry(key).dtype(); }

Shape TensorBundle::shape(const std::string& key) const {
  return shape_from_tf(entry(key).shape(), fmt::format("{}: '{}'", index_path_, key));
}

Tensor TensorBundle::read(const std::string& key) const {
  const tf::BundleEntryProto& e = entry(key);
  return e.slices_size() > 0 ? read_parts(key, e) : read_entry(key, e);
}

Tensor TensorBundle::read_entry(const std::string& key, const tf::BundleEntryProto& e) const {
  const InputFile& shard = *shards_[static_cast<size_t>(e.shard_id())];
  const std::string where = fmt::format("{}: '{}'", shard.path(), key);
  const DType type = dtype_from_tf(e.dtype());
  if (type == DType::kInvalid)
    throw InputError(fmt::format("{}: variables of {} can't be used", where,
                                 tf_dtype_name(static_cast<int>(e.dtype()))));
  if (type == DType::kString) return read_strings(key, e);
  const Shape shape = shape_from_tf(e.shape(), where);
  const int64_t elements = shape.is_static() ? shape.num_elements() : -1;
  int64_t bytes = 0;
  if (elements < 0 ||
      __builtin_mul_overflow(elements, static_cast<int64_t>(dtype_size(type)), &bytes) ||
      bytes != e.size())
    throw InputError(fmt::format("{}: {}{} takes {} bytes, the index says {}", where,
                                 dtype_name(type), shape.str(), bytes, e.size()));
  Tensor t = Tensor::empty(type, shape);
  shard.read(static_cast<uint64_t>(e.offset()), t.raw(), t.num_bytes());
  const uint32_t found = crc32c(0, t.raw(), t.num_bytes());
  if (crc32c_unmask(e.crc32c()) != found) bad_checksum(where, crc32c_unmask(e.crc32c()), found);
  if (type == DType::kBool)
    for (int64_t i = 0; i < elements; ++i) t.data<uint8_t>()[i] = t.data<uint8_t>()[i] != 0;
  return t;
}

// Strings: all lengths as varints, a checksum of the lengths, then the bytes.
Tensor TensorBundle::read_strings(const std::string& key, const tf::BundleEntryProto& e) const {
  const InputFile& shard = *shards_[static_cast<size_t>(e.shard_id())];
  const std::string where = fmt::format("{}: '{}'", shard.path(), key);
  const Shape shape = shape_from_tf(e.shape(), where);
  const int64_t count = shape.is_static() ? shape.num_elements() : -1;
  if (count < 0 || count > e.size())
    throw InputError(fmt::format("{}: {} bytes can't be the strings of a tensor {}", where,
                                 e.size(), shape.str()));
  std::string bytes(static_cast<size_t>(e.size()), '\0');
  shard.read(static_cast<uint64_t>(e.offset()), bytes.data(), bytes.size());
  std::string_view rest(bytes);
  std::vector<uint64_t> lengths;
  uint32_t crc = 0;
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t length = read_varint(&rest, where);
    lengths.push_back(length);
    const bool fits = length <= std::numeric_limits<uint32_t>::max();
    crc = crc32c(crc, &lengths.back(), fits ? 4 : 8);  // little-endian either way
  }
  if (rest.size() < 4) throw InputError(fmt::format("{}: ends before its strings", where));
  uint32_t stored = 0;
  std::memcpy(&stored, rest.data(), 4);
  if (crc32c_unmask(stored) != crc) bad_checksum(where + " (lengths)", crc32c_unmask(stored), crc);
  crc = crc32c(crc, rest.data(), rest.size());
  if (crc32c_unmask(e.crc32c()) != crc) bad_checksum(where, crc32c_unmask(e.crc32c()), crc);
  rest.remove_prefix(4);
  Tensor t = Tensor::empty(DType::kString, shape);
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] > rest.size())
      throw InputError(
          fmt::format("{}: string {} of {} bytes, {} are left", where, i, lengths[i], rest.size()));
    t.data<std::string>()[i] = std::string(rest.substr(0, static_cast<size_t>(lengths[i])));
    rest.remove_prefix(static_cast<size_t>(lengths[i]));
  }
  return t;
}

Tensor TensorBundle::read_parts(const std::string& key, const tf::BundleEntryProto& e) const {
  const std::string where = fmt::format("{}: '{}'", index_path_, key);
  const Shape whole = shape_from_tf(e.shape(), where);
  const DType type = dtype_from_tf(e.dtype());
  if (!whole.is_static() || dtype_size(type) == 0)
    throw InputError(fmt::format("{}: a partitioned tensor of {}{}", where,
                                 tf_dtype_name(static_cast<int>(e.dtype())), whole.str()));
  const uint64_t elements = static_cast<uint64_t>(whole.num_elements());
  if (elements > total_bytes_ / dtype_size(type))
    throw InputError(
        fmt::format("{}: a tensor {} is larger than the files of the model", where, whole.str()));
  Tensor result = Tensor::zeros(type, whole);
  int64_t filled = 0;
  for (const tf::TensorSliceProto& slice : e.slices()) {
    const TensorRegion region = region_of(slice, whole, where);
    const std::string part_key = slice_key(key, slice);
    const auto part = entries_.find(part_key);
    if (part == entries_.end() || part->second.slices_size() > 0)
      throw InputError(fmt::format("{}: a part of {} is missing", where, whole.str()));
    const Tensor values = read_entry(key, part->second);
    if (values.dtype() != type || values.shape() != region.shape())
      throw InputError(fmt::format("{}: a part is {}, {}{} was expected", where, values.str(),
                                   dtype_name(type), region.shape().str()));
    filled += copy_common(values, region, &result, region_of(whole));
  }
  if (filled != static_cast<int64_t>(elements))
    throw InputError(fmt::format("{}: its parts hold {} of {} elements", where, filled, elements));
  return result;
}

Tensor TensorBundle::read_slice(const std::string& key, const std::string& slice) const {
  Tensor whole = read(key);
  if (slice.empty()) return whole;
  const TensorRegion region =
      parse_slice(slice, whole.shape(), fmt::format("{}: '{}'", index_path_, key));
  if (dtype_size(whole.dtype()) == 0)
    throw InputError(fmt::format("{}: '{}': a slice of strings", index_path_, key));
  Tensor part = Tensor::empty(whole.dtype(), region.shape());
  copy_common(whole, region_of(whole.shape()), &part, region);
  return part;
}

}  // namespace thaw
