// SPDX-License-Identifier: Apache-2.0
//
// From accept to a connected backend: who the client is, its request head, its route, the dial. The
// backend is dialled before an answer leaves, so that a dead backend is an HTTP 502 and not a bare
// close.
#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "gateway/base/address_range.h"
#include "gateway/http/file_refusals.h"
#include "gateway/http/refusals.h"
#include "gateway/http/response_head.h"
#include "gateway/proxy/proxy_header.h"
#include "gateway/route/origin_check.h"
#include "gateway/session/held_head.h"
#include "gateway/session/request_path.h"
#include "gateway/session/session.h"

namespace ringway::session {
namespace {

using base::LinkRole;

static_assert(http::kRefusalBytesMax <= kCellBytes);
static_assert(proxy::kV1BytesMax <= kCellBytes && proxy::V2BytesMax(255) <= kCellBytes);
static_assert(proxy::kHeaderBytesMax <= kChunkBytes);

std::span<char> Cell(const base::Lease& lease) {
  return {reinterpret_cast<char*>(lease.data()), kCellBytes};
}

/// Whether a parameter "token" stands in it, by which websockify chooses its target.
bool HasToken(std::string_view query) {
  constexpr std::string_view kToken = "token=";
  return query.starts_with(kToken) || query.find("&token=") != std::string_view::npos;
}

}  // namespace

// Before a route is known its chunks are those of half-open clients, then its backend's; what is
// kept behind an answer has a share of its own.
Holder SessionBytes::HolderOf(flow::Stores& stores) const {
  base::AccountId account = stores.held();
  if (state_ == State::kHandshake) account = stores.half_open();
  if (state_ == State::kDialing || state_ == State::kAnswering) {
    account = stores.backend(route_->backend_index);
  }
  return {.stores = stores, .slot = slot_, .account = account};
}

// A header that is not whole is held as a head is. What came behind it stays in `*piece`.
HeaderStep Session::TakeProxyHeader(Environment& environment, base::Piece* piece,
                                    Intents& intents) {
  const uint32_t bytes_before = held_.bytes;
  if (bytes_before > 0 && !AppendToHeld(HolderOf(environment.stores), *piece, &held_)) {
    OnPoolExhausted(environment, intents);
    return HeaderStep::kRefused;
  }
  proxy::Header header;
  std::string_view reason;
  const base::Piece& seen = bytes_before > 0 ? held_ : *piece;
  switch (proxy::ParseProxyHeader(TextOf(seen), &header, &reason)) {
    case proxy::ParseResult::kNeedMore:
      if (bytes_before > 0) return HeaderStep::kNotWhole;
      if (!Hold(HolderOf(environment.stores), *piece, &held_))
        OnPoolExhausted(environment, intents);
      return HeaderStep::kNotWhole;
    case proxy::ParseResult::kRefused:
      RefuseProxyHeader(environment, intents);
      return HeaderStep::kRefused;
    case proxy::ParseResult::kWhole:
      break;
  }
  awaits_proxy_header_ = false;
  // A proxy that does not know the client says nothing that could be trusted of it.
  sender_is_unknown_ = !header.HasAddresses();
  if (header.HasAddresses()) client_ = base::Unmapped(header.source);
  // The header was not whole without this piece, so what is behind it lies in this piece.
  const auto taken = static_cast<uint32_t>(header.header_bytes - bytes_before);
  piece->data += taken;
  piece->bytes -= taken;
  held_ = {};
  http::Refusal refusal;
  if (sender_is_unknown_ || EnterAddress(environment, &refusal)) return HeaderStep::kTaken;
  RefuseWith(environment, refusal, intents);
  return HeaderStep::kRefused;
}

// Closed without a word: whoever speaks there is not a proxy of ours.
void Session::RefuseProxyHeader(Environment& environment, Intents& intents) {
  environment.counters.proxy_headers_refused.Add(1);
  client_deaf_ = true;
  held_ = {};
  intents.Drop(LinkRole::kClient);
  EnterClosing(environment, {EndSide::kGateway, EndReason::kProxyHeader, 0}, intents);
}

void Session::OnRequestBytes(Environment& environment, base::Piece piece, Intents& intents) {
  if (awaits_proxy_header_ &&
      (TakeProxyHeader(environment, &piece, intents) != HeaderStep::kTaken || piece.bytes == 0)) {
    return;
  }
  const uint32_t bytes_before = held_.bytes;
  const uint8_t* const piece_end = piece.data + piece.bytes;
  uint8_t* const piece_begin = piece.data;
  const bool is_cut = bytes_before > 0 && piece.bytes > kChunkBytes - bytes_before;
  if (bytes_before == 0) {
    held_ = std::move(piece);
  } else if (!AppendToHeld(HolderOf(environment.stores), piece, &held_)) {
    return OnPoolExhausted(environment, intents);
  }
  http::RequestHead head;
  http::Refusal refusal;
  const size_t bytes_max = environment.limits.head_bytes_max;
  switch (http::ParseRequestHead(TextOf(held_), bytes_max, &head, &refusal)) {
    case http::HeadResult::kNeedMore:
      if (bytes_before == 0 && !Hold(HolderOf(environment.stores), held_, &held_)) {
        OnPoolExhausted(environment, intents);
      }
      return;
    case http::HeadResult::kRefused:
      // Nobody is told of: the client of the request before is not to blame.
      client_ = SenderOf(environment);
      client_is_told_ = false;
      return RefuseWith(environment, refusal, intents);
    case http::HeadResult::kWhole:
      break;
  }
  // WHY: of what is held behind it bytes are missing, so nothing there is a request.
  if (is_cut) head.keep_alive = false;
  if (!EnterToldClient(environment, TextOf(held_).substr(0, head.head_bytes), &refusal)) {
    return RefuseWith(environment, refusal, intents);
  }
  // `head` views held_ and path_bytes.
  PathBytes path_bytes;
  const std::string_view sent_path = head.path;
  const http::Refusal* why = NormalizePath(&head, &path_bytes);
  if (why != nullptr) return RefuseWith(environment, *why, intents);
  why = CheckReadings(environment.table, listener_index_, head, sent_path);
  if (why != nullptr) {
    environment.counters.refused_by_path.Add(1);
    environment.news.OnPathRefused(
        {.client = client_, .host = head.host, .path = sent_path, .reason = why->reason});
    return RefuseWith(environment, *why, intents);
  }
  OnRequest(environment, head, intents);
  if (state_ == State::kServing && !std::get<Serving>(stream_).awaits_file) {
    return DropRequest(environment);
  }
  if (state_ != State::kDialing) return;
  // The head was not whole without this piece, so what is behind it lies in this piece.
  uint8_t* const head_end = piece_begin + (head.head_bytes - bytes_before);
  const base::Piece leftover{.data = head_end,
                             .bytes = static_cast<uint32_t>(piece_end - head_end)};
  if (leftover.bytes == 0) {
    held_ = {};
  } else if (!Hold(HolderOf(environment.stores), leftover, &held_)) {
    OnPoolExhausted(environment, intents);
  }
}

void Session::OnRequest(Environment& environment, const http::RequestHead& head, Intents& intents) {
  http::Refusal refusal;
  const auto refuse = [&] { RefuseWith(environment, refusal, intents); };
  const bool is_handshake = head.upgrade_to_websocket;  // be it a good one or not
  if (head.method != http::Method::kOther && !is_handshake) {
    route_ = environment.table.FindFolder(listener_index_, head.host, head.path);
    if (route_ != nullptr) {
      return OnFileRequest(environment, head, FileRequest::kLacksSlash, intents);
    }
  }
  route_ = environment.table.Find(listener_index_, head.host, head.path);
  if (route_ == nullptr) {
    refusal = http::kRouteMissing;
    return refuse();
  }
  if (route_->mode == config::Mode::kStatic) {
    if (!is_handshake) return OnFileRequest(environment, head, FileRequest::kWhole, intents);
    refusal = http::kFilesOnly;
    return refuse();
  }
  switch (http::CheckUpgrade(head, &refusal)) {
    case http::UpgradeResult::kRefused:
      return refuse();
    case http::UpgradeResult::kNotUpgrade:
      // HEAD is GET without a body (RFC 9110 9.3.2); for any other method there is nothing here.
      refusal = head.method == http::Method::kOther ? http::kUpgradeMethod : http::kUpgradeMissing;
      return refuse();
    case http::UpgradeResult::kUpgrade:
      break;
  }
  const std::optional<std::string_view> origin =
      head.has_origin ? std::optional(head.origin) : std::nullopt;
  if (route::CheckOrigin(*route_, origin) == route::OriginResult::kRefused) {
    environment.counters.refused_by_origin.Add(1);
    environment.news.OnOriginRefused({.route = *route_,
                                      .client = client_,
                                      .origin = head.origin,
                                      .host = head.host,
                                      .path = head.path});
    refusal = http::kOriginNotAllowed;
    return refuse();
  }
  if (route_->mode == config::Mode::kTcp && HasToken(head.query)) {
    environment.news.OnTokenIgnored(*route_);
  }
  if (!EnterRoute(environment, &refusal)) return refuse();
  const bool is_prepared = route_->mode == config::Mode::kTcp
                               ? PrepareAnswer(environment, head, intents)
                               : PrepareForwarding(environment, head, intents);
  if (!is_prepared) return;
  state_ = State::kDialing;
  state_since_ns_ = environment.now_ns;
  tried_servers_ = 0;
  redials_ = false;
  if (!DialNext(environment, &refusal, intents)) return refuse();
}

bool Session::PrepareAnswer(Environment& environment, const http::RequestHead& head,
                            Intents& intents) {
  stream_.emplace<Frames>();
  answer_ =
      Holder{environment.stores, slot_, environment.stores.backend(route_->backend_index)}.Take(
          kCellBytes);
  if (!answer_) {
    OnPoolExhausted(environment, intents);
    return false;
  }
  const std::string_view subprotocol = http::SelectSubprotocol(head, route_->subprotocols);
  answer_bytes_ = static_cast<uint16_t>(
      http::BuildUpgradeResponse(head.websocket_key, subprotocol, Cell(answer_)));
  if (answer_bytes_ == 0) {
    RefuseWith(environment, http::kSubprotocolTooLong, intents);
    return false;
  }
  KeepHost(head.host, kCellBytes);
  return true;
}

// For a PROXY header; one that does not fit is not told.
void Session::KeepHost(std::string_view host, uint32_t capacity) {
  constexpr size_t kHostBytesMax = 255;
  host_bytes_ = 0;
  if (host.size() > std::min<size_t>(kHostBytesMax, capacity - answer_bytes_)) return;
  std::memcpy(answer_.data() + answer_bytes_, host.data(), host.size());
  host_bytes_ = static_cast<uint8_t>(host.size());
}

void Session::RefuseWith(Environment& environment, const http::Refusal& refusal, Intents& intents) {
  Refuse(environment, refusal,
         {.side = EndSide::kGateway,
          .reason = EndReason::kRefused,
          .code = static_cast<uint16_t>(refusal.status)},
         intents);
}

void Session::Refuse(Environment& environment, const http::Refusal& refusal, Ending ending,
                     Intents& intents) {
  environment.counters.handshakes_refused.Add(1);
  LeaveGateway(environment);
  // Later than that the request is a good GET, and what is held came behind it.
  const auto body = state_ == State::kHandshake || state_ == State::kServing
                        ? http::AnswerBodyOf(TextOf(held_))
                        : http::AnswerBody::kSent;
  held_ = {};
  answer_ = {};
  if (auto* const backends = std::get_if<Answer>(&stream_)) {
    backends->head = {};
    backends->back = {};
  }
  client_deaf_ = true;
  base::Piece answer{.lease = environment.stores.TakeCell(slot_, flow::CellUse::kLastWord)};
  RINGWAY_CHECK(static_cast<bool>(answer.lease));  // there is one for each session, said once
  answer.data = answer.lease.data();
  answer.bytes = static_cast<uint32_t>(http::BuildRefusal(
      refusal, Cell(answer.lease), body, http::AfterAnswer::kClose, environment.unix_s));
  intents.Send(LinkRole::kClient, std::move(answer));
  intents.Finish(LinkRole::kClient);
  EnterClosing(environment, ending, intents);
}

bool Session::WantsReached(const Environment& environment) const {
  if (state_ != State::kDialing) return false;
  const config::Backend& backend = environment.table.config().backends[route_->backend_index];
  return backend.proxy_header != config::ProxyHeader::kNone;
}

// The PROXY header in front of everything that the backend gets. False: no memory is left for it.
bool Session::Announce(Environment& environment, const base::SocketAddress& reached,
                       Intents& intents) {
  const config::Backend& backend = environment.table.config().backends[route_->backend_index];
  const std::string_view host(reinterpret_cast<const char*>(answer_.data()) + answer_bytes_,
                              host_bytes_);
  const proxy::Header header{.source = client_, .destination = reached, .authority = host};
  base::Piece piece{.lease = environment.stores.TakeForQueue(slot_)};
  if (!piece.lease) return false;
  piece.data = piece.lease.data();
  const std::span<char> out = Cell(piece.lease);
  piece.bytes = static_cast<uint32_t>(backend.proxy_header == config::ProxyHeader::kV1
                                          ? proxy::BuildProxyV1(header, out)
                                          : proxy::BuildProxyV2(header, out));
  intents.Send(LinkRole::kBackend, std::move(piece));
  return true;
}

void Session::OnDialed(Environment& environment, const base::SocketAddress& reached,
                       Intents& intents) {
  if (state_ != State::kDialing) return;
  if (environment.servers.OnConnected(route_->backend_index, server_index_)) {
    environment.news.OnServerBack({route_->backend_index, server_index_});
  }
  environment.addresses.OnConnected(route_->backend_index, server_index_, address_index_);
  if (WantsReached(environment) && !Announce(environment, reached, intents)) {
    return OnPoolExhausted(environment, intents);
  }
  if (route_->mode == config::Mode::kWebSocket) return SendRequest(environment, intents);
  Open(environment);
  base::Piece answer{.lease = std::move(answer_), .bytes = answer_bytes_};
  answer.data = answer.lease.data();
  intents.Send(LinkRole::kClient, std::move(answer));
  intents.Timer(NextDueNs(environment));
  base::Piece leftover = std::exchange(held_, {});
  if (leftover.bytes > 0) OnFrames(environment, std::move(leftover), intents);
}

void Session::Open(Environment& environment) {
  environment.counters.sessions_opened.Add(1);
  upgraded_ = true;
  state_ = State::kOpen;
  state_since_ns_ = client_active_ns_ = backend_active_ns_ = environment.now_ns;
}

}  // namespace ringway::session
