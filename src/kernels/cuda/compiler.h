// NVIDIA's run-time compiler, opened at run time where a plan has no code for its device yet.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "thaw/tensor.h"

namespace thaw::cuda {

// A file of code/ and what it is specialised by: lines of #define.
struct Code {
  std::string file;  // "conv.cu"
  std::string constants;

  bool operator<(const Code& other) const {
    return file != other.file ? file < other.file : constants < other.constants;
  }
};

// Why there is no compiler; empty when there is one. Looked for as docs/cuda.md says.
const std::string& compiler_refusal();
// "NVRTC 12.4".
std::string compiler_name();

// Machine code for the architecture (90 for sm_90) as uint8 [bytes]; of a compiler that can't make
// it, PTX, which the driver compiles. What was compiled before in this process is not compiled
// again. Safe from all threads. Throws ResourceError without a compiler.
Tensor compile(const Code& code, int architecture);
// The same for all of them side by side, so that compile() has them at once. Failures are left to
// compile().
void compile_ahead(const std::vector<Code>& codes, int architecture);

// The files of code/, as the build found them: name and text.
const std::vector<std::pair<const char*, const char*>>& code_files();

}  // namespace thaw::cuda
