// SPDX-License-Identifier: Apache-2.0
//
// The words for endings.
#include "gateway/session/ending.h"

namespace ringway::session {

std::string_view Word(EndSide side) {
  switch (side) {
    case EndSide::kClient:
      return "client";
    case EndSide::kBackend:
      return "backend";
    case EndSide::kGateway:
      return "gateway";
    case EndSide::kNobody:
      break;
  }
  return "nobody";
}

std::string_view Word(EndReason reason) {
  switch (reason) {
    case EndReason::kRefused:
      return "refused";
    case EndReason::kHandshakeTimeout:
      return "handshake-timeout";
    case EndReason::kEvicted:
      return "evicted";
    case EndReason::kAbandoned:
      return "abandoned";
    case EndReason::kDialFailed:
      return "dial-failed";
    case EndReason::kProxyHeader:
      return "proxy-header";
    case EndReason::kAnswerTimeout:
      return "answer-timeout";
    case EndReason::kBadAnswer:
      return "bad-answer";
    case EndReason::kAnswered:
      return "answered";
    case EndReason::kFileChanged:
      return "file-changed";
    case EndReason::kFileUnreadable:
      return "file-unreadable";
    case EndReason::kClientClose:
      return "close";
    case EndReason::kClientGone:
      return "gone";
    case EndReason::kClientEnd:
    case EndReason::kBackendEnd:
      return "end";
    case EndReason::kBackendReset:
      return "reset";
    case EndReason::kProtocolError:
      return "protocol-error";
    case EndReason::kInvalidPayload:
      return "invalid-payload";
    case EndReason::kTooBig:
      return "too-big";
    case EndReason::kIdle:
      return "idle";
    case EndReason::kPongTimeout:
      return "pong-timeout";
    case EndReason::kDrain:
      return "drain";
    case EndReason::kPoolExhausted:
      return "pool-exhausted";
    case EndReason::kNone:
      break;
  }
  return "none";
}

}  // namespace ringway::session
