// What the importer found and what it left out, for people.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace thaw {

struct ImportReport {
  int producer = 0;                   // GraphDef version of the program that wrote the model
  size_t nodes_in_model = 0;          // of the graph and of the functions it uses
  size_t nodes_needed = 0;            // of those, what the outputs depend on
  std::map<std::string, size_t> ops;  // the needed nodes by type
  size_t loops = 0;                   // While nodes made
  size_t conditions = 0;              // If nodes made
  size_t asserts = 0;                 // Assert nodes kept
  size_t dropped_asserts = 0;         // in the model, but not kept
  size_t dropped_control_edges = 0;   // of needed nodes; an assert's edge is kept
};

}  // namespace thaw
