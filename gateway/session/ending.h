// SPDX-License-Identifier: Apache-2.0
//
// Why a session ended: who began it, for what reason, with which close code. Every session has one
// answer, the first cause; what follows from it does not change it.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringway::session {

enum class EndSide : uint8_t { kNobody = 0, kClient, kBackend, kGateway };

enum class EndReason : uint8_t {
  kNone = 0,
  // before the 101
  kRefused,           ///< an HTTP refusal
  kHandshakeTimeout,  ///< 408; without an answer where no byte of a request came
  kEvicted,           ///< its slot or its memory was wanted for others
  kAbandoned,         ///< the client left before its request was whole
  kDialFailed,        ///< 502
  kProxyHeader,       ///< no PROXY header from a trusted proxy stood in front of the first byte
  kAnswerTimeout,     ///< 504
  kBadAnswer,         ///< 502
  kAnswered,          ///< the backend's own answer instead of a 101, or files
  kFileChanged,       ///< a file was written to or cut while it was sent
  kFileUnreadable,    ///< reading a file failed while it was sent
  // after the 101
  kClientClose,     ///< a Close frame
  kClientEnd,       ///< FIN of a WebSocket that passed through: nobody knows of a Close
  kClientGone,      ///< FIN or reset without a Close frame: 1006
  kBackendEnd,      ///< FIN: 1000
  kBackendReset,    ///< 1011
  kProtocolError,   ///< 1002, and Close frames with a bad payload
  kInvalidPayload,  ///< 1007
  kTooBig,          ///< 1009
  kIdle,            ///< 1001
  kPongTimeout,     ///< 1001
  kDrain,           ///< 1001
  kPoolExhausted,   ///< 1013
};

/// "client", "idle" and so on: one word for logs and tables.
std::string_view Word(EndSide side);
std::string_view Word(EndReason reason);

struct Ending {
  EndSide side = EndSide::kNobody;
  EndReason reason = EndReason::kNone;
  /// Close code that was sent or received, or the HTTP status of a refusal; 1005 and 1006 as RFC
  /// 6455 7.4.1 means them.
  uint16_t code = 0;
};

}  // namespace ringway::session
