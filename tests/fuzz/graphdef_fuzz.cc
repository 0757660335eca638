// Frozen graphs, binary and text, up to thaw's own graph.
#include <cstdint>
#include <string>

#include "import/import_graph.h"
#include "import/read_graph.h"
#include "thaw/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    thaw::ModelFile model;
    model.path = "fuzz.pb";
    thaw::read_graph_bytes({reinterpret_cast<const char*>(data), size}, "fuzz.pb", &model);
    thaw::import_graph(thaw::freeze(std::move(model)), nullptr);
  } catch (const thaw::InternalError&) {
    throw;  // a bad file is never our own fault
  } catch (const thaw::Error&) {
  }
  return 0;
}
