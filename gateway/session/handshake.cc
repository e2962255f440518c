// SPDX-License-Identifier: Apache-2.0
//
// From accept to the 101: read the request head, find its route, dial, answer. The backend is
// dialled before the 101 leaves, so that a dead backend is an HTTP 502 and not a bare close.
#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "gateway/http/refusals.h"
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
// one; so a client that sends it byte by byte holds a chunk and no receive buffer. The piece may be
// `held_` itself.
bool Session::HoldRequest(Environment& environment, const base::Piece& piece) {
  RINGWAY_CHECK_OP(piece.bytes, <=, kChunkBytes);
  base::Piece chunk{.lease = environment.arena.TryTake(BufferClass::kChunk), .bytes = piece.bytes};
  if (!chunk.lease) return false;
  chunk.data = chunk.lease.data();
  std::memcpy(chunk.data, piece.data, piece.bytes);
  held_ = std::move(chunk);
  return true;
}

// As much as fits: no byte beyond the longest permitted head belongs to one.
void Session::AppendHeld(const base::Piece& piece) {
  const uint32_t bytes = std::min(piece.bytes, kChunkBytes - held_.bytes);
  std::memcpy(held_.data + held_.bytes, piece.data, bytes);
  held_.bytes += bytes;
}

void Session::OnRequestBytes(Environment& environment, base::Piece piece, Intents& intents) {
  const uint32_t bytes_before = held_.bytes;
  const uint8_t* const piece_end = piece.data + piece.bytes;
  uint8_t* const piece_begin = piece.data;
  if (bytes_before > 0) {
    AppendHeld(piece);
  } else {
    held_ = std::move(piece);
  }
  http::RequestHead head;
  http::Refusal refusal;
  const size_t bytes_max = environment.limits.head_bytes_max;
  switch (http::ParseRequestHead(Text(held_), bytes_max, &head, &refusal)) {
    case http::HeadResult::kNeedMore:
      if (bytes_before == 0 && !HoldRequest(environment, held_)) {
        OnPoolExhausted(environment, intents);
      }
      return;
    case http::HeadResult::kRefused:
      return Refuse(environment, refusal, RefusedWith(refusal.status), intents);
    case http::HeadResult::kWhole:
      break;
  }
  // `head` views held_.
  OnRequest(environment, head, intents);
  if (state_ != State::kDialing) return;
  // The head was not whole without this piece, so what is behind it lies in this piece.
  uint8_t* const head_end = piece_begin + (head.head_bytes - bytes_before);
  const base::Piece leftover{.data = head_end,
                             .bytes = static_cast<uint32_t>(piece_end - head_end)};
  if (leftover.bytes == 0) {
    held_ = {};
  } else if (!HoldRequest(environment, leftover)) {
    OnPoolExhausted(environment, intents);
  }
}

void Session::OnRequest(Environment& environment, const http::RequestHead& head, Intents& intents) {
  http::Refusal refusal;
  const auto refuse = [&] { Refuse(environment, refusal, RefusedWith(refusal.status), intents); };
  route_ = environment.table.Find(listener_index_, head.host, head.path);
  if (route_ == nullptr) {
    refusal = http::kRouteMissing;
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
    refusal = http::kOriginNotAllowed;
    return refuse();
  }
  if (!EnterRoute(environment, &refusal)) return refuse();
  answer_ = environment.arena.TryTake(BufferClass::kCell);
  if (!answer_) return OnPoolExhausted(environment, intents);
  const std::string_view subprotocol = http::SelectSubprotocol(head, route_->subprotocols);
  answer_bytes_ = static_cast<uint16_t>(
      http::BuildUpgradeResponse(head.websocket_key, subprotocol, Cell(answer_)));
  if (answer_bytes_ == 0) {
    refusal = http::kSubprotocolTooLong;
    return refuse();
  }
  state_ = State::kDialing;
  state_since_ns_ = environment.now_ns;
  const bool dials = DialNext(environment, intents);
  RINGWAY_CHECK(dials);  // a backend has a server
  intents.Timer(NextDueNs(environment));
}

void Session::Refuse(Environment& environment, const http::Refusal& refusal, Ending ending,
                     Intents& intents) {
  environment.counters.handshakes_refused.Add(1);
  // Later than that the request is a good GET, and what is held came behind it.
  const auto body =
      state_ == State::kHandshake ? http::AnswerBodyOf(Text(held_)) : http::AnswerBody::kSent;
  held_ = {};
  answer_ = {};
  client_deaf_ = true;
  base::Piece answer{.lease = environment.arena.TryTake(BufferClass::kCell)};
  if (answer.lease) {
    answer.data = answer.lease.data();
    answer.bytes = static_cast<uint32_t>(http::BuildRefusal(refusal, Cell(answer.lease), body));
    intents.Send(LinkRole::kClient, std::move(answer), flow::Source::kGateway);
    intents.Finish(LinkRole::kClient);
  } else {
    environment.counters.pool_exhausted.Add(1);
    intents.Drop(LinkRole::kClient);
  }
  EnterClosing(environment, ending, intents);
}

void Session::OnDialed(Environment& environment, Intents& intents) {
  if (state_ != State::kDialing) return;
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
