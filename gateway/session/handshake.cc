// SPDX-License-Identifier: Apache-2.0
#include "gateway/session/handshake.h"

#include <algorithm>
#include <utility>

#include "gateway/base/address_range.h"
#include "gateway/http/file_refusals.h"
#include "gateway/http/refusals.h"
#include "gateway/proxy/proxy_header.h"
#include "gateway/route/origin_check.h"
#include "gateway/session/admission.h"
#include "gateway/session/held_head.h"
#include "gateway/session/last_word.h"

namespace ringway::session {
namespace {

using base::LinkRole;

static_assert(proxy::kHeaderBytesMax <= kChunkBytes);

/// Before a route is known chunks are those of half-open clients.
Holder HolderOf(const Call& call) {
  return {call.stores(), call.shell.slot, call.stores().half_open()};
}

/// Whether a parameter "token" stands in it, by which websockify chooses its target.
bool HasToken(std::string_view query) {
  constexpr std::string_view kToken = "token=";
  return query.starts_with(kToken) || query.find("&token=") != std::string_view::npos;
}

/// Whether the page that asks may use the route; the news say so if not.
bool PassesOrigin(const Call& call) {
  const http::RequestHead& head = call.environment.request.head;
  const std::optional<std::string_view> origin =
      head.has_origin ? std::optional(head.origin) : std::nullopt;
  if (route::CheckOrigin(call.route(), origin) != route::OriginResult::kRefused) return true;
  call.counters().refused_by_origin.Add(1);
  call.environment.news.OnOriginRefused({.route = call.route(),
                                         .client = call.shell.client,
                                         .origin = head.origin,
                                         .host = head.host,
                                         .path = head.path});
  return false;
}

}  // namespace

Next Handshake::Accept(const Call& call) {
  const Shell& shell = call.shell;
  const config::Listener& listener = call.snapshot().table.config().listeners[shell.listener_index];
  awaits_proxy_header_ = listener.proxy_protocol;
  http::Refusal refusal;
  if (awaits_proxy_header_) {
    // Who the client is stands in the header; only a proxy of ours may say so.
    if (!IsTrusted(shell, shell.client)) return RefuseProxyHeader(call);
    // A trusted proxy's own connection is nobody's session: those that it tells of are counted.
  } else if (!IsTrusted(shell, shell.client) && !EnterAddress(call, &refusal)) {
    return Refuse(call, refusal);
  }
  return call.WaitUntil(DueNs(call));
}

Next Handshake::Begin(const Call& call, Handover&& handover) {
  awaits_below_ = handover.awaits_below;
  if (awaits_below_) {
    held_ = WholeOf(std::move(handover.lease), handover.lease_bytes);
    return call.WaitUntil(DueNs(call));
  }
  // An earlier time than that of the next request does no harm.
  if (handover.moves_timer) call.intents.Timer(DueNs(call));
  if (handover.piece.bytes == 0) return Next::kStay;
  return OnRequestBytes(call, std::move(handover.piece));
}

Next Handshake::OnBytes(const Call& call, LinkRole from, base::Piece&& piece) {
  if (from == LinkRole::kBackend) return call.Discard(piece.bytes);
  if (awaits_proxy_header_) {
    if (const std::optional<Next> next = TakeProxyHeader(call, &piece)) return *next;
    if (piece.bytes == 0) return Next::kStay;
  }
  return OnRequestBytes(call, std::move(piece));
}

// nullopt: the header was taken, and what came behind it is left in `*piece`. Else what follows; a
// header that is not whole is held as a head is.
std::optional<Next> Handshake::TakeProxyHeader(const Call& call, base::Piece* piece) {
  const uint32_t bytes_before = held_.bytes;
  if (bytes_before > 0 && !AppendToHeld(HolderOf(call), *piece, &held_)) return OnExhausted(call);
  proxy::Header header;
  std::string_view reason;
  const base::Piece& seen = bytes_before > 0 ? held_ : *piece;
  switch (proxy::ParseProxyHeader(TextOf(seen), &header, &reason)) {
    case proxy::ParseResult::kNeedMore:
      if (bytes_before > 0 || Hold(HolderOf(call), *piece, &held_)) return Next::kStay;
      return OnExhausted(call);
    case proxy::ParseResult::kRefused:
      return RefuseProxyHeader(call);
    case proxy::ParseResult::kWhole:
      break;
  }
  awaits_proxy_header_ = false;
  // A proxy that does not know the client says nothing that could be trusted of it.
  call.shell.sender_is_unknown = !header.HasAddresses();
  if (header.HasAddresses()) call.shell.client = base::Unmapped(header.source);
  // The header was not whole without this piece, so what is behind it lies in this piece.
  const auto taken = static_cast<uint32_t>(header.header_bytes - bytes_before);
  piece->data += taken;
  piece->bytes -= taken;
  held_ = {};
  http::Refusal refusal;
  if (call.shell.sender_is_unknown || EnterAddress(call, &refusal)) return std::nullopt;
  return Refuse(call, refusal);
}

// Closed without a word: whoever speaks there is not a proxy of ours.
Next Handshake::RefuseProxyHeader(const Call& call) {
  call.counters().proxy_headers_refused.Add(1);
  return CloseSilently(call, {EndSide::kGateway, EndReason::kProxyHeader, 0});
}

http::AnswerBody Handshake::BodyWanted() const { return http::AnswerBodyOf(TextOf(held_)); }

Next Handshake::Refuse(const Call& call, const http::Refusal& refusal) const {
  return session::Refuse(call, refusal, ByRefusal(refusal), BodyWanted());
}

Next Handshake::OnRequestBytes(const Call& call, base::Piece&& piece) {
  const uint32_t bytes_before = held_.bytes;
  const uint8_t* const piece_end = piece.data + piece.bytes;
  uint8_t* const piece_begin = piece.data;
  const bool is_cut = bytes_before > 0 && piece.bytes > kChunkBytes - bytes_before;
  base::Lease rest;  // keeps what came behind the head, where what is held does not
  if (bytes_before == 0) {
    held_ = std::move(piece);
  } else {
    if (!AppendToHeld(HolderOf(call), piece, &held_)) return OnExhausted(call);
    rest = std::move(piece.lease);
  }
  Request& request = call.environment.request;
  http::Refusal refusal;
  switch (http::ParseRequestHead(TextOf(held_), call.limits().head_bytes_max, &request.head,
                                 &refusal)) {
    case http::HeadResult::kNeedMore:
      if (bytes_before > 0 || Hold(HolderOf(call), held_, &held_)) return Next::kStay;
      return OnExhausted(call);
    case http::HeadResult::kRefused:
      // Nobody is told of: the client of the request before is not to blame.
      call.shell.client = SenderOf(call);
      call.shell.client_is_told = false;
      return Refuse(call, refusal);
    case http::HeadResult::kWhole:
      break;
  }
  // WHY: of what is held behind it bytes are missing, so nothing there is a request.
  if (is_cut) request.head.keep_alive = false;
  request.text = TextOf(held_);
  // The head was not whole without this piece, so what is behind it lies in this piece.
  uint8_t* const head_end = piece_begin + (request.head.head_bytes - bytes_before);
  return OnHead(call, {.lease = std::move(rest),
                       .data = head_end,
                       .bytes = static_cast<uint32_t>(piece_end - head_end)});
}

// `behind`: what came behind the head, without a lease where what is held keeps it.
Next Handshake::OnHead(const Call& call, base::Piece&& behind) {
  Request& request = call.environment.request;
  http::RequestHead& head = request.head;
  http::Refusal refusal;
  if (!EnterToldClient(call, request.text.substr(0, head.head_bytes), &refusal)) {
    return Refuse(call, refusal);
  }
  const std::string_view sent_path = head.path;
  const http::Refusal* why = NormalizePath(&head, &request.path_bytes);
  if (why != nullptr) return Refuse(call, *why);
  why = CheckReadings(call.snapshot().table, call.shell.listener_index, head, sent_path);
  if (why != nullptr) {
    call.counters().refused_by_path.Add(1);
    call.environment.news.OnPathRefused(
        {.client = call.shell.client, .host = head.host, .path = sent_path, .reason = why->reason});
    return Refuse(call, *why);
  }
  return OnRequest(call, std::move(behind));
}

Next Handshake::OnRequest(const Call& call, base::Piece&& behind) {
  const http::RequestHead& head = call.environment.request.head;
  const route::Table& table = call.snapshot().table;
  const uint32_t listener_index = call.shell.listener_index;
  const bool is_handshake = head.upgrade_to_websocket;  // be it a good one or not
  if (head.method != http::Method::kOther && !is_handshake) {
    const config::Route* const folder = table.FindFolder(listener_index, head.host, head.path);
    if (folder != nullptr) {
      call.shell.route_index = folder->index;
      return OnFileRequest(call, FileRequest::kLacksSlash);
    }
  }
  const config::Route* const route = table.Find(listener_index, head.host, head.path);
  call.shell.route_index = route == nullptr ? kNoRoute : route->index;
  if (route == nullptr) return Refuse(call, http::kRouteMissing);
  if (route->mode != config::Mode::kStatic) return OnUpgrade(call, std::move(behind));
  return is_handshake ? Refuse(call, http::kFilesOnly) : OnFileRequest(call, FileRequest::kWhole);
}

Next Handshake::OnFileRequest(const Call& call, FileRequest request) {
  http::Refusal refusal;
  if (!EnterRoute(call, &refusal)) return Refuse(call, refusal);
  return call.Go(Next::kServing, {.piece = std::move(held_), .request = request});
}

Next Handshake::OnUpgrade(const Call& call, base::Piece&& behind) {
  const http::RequestHead& head = call.environment.request.head;
  const config::Route& route = call.route();
  http::Refusal refusal;
  switch (http::CheckUpgrade(head, &refusal)) {
    case http::UpgradeResult::kRefused:
      return Refuse(call, refusal);
    case http::UpgradeResult::kNotUpgrade:
      // HEAD is GET without a body (RFC 9110 9.3.2); for any other method there is nothing here.
      return Refuse(
          call, head.method == http::Method::kOther ? http::kUpgradeMethod : http::kUpgradeMissing);
    case http::UpgradeResult::kUpgrade:
      break;
  }
  if (!PassesOrigin(call)) return Refuse(call, http::kOriginNotAllowed);
  if (route.mode == config::Mode::kTcp && HasToken(head.query)) {
    call.environment.news.OnTokenIgnored(route);
  }
  if (!EnterRoute(call, &refusal)) return Refuse(call, refusal);
  return call.Go(Next::kDialling, {.piece = std::move(behind), .lease = std::move(held_.lease)});
}

// Between two answers, or before the first request.
Next Handshake::OnEnd(const Call& call, LinkRole from, LinkEnd /*end*/) {
  if (from == LinkRole::kBackend) return Next::kStay;
  call.intents.Drop(LinkRole::kBackend);
  const uint16_t status = call.shell.answered_status;
  // The answer may still be queued.
  if (status != 0) {
    call.intents.Finish(LinkRole::kClient);
  } else {
    call.intents.Drop(LinkRole::kClient);
  }
  if (status != 0 && is_empty())
    return Close(call, {EndSide::kClient, EndReason::kAnswered, status});
  call.counters().handshakes_abandoned.Add(1);
  return Close(call, {EndSide::kClient, EndReason::kAbandoned, 0});
}

Next Handshake::OnDue(const Call& call, ClientLook /*client*/) {
  if (const uint64_t due = DueNs(call); call.now_ns() < due) return call.WaitUntil(due);
  // A connection that rests between two requests is closed without a word (RFC 9112 9.5).
  if (call.shell.answered_status != 0 && (is_empty() || awaits_below_)) {
    return OnEnd(call, LinkRole::kClient, LinkEnd::kFin);
  }
  call.counters().handshakes_timed_out.Add(1);
  // WHY no 408: whoever has connected ahead of its request would take it for the answer to one
  // that it has yet to send. And whoever has begun a PROXY header has asked nothing.
  if (is_empty() || awaits_proxy_header_) {
    return CloseSilently(call, {EndSide::kGateway, EndReason::kHandshakeTimeout, 0});
  }
  return session::Refuse(call, http::kHeadTooSlow,
                         {EndSide::kGateway, EndReason::kHandshakeTimeout,
                          static_cast<uint16_t>(http::kHeadTooSlow.status)},
                         BodyWanted());
}

Next Handshake::OnDrain(const Call& call) {
  const Ending ending{EndSide::kGateway, EndReason::kDrain, 0};
  if (call.shell.answered_status == 0) return CloseSilently(call, ending);
  call.intents.Finish(LinkRole::kClient);  // the answer may still be queued
  return Close(call, ending);
}

// Where the client is waited for, a part of the answer before may be missing.
Next Handshake::OnExhausted(const Call& call) {
  return awaits_below_ ? CutForMemory(call) : RefuseForMemory(call, BodyWanted());
}

Next Handshake::OnBelow(const Call& call) {
  if (!std::exchange(awaits_below_, false)) return Next::kStay;
  call.shell.stamps.since = Stamp(call.now_ns());
  // WHY at once: a request for a file relies on the time of its head.
  call.intents.Timer(DueNs(call));
  base::Piece leftover = std::exchange(held_, {});
  return leftover.bytes > 0 ? OnRequestBytes(call, std::move(leftover)) : Next::kStay;
}

Next Handshake::OnEvicted(const Call& call) {
  const bool is_resting = call.shell.answered_status != 0 && is_empty();
  (is_resting ? call.counters().resting_evicted : call.counters().half_open_evicted).Add(1);
  return CloseSilently(call, {EndSide::kGateway, EndReason::kEvicted, 0});
}

uint64_t Handshake::DueNs(const Call& call) const {
  const base::Limits& limits = call.limits();
  if (!awaits_below_) return After(call.SinceNs(), limits.handshake_timeout_ns);
  // Its next request waits for the client to take the answers before it.
  return After(std::max(call.SinceNs(), call.LastByteNs()),
               std::max(limits.handshake_timeout_ns, limits.idle_timeout_ns));
}

}  // namespace ringway::session
