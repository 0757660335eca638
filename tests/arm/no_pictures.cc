// In place of kernels/ref/decode_image.cc and the libraries that it needs.
#include "kernels/ref/ref.h"

namespace thaw::ref {

void run(const DecodeImage&, RunContext&) { fail("DecodeImage", "left out of this build"); }

}  // namespace thaw::ref
