// SPDX-License-Identifier: Apache-2.0
//
// Why a WebSocket ends: the status codes of RFC 6455 7.4, which of them a client may send, and the
// reader of a Close frame's payload.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ringway::ws {

/// The codes that the gateway names itself (RFC 6455 7.4.1 and the IANA registry).
enum class CloseCode : uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupported = 1003,
  kNoStatus = 1005,  // Never on the wire: the Close frame carried no code.
  kAbnormal = 1006,  // Never on the wire: the connection ended without a Close frame.
  kInvalidPayload = 1007,
  kPolicyViolation = 1008,
  kTooBig = 1009,
  kInternalError = 1011,
  kServiceRestart = 1012,
  kTryAgainLater = 1013,
};

/// Whether a Close frame may carry `code`: 1000 to 1003, 1007 to 1014, 3000 to 4999 (RFC 6455 7.4).
/// The rest is reserved, kept for local use, or not assigned.
[[nodiscard]] constexpr bool MayArriveInClose(uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

/// What a Close frame says. `valid` false: answer with `refusal` and `refusal_reason` (a static
/// string) and ignore the rest. `has_code` false: an empty payload, code is 1005.
struct ClosePayload {
  bool valid = false;
  bool has_code = false;
  uint16_t code = static_cast<uint16_t>(CloseCode::kNoStatus);
  std::string_view reason;  // UTF-8, a view into the bytes that were parsed.
  CloseCode refusal = CloseCode::kNormal;
  std::string_view refusal_reason;
};

/// Reads the unmasked payload of a Close frame (RFC 6455 5.5.1). One byte alone and a code that may
/// not arrive are refused with 1002, a reason that is not UTF-8 with 1007.
[[nodiscard]] ClosePayload ParseClosePayload(std::span<const uint8_t> payload);

}  // namespace ringway::ws
