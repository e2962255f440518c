// SPDX-License-Identifier: Apache-2.0
//
// The phase of websocket mode behind the backend's 101: bytes pass as they are, in both directions,
// with or without a look at the frames' headers. A FIN is passed on behind the bytes before it.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/session/call.h"
#include "gateway/session/link_events.h"
#include "gateway/ws/close_code.h"
#include "gateway/ws/header_follower.h"

namespace ringway::session {

/// Follows: kClosing.
class Passage {
 public:
  /// Handed over: `piece`, what came behind the 101; `lease`, what came behind the request.
  Next Begin(const Call& call, Handover&& handover);
  Next OnBytes(const Call& call, base::LinkRole from, base::Piece&& piece);
  Next OnEnd(const Call& call, base::LinkRole from, LinkEnd end);
  Next OnDue(const Call& call, ClientLook client);
  Next OnDrain(const Call& call);
  Next OnExhausted(const Call& call);
  uint64_t DueNs(const Call& call) const;
  Reading ReadingOf(base::LinkRole /*role*/) const { return Reading::kContinuous; }

  /// Whether the bytes that come from a link may pass unread.
  bool CanSplice() const { return may_splice_; }

 private:
  Next OnFault(const Call& call, base::LinkRole from, ws::FollowFault fault);
  Next End(const Call& call, ws::CloseCode code, std::string_view reason, const Ending& ending);

  ws::HeaderFollower from_client_{ws::Direction::kFromClient};
  ws::HeaderFollower from_backend_{ws::Direction::kFromBackend};
  bool follows_ = false;  ///< the frames' headers
  bool may_splice_ = false;
  bool close_is_late_ = false;  ///< behind a FIN, and to who is gone, none can be sent
  bool half_closed_ = false;    ///< one side has ended its stream
};

}  // namespace ringway::session
