// SPDX-License-Identifier: Apache-2.0
//
// The six opcodes of RFC 6455: what kind of frame follows. Everything else on the wire is reserved.
#pragma once

#include <cstdint>

namespace ringway::ws {

/// RFC 6455 5.2, the four bits named "opcode".
enum class Opcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

/// Control frames (RFC 6455 5.5) have the opcode's top bit: at most 125 bytes, never fragmented,
/// and allowed between the fragments of a message.
[[nodiscard]] constexpr bool IsControl(Opcode opcode) {
  return (static_cast<uint8_t>(opcode) & 0x8) != 0;
}

}  // namespace ringway::ws
