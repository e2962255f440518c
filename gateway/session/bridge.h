// SPDX-License-Identifier: Apache-2.0
//
// The phase of tcp mode behind the 101: messages flow. Client to backend, frames become bytes
// (client_frames.h). Backend to client, one receive becomes one frame, whose header is written into
// the head-room in front of it. Silent clients are pinged.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "gateway/session/call.h"
#include "gateway/session/client_frames.h"
#include "gateway/session/link_events.h"
#include "gateway/ws/utf8.h"

namespace ringway::session {

/// Follows: kClosing, to which the session hands TakeFrames().
class Bridge {
 public:
  /// Handed over: `lease`, the 101; `piece`, what the client has sent behind its request.
  Next Begin(const Call& call, Handover&& handover);
  Next OnBytes(const Call& call, base::LinkRole from, base::Piece&& piece);
  Next OnEnd(const Call& call, base::LinkRole from, LinkEnd end);
  Next OnDue(const Call& call, ClientLook client);
  Next OnDrain(const Call& call);
  Next OnExhausted(const Call& call) { return frames_.OnExhausted(call); }
  uint64_t DueNs(const Call& call) const;
  Reading ReadingOf(base::LinkRole /*role*/) const { return Reading::kContinuous; }

  /// Whether the bytes that come from a link may pass unread.
  bool CanSplice(base::LinkRole from) const {
    return may_splice_ && from == base::LinkRole::kBackend;
  }
  ClientFrames TakeFrames() { return std::move(frames_); }

 private:
  Next OnBackendBytes(const Call& call, base::Piece&& piece);
  Next CutText(const Call& call, base::Piece& piece);
  Next EndInOrder(const Call& call, std::string_view reason, EndReason end_reason);
  [[nodiscard]] bool SendPing(const Call& call);

  ClientFrames frames_;
  ws::Utf8Validator backend_text_;
  uint8_t carry_bytes_ = 0;  ///< front of a character whose rest the backend has not sent yet
  std::array<uint8_t, 3> carry_{};
  bool is_text_ : 1 = false;
  bool may_splice_ : 1 = false;
  bool ping_is_out_ : 1 = false;  ///< one is unanswered
  bool ping_queued_ : 1 = false;  ///< other bytes waited for the client when the ping joined them
  Stamp ping_sent_;
};

}  // namespace ringway::session
