// SPDX-License-Identifier: Apache-2.0
//
// From accept to the 101: read the request head, find its route, dial, answer. The backend is
// dialled before the 101 leaves, so that a dead backend is an HTTP 502 and not a bare close.
#include <cstring>
#include <optional>
#include <utility>

#include "gateway/http/response_head.h"
#include "gateway/route/origin_check.h"
#include "gateway/session/session.h"

namespace ringway::session {
namespace {

using base::BufferClass;
using base::kBufferBytes;
using base::LinkRole;

constexpr uint32_t kChunkBytes = kBufferBytes[static_cast<size_t>(BufferClass::kChunk)];
constexpr uint32_t kCellBytes = kBufferBytes[static_cast<size_t>(BufferClass::kCell)];
static_assert(http::kRefusalBytesMax <= kCellBytes);

std::string_view Text(const base::Piece& piece) {
  return {reinterpret_cast<const char*>(piece.data), piece.bytes};
}

std::span<char> Cell(const base::Lease& lease) {
  return {reinterpret_cast<char*>(lease.data()), kCellBytes};
}

Ending RefusedWith(http::Status status) {
  return {.side = EndSide::kGateway,
          .reason = EndReason::kRefused,
          .code = static_cast<uint16_t>(status)};
}

}  // namespace

// A head that came in pieces is put together in a chunk, which has room for the longest permitted
// one; so a client that sends it byte by byte holds a chunk and no receive buffer.
bool Session::HoldRequest(Environment& environment, const base::Piece& piece) {
  held_.lease = environment.arena.TryTake(BufferClass::kChunk);
  if (!held_.lease) return false;
  held_.data = held_.lease.data();
  AppendHeld(piece);
  return true;
}

void Session::AppendHeld(const base::Piece& piece) {
  RINGWAY_CHECK_OP(piece.bytes, <=, kChunkBytes - held_.bytes);
  std::memcpy(held_.data + held_.bytes, piece.data, piece.bytes);
  held_.bytes += piece.bytes;
}

void Session::OnRequestBytes(Environment& environment, base::Piece piece, Intents& intents) {
  http::RequestHead head;
  http::Refusal refusal;
  if (held_.bytes > 0) {
    // WHY the cut: a chunk holds the longest permitted head, so no later byte belongs to one.
    if (piece.bytes > kChunkBytes - held_.bytes) {
      refusal = {http::Status::kHeadTooLarge, "the request head is too large"};
      return Refuse(environment, refusal, RefusedWith(refusal.status), intents);
    }
    AppendHeld(piece);
  }
  const std::string_view bytes = Text(held_.bytes > 0 ? held_ : piece);
  switch (http::ParseRequestHead(bytes, environment.limits.head_bytes_max, &head, &refusal)) {
    case http::HeadResult::kNeedMore:
      if (held_.bytes == 0 && !HoldRequest(environment, piece)) {
        OnPoolExhausted(environment, intents);
      }
      return;
    case http::HeadResult::kRefused:
      return Refuse(environment, refusal, RefusedWith(refusal.status), intents);
    case http::HeadResult::kWhole:
      break;
  }
  // `head` views the bytes; keep them until the request is answered.
  base::Piece whole = held_.bytes > 0 ? std::move(held_) : std::move(piece);
  held_ = {};
  OnRequest(environment, head, intents);
  if (state_ != State::kDialing) return;
  const auto head_bytes = static_cast<uint32_t>(head.head_bytes);
  if (whole.bytes == head_bytes) return;
  const base::Piece leftover{.data = whole.data + head_bytes, .bytes = whole.bytes - head_bytes};
  if (!HoldRequest(environment, leftover)) OnPoolExhausted(environment, intents);
}

void Session::OnRequest(Environment& environment, const http::RequestHead& head, Intents& intents) {
  http::Refusal refusal;
  const auto refuse = [&] { Refuse(environment, refusal, RefusedWith(refusal.status), intents); };
  route_ = environment.table.Find(listener_index_, head.host, head.path);
  if (route_ == nullptr) {
    refusal = {http::Status::kNotFound, "no route has this host and path"};
    return refuse();
  }
  switch (http::CheckUpgrade(head, &refusal)) {
    case http::UpgradeResult::kRefused:
      return refuse();
    case http::UpgradeResult::kNotUpgrade:
      refusal = {http::Status::kUpgradeRequired, "this address speaks WebSocket only"};
      return refuse();
    case http::UpgradeResult::kUpgrade:
      break;
  }
  const std::optional<std::string_view> origin =
      head.has_origin ? std::optional(head.origin) : std::nullopt;
  if (route::CheckOrigin(*route_, origin) == route::OriginResult::kRefused) {
    refusal = {http::Status::kForbidden, "this origin may not connect here"};
    return refuse();
  }
  answer_ = environment.arena.TryTake(BufferClass::kCell);
  if (!answer_) return OnPoolExhausted(environment, intents);
  const std::string_view subprotocol = http::SelectSubprotocol(head, route_->subprotocols);
  answer_bytes_ = static_cast<uint16_t>(
      http::BuildUpgradeResponse(head.websocket_key, subprotocol, Cell(answer_)));
  if (answer_bytes_ == 0) {
    refusal = {http::Status::kInternalError, "the name of the subprotocol is too long"};
    return refuse();
  }
  state_ = State::kDialing;
  state_since_ns_ = environment.now_ns;
  intents.Dial(route_->backend_index, environment.servers.Next(route_->backend_index));
  intents.Timer(NextDueNs(environment));
}

void Session::Refuse(Environment& environment, const http::Refusal& refusal, Ending ending,
                     Intents& intents) {
  environment.counters.handshakes_refused.Add(1);
  held_ = {};
  answer_ = {};
  client_deaf_ = true;
  base::Piece answer{.lease = environment.arena.TryTake(BufferClass::kCell)};
  if (answer.lease) {
    answer.data = answer.lease.data();
    answer.bytes = static_cast<uint32_t>(http::BuildRefusal(refusal, Cell(answer.lease)));
    intents.Send(LinkRole::kClient, std::move(answer), flow::Source::kGateway);
    intents.Finish(LinkRole::kClient);
  } else {
    environment.counters.pool_exhausted.Add(1);
    intents.Drop(LinkRole::kClient);
  }
  EnterClosing(environment, ending, intents);
}

void Session::OnDialed(Environment& environment, std::string_view failure, Intents& intents) {
  if (state_ != State::kDialing) return;
  if (!failure.empty()) {
    const http::Refusal refusal{http::Status::kBadGateway, failure};
    return Refuse(environment, refusal,
                  {.side = EndSide::kBackend,
                   .reason = EndReason::kDialFailed,
                   .code = static_cast<uint16_t>(refusal.status)},
                  intents);
  }
  environment.counters.sessions_opened.Add(1);
  upgraded_ = true;
  state_ = State::kOpen;
  state_since_ns_ = client_active_ns_ = backend_active_ns_ = environment.now_ns;
  base::Piece answer{.lease = std::move(answer_), .bytes = answer_bytes_};
  answer.data = answer.lease.data();
  intents.Send(LinkRole::kClient, std::move(answer), flow::Source::kGateway);
  intents.Timer(NextDueNs(environment));
  base::Piece leftover = std::exchange(held_, {});
  if (leftover.bytes > 0) OnFrames(environment, std::move(leftover), intents);
}

}  // namespace ringway::session
