// SavedModel folders, TF1 and TF2 form: the MetaGraph tagged "serve", its signatures and variables.
#pragma once

#include <string>

#include "import/model_file.h"

namespace thaw {

// Reads the folder `path` into `model`. Nothing outside the folder is opened. Throws InputError.
void read_saved_model(const std::string& path, ModelFile* model);

// What the saved_model.pb of the folder `path` says, apart from its variables' values.
void read_saved_model_bytes(std::string bytes, const std::string& path, ModelFile* model);

// "give the folder X instead"-style advice for a folder that is no SavedModel; may be empty.
std::string saved_model_advice(const std::string& path);

}  // namespace thaw
