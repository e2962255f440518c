// SPDX-License-Identifier: Apache-2.0
//
// The phase from accept, or from the last answer, to a request: who the client is, its request
// head, its route.
#pragma once

#include <cstdint>
#include <optional>

#include "gateway/base/arena.h"
#include "gateway/http/response_head.h"
#include "gateway/session/call.h"
#include "gateway/session/link_events.h"

namespace ringway::session {

/// Follows: kServing, whose `piece` is the request and what came behind it; kDialling, whose
/// `piece` is what came behind the request, which `lease` keeps; kClosing.
class Handshake {
 public:
  /// The client was accepted.
  Next Accept(const Call& call);
  /// Another request may come. Handed over: `piece`, or `lease` where `awaits_backend_gone`, what
  /// has come of it; `moves_timer`.
  Next Begin(const Call& call, Handover&& handover);
  Next OnBytes(const Call& call, base::LinkRole from, base::Piece&& piece);
  Next OnEnd(const Call& call, base::LinkRole from, LinkEnd end);
  Next OnDue(const Call& call, ClientLook client);
  Next OnDrain(const Call& call);
  Next OnExhausted(const Call& call);
  uint64_t DueNs(const Call& call) const;
  Reading ReadingOf(base::LinkRole role) const {
    return role == base::LinkRole::kClient && !awaits_backend_gone_ ? Reading::kOnce
                                                                    : Reading::kNot;
  }

  Next OnBackendGone(const Call& call);
  /// Its slot is wanted.
  Next OnEvicted(const Call& call);

  /// The next request waits until the backend link of the last one is gone.
  bool awaits_backend_gone() const { return awaits_backend_gone_; }
  /// Nothing of a request has come.
  bool is_empty() const { return held_.bytes == 0; }
  const base::Lease& held() const { return held_.lease; }

 private:
  std::optional<Next> TakeProxyHeader(const Call& call, base::Piece* piece);
  Next RefuseProxyHeader(const Call& call);
  Next OnRequestBytes(const Call& call, base::Piece&& piece);
  Next OnHead(const Call& call, base::Piece&& behind);
  Next OnRequest(const Call& call, base::Piece&& behind);
  Next OnUpgrade(const Call& call, base::Piece&& behind);
  Next OnFileRequest(const Call& call, FileRequest request);
  /// By the gateway, as what is held asks.
  Next Refuse(const Call& call, const http::Refusal& refusal) const;
  http::AnswerBody BodyWanted() const;

  /// The front of a request head, or of a PROXY header; within a call, the whole of it. Beyond a
  /// call in a buffer of its own.
  base::Piece held_;
  bool awaits_proxy_header_ = false;
  bool awaits_backend_gone_ = false;
};

}  // namespace ringway::session
