// Exit statuses of the program (docs/commands.md).
#pragma once

#include "thaw/error.h"

namespace thaw::cli {

constexpr int kGateMissed = 1;  // a gate that the user set

constexpr int exit_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return 2;
    case ErrorKind::kInput:
      return 3;
    case ErrorKind::kResource:
      return 4;
    case ErrorKind::kInternal:
      break;
  }
  return 5;
}

}  // namespace thaw::cli
