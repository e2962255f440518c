// SPDX-License-Identifier: Apache-2.0
//
// The phase between a good request and a connected backend: the client waits for its 101 and is not
// read, one address and server after the other is dialled. WHY before an answer leaves: so that a
// dead backend is an HTTP 502 and not a bare close.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/route/address_choice.h"
#include "gateway/route/server_choice.h"
#include "gateway/session/call.h"
#include "gateway/session/link_events.h"

namespace ringway::session {

/// Follows: kBridge, whose `lease` is the 101 and `piece` what came behind the request;
/// kAnswering, whose `lease` is the request as it was forwarded, or its front (`in_two_parts`), and
/// `piece` the same, with `keeps_client` if the request would have it so; kClosing.
class Dialling {
 public:
  /// Handed over: `piece`, what came behind the request of this call, which `lease` keeps. REQUIRES
  /// that this request may use the route, where it is counted.
  Next Begin(const Call& call, Handover&& handover);
  Next OnBytes(const Call& call, base::LinkRole from, base::Piece&& piece);
  Next OnEnd(const Call& call, base::LinkRole from, LinkEnd end);
  Next OnDue(const Call& call, ClientLook client);
  Next OnDrain(const Call& call);
  Next OnExhausted(const Call& call);
  uint64_t DueNs(const Call& call) const;
  Reading ReadingOf(base::LinkRole /*role*/) const { return Reading::kNot; }

  /// `reached`: the address that the client has connected to; looked at where the backend wants a
  /// PROXY header.
  Next OnDialed(const Call& call, const base::SocketAddress& reached);
  Next OnDialFailed(const Call& call, std::string_view failure, NextServer next);
  /// The dial that was given up is gone: the next one begins.
  Next OnBackendGone(const Call& call);

  /// Nothing came behind the request.
  bool is_empty() const { return behind_bytes_ == 0; }

 private:
  Next PrepareAnswer(const Call& call);
  Next PrepareForwarding(const Call& call);
  Next PrepareInParts(const Call& call);
  void KeepHost(std::string_view host, uint32_t capacity);
  [[nodiscard]] bool Announce(const Call& call, const base::SocketAddress& reached);
  Next SendRequest(const Call& call);

  // ---- dials.cc
  [[nodiscard]] bool DialNext(const Call& call, http::Refusal* refusal);
  [[nodiscard]] bool DialAddress(const Call& call);
  void BlameServer(const Call& call) const;

  /// What came behind the request, in a buffer of its own.
  base::Lease behind_;
  /// tcp mode: the 101. websocket mode: the request as it is forwarded, or its front. Behind either
  /// the request's host.
  base::Lease answer_;
  base::Lease back_;  ///< what the request has behind `answer_`, if it does not fit into that
  route::ServerSet tried_servers_ = 0;
  Stamp dialled_;                           ///< when the last dial began
  route::AddressMask tried_addresses_ = 0;  ///< of the server
  uint16_t behind_bytes_ = 0;
  uint16_t answer_bytes_ = 0;
  uint16_t back_bytes_ = 0;
  uint8_t host_bytes_ = 0;             ///< behind the answer, for a PROXY header
  bool try_is_over_ : 1 = false;       ///< try_timeout is, of this dial
  bool redials_ : 1 = false;           ///< the next dial waits until this one is gone
  bool is_server_spared_ : 1 = false;  ///< a dial of it failed for want of something of ours
  bool request_keeps_ : 1 = false;     ///< the client's connection is to go on behind the answer
};

}  // namespace ringway::session
