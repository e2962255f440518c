// SPDX-License-Identifier: Apache-2.0
//
// The phase of websocket mode in which an answer other than 101 is on its way to the client, which
// may ask again behind it.
#pragma once

#include <cstdint>

#include "gateway/base/arena.h"
#include "gateway/http/body_reader.h"
#include "gateway/session/call.h"
#include "gateway/session/link_events.h"

namespace ringway::session {

/// Follows: kHandshake, which `awaits_backend_gone` and whose `lease` is what came behind the
/// request; kClosing.
class Relaying {
 public:
  /// Handed over: see Answering. The head is on its way.
  Next Begin(const Call& call, Handover&& handover);
  Next OnBytes(const Call& call, base::LinkRole from, base::Piece&& piece);
  Next OnEnd(const Call& call, base::LinkRole from, LinkEnd end);
  Next OnDue(const Call& call, ClientLook client);
  Next OnDrain(const Call& call);
  Next OnExhausted(const Call& call);
  uint64_t DueNs(const Call& call) const;
  Reading ReadingOf(base::LinkRole role) const {
    return role == base::LinkRole::kBackend ? Reading::kContinuous : Reading::kNot;
  }

 private:
  Next End(const Call& call);
  Next Cut(const Call& call, EndReason reason);

  http::BodyReader body_;
  base::Lease behind_;  ///< what came behind the request
  uint16_t behind_bytes_ = 0;
  bool keeps_client_ = false;
};

}  // namespace ringway::session
