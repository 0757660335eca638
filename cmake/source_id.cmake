# cmake -DLIST=FILE -DOUT=source_id.cc -P source_id.cmake: a hash over the files that LIST names.
file(STRINGS ${LIST} files)
set(hashes)
foreach(file ${files})
  file(SHA256 ${file} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 id "${hashes}")
string(SUBSTRING ${id} 0 16 id)
file(CONFIGURE OUTPUT ${OUT} CONTENT [[
#include "engine/source_id.h"
namespace thaw {
const char* source_id() { return "@id@"; }
}  // namespace thaw
]] @ONLY)
