// The saved_model.pb of SavedModels, frozen and written out again.
#include <cstdint>
#include <string>

#include "export/write_graph.h"
#include "import/frozen_model.h"
#include "import/read_saved_model.h"
#include "thaw/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    thaw::ModelFile model;
    model.path = "fuzz";
    thaw::read_saved_model_bytes({reinterpret_cast<const char*>(data), size}, "fuzz", &model);
    thaw::serialise_graph(thaw::freeze(std::move(model)));
  } catch (const thaw::InternalError&) {
    throw;  // a bad file is never our own fault
  } catch (const thaw::Error&) {
  }
  return 0;
}
