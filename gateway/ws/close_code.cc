// SPDX-License-Identifier: Apache-2.0
//
// The reader of a Close frame's payload.
#include "gateway/ws/close_code.h"

#include "gateway/ws/utf8.h"

namespace ringway::ws {

ClosePayload ParseClosePayload(std::span<const uint8_t> payload) {
  ClosePayload close;
  close.refusal = CloseCode::kProtocolError;
  if (payload.size() == 1) {
    close.refusal_reason = "close payload is one byte";
    return close;
  }
  if (!payload.empty()) {
    const auto code = static_cast<uint16_t>(payload[0] << 8 | payload[1]);
    if (!MayArriveInClose(code)) {
      close.refusal_reason = "close code is not allowed";
      return close;
    }
    const std::span<const uint8_t> reason = payload.subspan(2);
    if (!IsUtf8(reason)) {
      close.refusal = CloseCode::kInvalidPayload;
      close.refusal_reason = "close reason is not UTF-8";
      return close;
    }
    close.has_code = true;
    close.code = code;
    close.reason = {reinterpret_cast<const char*>(reason.data()), reason.size()};
  }
  close.valid = true;
  close.refusal = CloseCode::kNormal;
  return close;
}

}  // namespace ringway::ws
