// Looks through a serialised message before protobuf does: lengths, nesting, text encoding and the
// memory the message would take are checked on the bytes themselves, so that a hostile file costs
// nothing and the error can say where it is.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace thaw {

// Protobuf's own limit for messages within messages.
constexpr int kMaxNesting = 100;

// "" when `bytes` are a well-formed message of `type`; otherwise what is wrong, with byte and field
// ("byte 1204, node[3] 'conv1' attr.value.tensor: field of 2147483648 bytes, 900 are left").
// Messages whose parsed form would take more than `memory_limit` bytes are refused, too.
std::string check_wire(std::string_view bytes, const google::protobuf::Descriptor* type,
                       uint64_t memory_limit);

}  // namespace thaw
