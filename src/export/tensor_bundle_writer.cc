#include "export/tensor_bundle_writer.h"

#include <snappy.h>

#include <utility>

#include "base/atomic_file.h"
#include "import/crc32c.h"
#include "import/leveldb_table.h"
#include "import/tensor_proto.h"

namespace thaw {
namespace {

constexpr size_t kBlockBytes = 4096;
constexpr int kRestartInterval = 16;

void append_fixed32(uint32_t value, std::string* out) {
  for (int i = 0; i < 4; ++i) out->push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

void append_varint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

// One block under construction: entries with prefix-compressed keys, then the restart points.
class Block {
 public:
  void add(const std::string& key, const std::string& value) {
    size_t shared = 0;
    if (count_ % kRestartInterval == 0) {
      restarts_.push_back(static_cast<uint32_t>(bytes_.size()));
    } else {
      while (shared < key.size() && shared < last_.size() && key[shared] == last_[shared]) ++shared;
    }
    append_varint(shared, &bytes_);
    append_varint(key.size() - shared, &bytes_);
    append_varint(value.size(), &bytes_);
    bytes_.append(key, shared, std::string::npos);
    bytes_.append(value);
    last_ = key;
    ++count_;
  }
  bool empty() const { return count_ == 0; }
  size_t size() const { return bytes_.size(); }
  const std::string& last_key() const { return last_; }
  std::string finish() {
    if (restarts_.empty()) restarts_.push_back(0);
    for (uint32_t r : restarts_) append_fixed32(r, &bytes_);
    append_fixed32(static_cast<uint32_t>(restarts_.size()), &bytes_);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  std::string last_;
  std::vector<uint32_t> restarts_;
  int count_ = 0;
};

// Appends the block with its trailer; returns its handle.
std::string append_block(Block block, bool compress, std::string* file) {
  std::string bytes = block.finish();
  if (compress) {
    std::string packed;
    snappy::Compress(bytes.data(), bytes.size(), &packed);
    bytes = std::move(packed);
  }
  std::string handle;
  append_varint(file->size(), &handle);
  append_varint(bytes.size(), &handle);
  bytes.push_back(compress ? 1 : 0);
  append_fixed32(crc32c_mask(crc32c(0, bytes.data(), bytes.size())), &bytes);
  file->append(bytes);
  return handle;
}

}  // namespace

std::string write_leveldb_table(const std::map<std::string, std::string>& entries, bool compress) {
  std::string file;
  Block index;
  Block data;
  const auto flush = [&] {
    if (data.empty()) return;
    const std::string last = data.last_key();
    index.add(last, append_block(std::exchange(data, Block()), compress, &file));
  };
  for (const auto& [key, value] : entries) {
    data.add(key, value);
    if (data.size() >= kBlockBytes) flush();
  }
  flush();
  std::string footer = append_block(Block(), false, &file);  // the meta index
  footer += append_block(std::move(index), false, &file);
  footer.resize(kLeveldbFooterBytes - 8, '\0');
  append_fixed32(static_cast<uint32_t>(kLeveldbMagic), &footer);
  append_fixed32(static_cast<uint32_t>(kLeveldbMagic >> 32), &footer);
  return file + footer;
}

tf::BundleEntryProto TensorBundleWriter::append(const Tensor& tensor) {
  tf::BundleEntryProto entry;
  entry.set_dtype(dtype_to_tf(tensor.dtype()));
  shape_to_tf(tensor.shape(), entry.mutable_shape());
  entry.set_offset(static_cast<int64_t>(data_.size()));
  uint32_t crc = 0;
  if (tensor.dtype() == DType::kString) {
    const auto* strings = tensor.data<std::string>();
    for (int64_t i = 0; i < tensor.num_elements(); ++i) {
      append_varint(strings[i].size(), &data_);
      std::string length;
      append_fixed32(static_cast<uint32_t>(strings[i].size()), &length);
      crc = crc32c(crc, length.data(), length.size());
    }
    const size_t lengths_end = data_.size();
    append_fixed32(crc32c_mask(crc), &data_);
    for (int64_t i = 0; i < tensor.num_elements(); ++i) data_ += strings[i];
    crc = crc32c(crc, data_.data() + lengths_end, data_.size() - lengths_end);
  } else {
    data_.append(static_cast<const char*>(tensor.raw()), tensor.num_bytes());
    crc = crc32c(0, tensor.raw(), tensor.num_bytes());
  }
  entry.set_size(static_cast<int64_t>(data_.size()) - entry.offset());
  entry.set_crc32c(crc32c_mask(crc));
  return entry;
}

void TensorBundleWriter::add(const std::string& key, const Tensor& tensor) {
  entries_[key] = append(tensor);
}

void TensorBundleWriter::add_part(const std::string& key, const Shape& whole,
                                  const tf::TensorSliceProto& slice, const Tensor& tensor) {
  tf::BundleEntryProto& entry = entries_[key];
  entry.set_dtype(dtype_to_tf(tensor.dtype()));
  shape_to_tf(whole, entry.mutable_shape());
  *entry.add_slices() = slice;
  entries_[slice_key(key, slice)] = append(tensor);
}

void TensorBundleWriter::finish() {
  constexpr int kBundleVersion = 1;
  tf::BundleHeaderProto header;
  header.set_num_shards(1);
  header.mutable_version()->set_producer(kBundleVersion);
  std::map<std::string, std::string> table;
  table[""] = header.SerializeAsString();
  for (const auto& [key, entry] : entries_) table[key] = entry.SerializeAsString();
  write_file(prefix_ + ".data-00000-of-00001", data_);
  write_file(prefix_ + ".index", write_leveldb_table(table));
}

}  // namespace thaw
