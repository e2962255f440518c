// SPDX-License-Identifier: Apache-2.0
//
// What is prepared before a dial, and what leaves when one has succeeded.
#include "gateway/session/dialling.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gateway/base/address_range.h"
#include "gateway/http/backend_refusals.h"
#include "gateway/http/forward_head.h"
#include "gateway/http/refusals.h"
#include "gateway/proxy/proxy_header.h"
#include "gateway/session/admission.h"
#include "gateway/session/held_head.h"
#include "gateway/session/last_word.h"

namespace ringway::session {
namespace {

using base::LinkRole;

static_assert(proxy::kV1BytesMax <= kCellBytes && proxy::V2BytesMax(255) <= kCellBytes);

/// What handshakes hold is charged to their backend.
Holder HolderOf(const Call& call) {
  return {call.stores(), call.shell.slot, call.stores().backend(call.route().backend_index)};
}

std::span<char> Room(const base::Lease& lease, uint32_t bytes) {
  return {reinterpret_cast<char*>(lease.data()), bytes};
}

Next RefuseWith(const Call& call, const http::Refusal& refusal) {
  return Refuse(call, refusal, ByRefusal(refusal));
}

http::Forwarding ForwardingOf(const Call& call) {
  const base::SocketAddress sender = SenderOf(call);
  const bool is_trusted = !call.shell.sender_is_unknown && IsTrusted(call.shell, sender);
  return {.backend_host = call.route().backend_host,
          .sender = sender,
          .trust = is_trusted ? http::SenderTrust::kTrusted : http::SenderTrust::kNone};
}

}  // namespace

Next Dialling::Begin(const Call& call, Handover&& handover) {
  const Next next =
      call.route().mode == config::Mode::kTcp ? PrepareAnswer(call) : PrepareForwarding(call);
  if (next != Next::kStay) return next;
  http::Refusal refusal;
  if (!DialNext(call, &refusal)) return RefuseWith(call, refusal);
  if (handover.piece.bytes == 0) return Next::kStay;
  base::Piece behind;
  if (!Hold(HolderOf(call), handover.piece, &behind)) return OnExhausted(call);
  behind_ = std::move(behind.lease);
  behind_bytes_ = static_cast<uint16_t>(behind.bytes);
  return Next::kStay;
}

Next Dialling::PrepareAnswer(const Call& call) {
  const http::RequestHead& head = call.environment.request.head;
  answer_ = HolderOf(call).Take(kCellBytes);
  if (!answer_) return OnExhausted(call);
  const std::string_view subprotocol = http::SelectSubprotocol(head, call.route().subprotocols);
  answer_bytes_ = static_cast<uint16_t>(
      http::BuildUpgradeResponse(head.websocket_key, subprotocol, Room(answer_, kCellBytes)));
  if (answer_bytes_ == 0) return RefuseWith(call, http::kSubprotocolTooLong);
  KeepHost(head.host, kCellBytes);
  return Next::kStay;
}

Next Dialling::PrepareForwarding(const Call& call) {
  const Request& request = call.environment.request;
  request_keeps_ = request.head.keep_alive;
  answer_ = call.stores().TakeHeldChunk(HolderOf(call).account);
  if (!answer_) {
    call.counters().handshakes_over_share.Add(1);
    return RefuseWith(call, http::kBackendHandshakesTooMany);
  }
  answer_bytes_ = static_cast<uint16_t>(http::BuildForwardedRequest(
      request.head, request.text, ForwardingOf(call), Room(answer_, kChunkBytes)));
  if (answer_bytes_ == 0) return PrepareInParts(call);
  KeepHost(request.head.host, kChunkBytes);
  return Next::kStay;
}

// It leaves no room for a host behind it, and what is added fits into a cell but for long lists of
// a trusted proxy.
Next Dialling::PrepareInParts(const Call& call) {
  const Request& request = call.environment.request;
  const Holder holder = HolderOf(call);
  for (const uint32_t bytes : {kCellBytes, kChunkBytes}) {
    back_ = holder.Take(bytes);
    if (!back_) {
      call.counters().handshakes_over_share.Add(1);
      return RefuseWith(call, http::kBackendHandshakesTooMany);
    }
    const auto c = static_cast<size_t>(call.stores().arena().ClassOf(back_.id()));
    const http::ForwardedParts parts =
        http::BuildForwardedParts(request.head, request.text, ForwardingOf(call),
                                  Room(answer_, kChunkBytes), Room(back_, base::kBufferBytes[c]));
    answer_bytes_ = static_cast<uint16_t>(parts.front_bytes);
    back_bytes_ = static_cast<uint16_t>(parts.back_bytes);
    if (answer_bytes_ > 0) return Next::kStay;
  }
  return RefuseWith(call, http::kNotForwardable);
}

// For a PROXY header; one that does not fit is not told.
void Dialling::KeepHost(std::string_view host, uint32_t capacity) {
  constexpr size_t kHostBytesMax = 255;
  if (host.size() > std::min<size_t>(kHostBytesMax, capacity - answer_bytes_)) return;
  std::memcpy(answer_.data() + answer_bytes_, host.data(), host.size());
  host_bytes_ = static_cast<uint8_t>(host.size());
}

// The PROXY header in front of everything that the backend gets. False: no memory is left for it.
bool Dialling::Announce(const Call& call, const base::SocketAddress& reached) {
  const std::string_view host(reinterpret_cast<const char*>(answer_.data()) + answer_bytes_,
                              host_bytes_);
  const proxy::Header header{
      .source = call.shell.client, .destination = reached, .authority = host};
  base::Piece piece{.lease = call.stores().TakeForQueue(call.shell.slot)};
  if (!piece.lease) return false;
  piece.data = piece.lease.data();
  const std::span<char> out = Room(piece.lease, kCellBytes);
  piece.bytes = static_cast<uint32_t>(call.backend().proxy_header == config::ProxyHeader::kV1
                                          ? proxy::BuildProxyV1(header, out)
                                          : proxy::BuildProxyV2(header, out));
  call.intents.Send(LinkRole::kBackend, std::move(piece));
  return true;
}

Next Dialling::OnDialed(const Call& call, const base::SocketAddress& reached) {
  const uint32_t backend_index = call.route().backend_index;
  const Shell& shell = call.shell;
  const Snapshot& snapshot = call.snapshot();
  if (snapshot.servers.OnConnected(backend_index, shell.server_index)) {
    call.environment.news.OnServerBack({backend_index, shell.server_index});
  }
  snapshot.addresses.OnConnected(backend_index, shell.server_index, shell.address_index);
  if (call.backend().proxy_header != config::ProxyHeader::kNone && !Announce(call, reached)) {
    return OnExhausted(call);
  }
  if (call.route().mode == config::Mode::kWebSocket) return SendRequest(call);
  return call.Go(Next::kBridge, {.piece = WholeOf(std::move(behind_), behind_bytes_),
                                 .lease = std::move(answer_),
                                 .lease_bytes = answer_bytes_});
}

Next Dialling::SendRequest(const Call& call) {
  call.intents.Send(LinkRole::kBackend, WholeOf(answer_.Share(), answer_bytes_));
  const bool in_two_parts = back_bytes_ > 0;
  if (back_) call.intents.Send(LinkRole::kBackend, WholeOf(std::move(back_), back_bytes_));
  return call.Go(Next::kAnswering, {.piece = WholeOf(std::move(behind_), behind_bytes_),
                                    .lease = std::move(answer_),
                                    .lease_bytes = answer_bytes_,
                                    .keeps_client = request_keeps_,
                                    .in_two_parts = in_two_parts});
}

Next Dialling::OnBytes(const Call& call, LinkRole /*from*/, base::Piece&& piece) {
  return call.Discard(piece.bytes);  // neither link is read
}

Next Dialling::OnEnd(const Call& call, LinkRole from, LinkEnd /*end*/) {
  return from == LinkRole::kClient ? Abandon(call) : Next::kStay;
}

Next Dialling::OnDrain(const Call& call) { return RefuseForDrain(call); }

Next Dialling::OnExhausted(const Call& call) { return RefuseForMemory(call); }

}  // namespace ringway::session
