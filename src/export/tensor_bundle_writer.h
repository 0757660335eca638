// Writes tensor bundles (TensorFlow's checkpoint format V2) with one data shard.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bundle.pb.h"
#include "import/tensor_slice.h"
#include "thaw/tensor.h"

namespace thaw {

// A LevelDB table of `entries` in blocks of about 4 KiB, as TensorFlow reads it.
std::string write_leveldb_table(const std::map<std::string, std::string>& entries,
                                bool compress = false);

// Collects tensors and writes PREFIX.index and PREFIX.data-00000-of-00001.
class TensorBundleWriter {
 public:
  explicit TensorBundleWriter(std::string prefix) : prefix_(std::move(prefix)) {}
  void add(const std::string& key, const Tensor& tensor);
  // One part of a partitioned tensor of the shape `whole`.
  void add_part(const std::string& key, const Shape& whole, const tf::TensorSliceProto& slice,
                const Tensor& tensor);
  // Throws ResourceError where the files can't be written.
  void finish();

 private:
  tf::BundleEntryProto append(const Tensor& tensor);

  std::string prefix_;
  std::string data_;
  std::map<std::string, tf::BundleEntryProto> entries_;
};

}  // namespace thaw
