// SPDX-License-Identifier: Apache-2.0
//
// The phase of websocket mode between the forwarded request and the backend's answer. The client is
// not read meanwhile.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/http/backend_response.h"
#include "gateway/http/response_head.h"
#include "gateway/session/call.h"
#include "gateway/session/link_events.h"

namespace ringway::session {

/// Follows: kPassage, or kRelaying with `body_bytes`, `framing` and `keeps_client`; the `piece` of
/// either is what came behind the answer's head, `lease` what came behind the request; kClosing.
class Answering {
 public:
  /// Handed over: see Dialling. The request is on its way.
  Next Begin(const Call& call, Handover&& handover);
  Next OnBytes(const Call& call, base::LinkRole from, base::Piece&& piece);
  Next OnEnd(const Call& call, base::LinkRole from, LinkEnd end);
  Next OnDue(const Call& call, ClientLook client);
  Next OnDrain(const Call& call);
  Next OnExhausted(const Call& call);
  uint64_t DueNs(const Call& call) const;
  Reading ReadingOf(base::LinkRole role) const {
    return role == base::LinkRole::kBackend ? Reading::kOnce : Reading::kNot;
  }

 private:
  Next OnAnswer(const Call& call, const http::ResponseHead& head, std::string_view raw,
                base::Piece&& rest);
  Next OnSwitching(const Call& call, const http::ResponseHead& head, std::string_view raw,
                   base::Piece&& rest);
  Next SendHead(const Call& call, const http::ResponseHead& head, std::string_view raw,
                http::AfterAnswer after);
  Next Refuse(const Call& call, const http::Refusal& refusal);

  base::Piece head_;     ///< the front of a head that has not come whole (a chunk)
  base::Lease request_;  ///< as it was forwarded, or its front
  base::Lease behind_;   ///< what came behind it
  uint16_t request_bytes_ = 0;
  uint16_t behind_bytes_ = 0;
  uint8_t interim_count_ = 0;  ///< 1xx answers that were passed over
  bool request_keeps_ : 1 = false;
  bool in_two_parts_ : 1 = false;
};

}  // namespace ringway::session
