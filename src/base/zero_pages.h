// Zeros to read that take no memory.
#pragma once

#include <cstddef>
#include <memory>

namespace thaw {

// `bytes` zeros at a page's start; writing there ends the process. Throws ResourceError.
std::shared_ptr<void> zero_pages(size_t bytes);

}  // namespace thaw
