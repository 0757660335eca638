// GraphDef files, binary and text, to checked messages.
#pragma once

#include <string>

#include "import/model_file.h"

namespace thaw {

// Parses a frozen graph's file (kFrozenBinary or kFrozenText) into `model`.
void read_graph_file(const std::string& path, ModelFile* model);

// The same for its bytes; `path` names it in errors.
void read_graph_bytes(std::string bytes, const std::string& path, ModelFile* model);

// Parses serialised bytes into `message`. Everything is checked first: lengths, nesting, text
// encoding and what it would need in memory; throws InputError naming `path`, the byte and the
// field. Frees `bytes`.
void parse_binary(std::string bytes, const std::string& path, google::protobuf::Message* message);
// The same for protobuf's text format; errors name line and column.
void parse_text(const std::string& text, const std::string& path,
                google::protobuf::Message* message);

// Every node must have a name and an op, and there must be one at least; throws InputError. `hint`
// is appended.
void check_graph(const tf::GraphDef& graph, const std::string& path, const std::string& hint = "");

// Protobuf can't hold more than this in one message.
constexpr uint64_t kMaxMessageBytes = (uint64_t{1} << 31) - 1;

}  // namespace thaw
