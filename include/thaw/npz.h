// Named tensors in files as numpy's savez and savez_compressed write and load them.
// Functions here may be called from any thread, several at the same time too.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "thaw/tensor.h"

namespace thaw {

using NamedTensor = std::pair<std::string, Tensor>;

// Every array of the file, in the file's order. Bytes and text arrays (numpy's S and U) become
// kString. Throws InputError naming file and array.
std::vector<NamedTensor> read_npz(const std::string& path);
// The same from memory; `path` is for messages.
std::vector<NamedTensor> parse_npz(const std::string& bytes, const std::string& path);

// The array of an .npy file. Throws InputError naming it.
Tensor read_npy(const std::string& path);

// Not compressed; the file appears whole or not at all. bfloat16 is written as float32; kString as
// numpy's S, which drops zero bytes at the end of an element. Throws InputError for an array
// above 4 GiB or of a type that numpy has not (kList), ResourceError where it can't be written.
void write_npz(const std::string& path, const std::vector<NamedTensor>& arrays);

}  // namespace thaw
