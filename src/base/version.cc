#include "thaw/version.h"

namespace thaw {

const char* version() { return THAW_VERSION; }

}  // namespace thaw
