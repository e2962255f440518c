// SPDX-License-Identifier: Apache-2.0
//
// Names of numbers.
#include "tests/sim/words.h"

#include <liburing.h>
#include <string.h>  // NOLINT(modernize-deprecated-headers): strerrorname_np is glibc's

#include "absl/strings/str_cat.h"
#include "gateway/base/ids.h"
#include "uring/user_data.h"

namespace ringway::sim {
std::string InWords(uint64_t user_data) {
  const auto id = uring::UserData::Unpack(user_data);
  const auto operation = static_cast<base::Operation>(id.kind);
  const bool of_listener =
      operation == base::Operation::kAccept || operation == base::Operation::kCancelAccept;
  return absl::StrCat(base::NameOf(operation), of_listener ? " of listener " : " of link ", id.slot,
                      " (life ", id.generation, ")");
}

std::string OpcodeInWords(uint8_t opcode) {
  switch (opcode) {
    case IORING_OP_NOP:
      return "nop";
    case IORING_OP_ACCEPT:
      return "accept";
    case IORING_OP_CONNECT:
      return "connect";
    case IORING_OP_RECV:
      return "receive";
    case IORING_OP_SEND:
    case IORING_OP_SENDMSG:
      return "send";
    case IORING_OP_SEND_ZC:
      return "send without a copy";
    case IORING_OP_POLL_ADD:
      return "poll";
    case IORING_OP_READ:
      return "read";
    case IORING_OP_READ_FIXED:
      return "read into a fixed buffer";
    case IORING_OP_OPENAT2:
      return "open";
    case IORING_OP_ASYNC_CANCEL:
      return "cancel";
    default:
      return absl::StrCat("operation ", opcode);
  }
}

std::string ResultInWords(int result) {
  const char* name = result < 0 ? strerrorname_np(-result) : nullptr;
  return name != nullptr ? name : absl::StrCat(result);
}

}  // namespace ringway::sim
