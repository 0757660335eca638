// The variables of a SavedModel: TensorFlow's tensor bundle (checkpoint format V2), an index table
// and data shards. Tensors are read when asked for, checksums included.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bundle.pb.h"
#include "import/read_bytes.h"
#include "thaw/tensor.h"

namespace thaw {

class TensorBundle {
 public:
  // `prefix` is the path without ".index": "model/variables/variables". All shards must be there;
  // every entry is checked to lie within its shard. Throws InputError.
  explicit TensorBundle(const std::string& prefix);

  const std::string& index_path() const { return index_path_; }
  bool contains(const std::string& key) const { return entries_.count(key) != 0; }
  // Names of the tensors, sorted.
  std::vector<std::string> keys() const;
  tf::DataType dtype(const std::string& key) const;
  Shape shape(const std::string& key) const;
  // Bytes of index and shards.
  uint64_t total_bytes() const { return total_bytes_; }

  // A whole tensor; the parts of a partitioned one are put together.
  Tensor read(const std::string& key) const;
  // The part that TensorFlow's slice text names ("10 4 0,5:0,4": the full shape, then start,length
  // or - for each dimension).
  Tensor read_slice(const std::string& key, const std::string& slice) const;

 private:
  const tf::BundleEntryProto& entry(const std::string& key) const;
  void check_entry(const std::string& key, const tf::BundleEntryProto& entry) const;
  Tensor read_entry(const std::string& key, const tf::BundleEntryProto& entry) const;
  Tensor read_strings(const std::string& key, const tf::BundleEntryProto& entry) const;
  Tensor read_parts(const std::string& key, const tf::BundleEntryProto& entry) const;

  std::string index_path_;
  std::vector<std::unique_ptr<InputFile>> shards_;
  std::map<std::string, tf::BundleEntryProto> entries_;
  uint64_t total_bytes_ = 0;
};

}  // namespace thaw
