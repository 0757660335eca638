// Counts the C++ allocations of the test program.
#pragma once

#include <cstddef>

namespace thaw {

// Calls of operator new so far, over all threads.
size_t count_of_news();

}  // namespace thaw
