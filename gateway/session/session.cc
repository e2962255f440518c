// SPDX-License-Identifier: Apache-2.0
//
// What comes in, and how a session ends.
#include "gateway/session/session.h"

#include <cstring>
#include <utility>

#include "gateway/base/address_range.h"
#include "gateway/http/backend_refusals.h"
#include "gateway/ws/frame_header.h"

namespace ringway::session {
namespace {

using base::LinkRole;

Ending ByGateway(EndReason reason, ws::CloseCode code) {
  return {.side = EndSide::kGateway, .reason = reason, .code = static_cast<uint16_t>(code)};
}

}  // namespace

Session::Session(uint32_t listener_index, const base::SocketAddress& client, uint64_t now_ns)
    : SessionBytes(listener_index, client, now_ns) {}

void Session::Begin(Environment& environment, uint32_t slot, Intents& intents) {
  slot_ = slot;
  http::Refusal refusal;
  const config::Listener& listener = environment.table.config().listeners[listener_index_];
  awaits_proxy_header_ = listener.proxy_protocol;
  if (awaits_proxy_header_) {
    // Who the client is stands in the header; only a proxy of ours may say so.
    if (!IsTrusted(environment, client_)) return RefuseProxyHeader(environment, intents);
    // A trusted proxy's own connection is nobody's session: those that it tells of are counted.
  } else if (!IsTrusted(environment, client_) && !EnterAddress(environment, &refusal)) {
    return RefuseWith(environment, refusal, intents);
  }
  intents.Timer(NextDueNs(environment));
}

Reading SessionBytes::ReadingOf(LinkRole role) const {
  switch (state_) {
    case State::kHandshake:
      return role == LinkRole::kClient && !awaits_backend_gone_ ? Reading::kOnce : Reading::kNot;
    case State::kDialing:
    case State::kServing:
      return Reading::kNot;
    case State::kAnswering:
      return role == LinkRole::kBackend ? Reading::kOnce : Reading::kNot;
    case State::kRelaying:
      return role == LinkRole::kBackend ? Reading::kContinuous : Reading::kNot;
    case State::kOpen:
    case State::kClosing:
      break;
  }
  return Reading::kContinuous;
}

void Session::OnBytes(Environment& environment, LinkRole from, base::Piece piece,
                      Intents& intents) {
  if (from == LinkRole::kBackend) {
    backend_active_ns_ = environment.now_ns;
    if (state_ == State::kAnswering) [[unlikely]] {
      return OnAnswerBytes(environment, std::move(piece), intents);
    }
    if (state_ == State::kRelaying) return OnBodyBytes(environment, std::move(piece), intents);
    if (passes()) return OnPassing(environment, from, std::move(piece), intents);
    return OnBackendBytes(environment, std::move(piece), intents);
  }
  client_active_ns_ = environment.now_ns;
  if (ping_sent_ns_ != 0) [[unlikely]] {
    // WHY now: the timer stands at the pong's deadline, and the next ping may be due before that.
    ping_sent_ns_ = 0;
    intents.Timer(NextDueNs(environment));
  }
  if (client_deaf_) {
    environment.counters.bytes_discarded.Add(piece.bytes);
    return;
  }
  if (state_ == State::kHandshake) [[unlikely]] {
    return OnRequestBytes(environment, std::move(piece), intents);
  }
  if (passes()) return OnPassing(environment, from, std::move(piece), intents);
  OnFrames(environment, std::move(piece), intents);
}

void Session::SendClose(Environment& environment, uint16_t code, std::string_view reason,
                        Intents& intents) {
  close_sent_ = true;
  base::Piece close{.lease = environment.stores.TakeCell(slot_, flow::CellUse::kLastWord)};
  RINGWAY_CHECK(static_cast<bool>(close.lease));  // there is one for each session, said once
  // 1005 says that a Close carried no code: it is never put on the wire (RFC 6455 7.4.1).
  const bool has_code = code != static_cast<uint16_t>(ws::CloseCode::kNoStatus);
  reason = reason.substr(0, ws::kControlPayloadBytesMax - 2);
  const size_t payload = has_code ? 2 + reason.size() : 0;
  close.data = close.lease.data();
  uint8_t* at = close.data + ws::BuildFrameHeader(ws::Opcode::kClose, payload, {close.data, 2});
  if (has_code) {
    at[0] = static_cast<uint8_t>(code >> 8);
    at[1] = static_cast<uint8_t>(code);
    std::memcpy(at + 2, reason.data(), reason.size());
  }
  close.bytes = static_cast<uint32_t>(2 + payload);
  intents.Send(LinkRole::kClient, std::move(close));
}

void Session::EnterClosing(Environment& environment, Ending ending, Intents& intents) {
  if (ending_.reason == EndReason::kNone) ending_ = ending;
  if (state_ != State::kClosing) {
    state_ = State::kClosing;
    state_since_ns_ = environment.now_ns;
  }
  intents.Timer(NextDueNs(environment));
}

void Session::Fail(Environment& environment, ws::CloseCode code, std::string_view reason,
                   EndReason end_reason, Intents& intents) {
  if (end_reason == EndReason::kProtocolError) environment.counters.protocol_errors.Add(1);
  if (end_reason == EndReason::kInvalidPayload) environment.counters.invalid_payloads.Add(1);
  if (end_reason == EndReason::kTooBig) environment.counters.too_big.Add(1);
  client_deaf_ = true;
  held_ = {};
  if (!close_sent_) SendClose(environment, static_cast<uint16_t>(code), reason, intents);
  intents.Finish(LinkRole::kBackend);
  intents.Finish(LinkRole::kClient);
  EnterClosing(environment, ByGateway(end_reason, code), intents);
}

void Session::CloseInOrder(Environment& environment, ws::CloseCode code, std::string_view reason,
                           Ending ending, Intents& intents) {
  if (!close_sent_) SendClose(environment, static_cast<uint16_t>(code), reason, intents);
  EnterClosing(environment, ending, intents);
}

// Before the 101, or between two answers.
void Session::OnEarlyEnd(Environment& environment, Intents& intents) {
  const bool was_answered = state_ == State::kHandshake && answered_status_ != 0;
  const bool is_resting = was_answered && held_.bytes == 0;
  client_deaf_ = true;
  held_ = {};
  intents.Drop(LinkRole::kBackend);
  if (was_answered) {
    intents.Finish(LinkRole::kClient);  // the answer may still be queued
  } else {
    intents.Drop(LinkRole::kClient);
  }
  if (is_resting) {
    return EnterClosing(environment, {EndSide::kClient, EndReason::kAnswered, answered_status_},
                        intents);
  }
  if (state_ == State::kServing) {
    environment.counters.client_resets.Add(1);
    return CutServing(environment, {EndSide::kClient, EndReason::kClientGone, answered_status_},
                      intents);
  }
  environment.counters.handshakes_abandoned.Add(1);
  EnterClosing(environment, {EndSide::kClient, EndReason::kAbandoned, 0}, intents);
}

void Session::OnBackendEndEarly(Environment& environment, LinkEnd end, Intents& intents) {
  if (state_ == State::kAnswering) {
    return RefuseAnswer(environment, http::kBackendClosedEarly, intents);
  }
  const http::BodyReader& body = std::get<Answer>(stream_).body;
  if (end == LinkEnd::kFin && body.MayEndHere()) return EndAnswer(environment, intents);
  CutAnswer(environment, EndReason::kBadAnswer, intents);
}

void Session::OnEnd(Environment& environment, LinkRole from, LinkEnd end, Intents& intents) {
  const bool is_early = state_ != State::kOpen && state_ != State::kClosing;
  if (from == LinkRole::kClient && is_early) return OnEarlyEnd(environment, intents);
  if (state_ == State::kAnswering || state_ == State::kRelaying) {
    return OnBackendEndEarly(environment, end, intents);
  }
  if (state_ == State::kOpen && passes()) return OnPassageEnd(environment, from, end, intents);
  if (from == LinkRole::kClient) {
    client_deaf_ = true;
    held_ = {};
    if (ending_.reason == EndReason::kNone) environment.counters.client_resets.Add(1);
    intents.Finish(LinkRole::kBackend);
    if (end == LinkEnd::kFin) intents.Finish(LinkRole::kClient);
    constexpr auto kCode = static_cast<uint16_t>(ws::CloseCode::kAbnormal);
    return EnterClosing(environment, {EndSide::kClient, EndReason::kClientGone, kCode}, intents);
  }
  if (end == LinkEnd::kReset) backend_gone_ = true;
  if (state_ != State::kOpen) return;
  if (end == LinkEnd::kFin && std::get<Frames>(stream_).carry_bytes > 0) {
    return Fail(environment, ws::CloseCode::kInvalidPayload, "the backend ended inside a character",
                EndReason::kInvalidPayload, intents);
  }
  if (end == LinkEnd::kReset) {
    environment.counters.backend_resets.Add(1);
    constexpr auto kCode = ws::CloseCode::kInternalError;
    return CloseInOrder(environment, kCode, "the backend reset the connection",
                        {EndSide::kBackend, EndReason::kBackendReset, static_cast<uint16_t>(kCode)},
                        intents);
  }
  constexpr auto kCode = ws::CloseCode::kNormal;
  CloseInOrder(environment, kCode, "",
               {EndSide::kBackend, EndReason::kBackendEnd, static_cast<uint16_t>(kCode)}, intents);
}

void Session::OnDrain(Environment& environment, Intents& intents) {
  switch (state_) {
    case State::kHandshake:
      client_deaf_ = true;
      held_ = {};
      if (answered_status_ != 0) {
        intents.Finish(LinkRole::kClient);  // the answer may still be queued
      } else {
        intents.Drop(LinkRole::kClient);
      }
      return EnterClosing(environment, {EndSide::kGateway, EndReason::kDrain, 0}, intents);
    case State::kRelaying:
    case State::kServing:
      ends_after_answer_ = true;
      return;
    case State::kDialing:
    case State::kAnswering:
      intents.Drop(LinkRole::kBackend);
      return Refuse(
          environment, http::kShuttingDown,
          {EndSide::kGateway, EndReason::kDrain, static_cast<uint16_t>(http::kShuttingDown.status)},
          intents);
    case State::kOpen:
      return EndOpen(environment, "the gateway is shutting down",
                     ByGateway(EndReason::kDrain, ws::CloseCode::kGoingAway), intents);
    case State::kClosing:
      return;
  }
}

void Session::OnPoolExhausted(Environment& environment, Intents& intents) {
  environment.counters.pool_exhausted.Add(1);
  if (state_ == State::kOpen && !passes()) {
    return Fail(environment, ws::CloseCode::kTryAgainLater,
                "the gateway has no memory left for this session", EndReason::kPoolExhausted,
                intents);
  }
  // A part of what came is missing, be it the last part of an answer: nothing may follow it.
  const bool is_torn = state_ == State::kRelaying || state_ == State::kOpen ||
                       (state_ == State::kHandshake && awaits_backend_gone_) ||
                       (state_ == State::kServing && std::get<Serving>(stream_).is_answered);
  if (is_torn) {
    client_deaf_ = true;
    held_ = {};
    EnterClosing(environment, {EndSide::kGateway, EndReason::kPoolExhausted, 0}, intents);
  }
  intents.Drop(LinkRole::kBackend);
  if (state_ == State::kClosing) return intents.Drop(LinkRole::kClient);
  Refuse(environment, http::kMemoryExhausted,
         {EndSide::kGateway, EndReason::kPoolExhausted,
          static_cast<uint16_t>(http::kMemoryExhausted.status)},
         intents);
}

void Session::OnEvicted(Environment& environment, Intents& intents) {
  const bool is_resting = standing() == Standing::kResting;
  (is_resting ? environment.counters.resting_evicted : environment.counters.half_open_evicted)
      .Add(1);
  client_deaf_ = true;
  held_ = {};
  intents.Drop(LinkRole::kClient);
  EnterClosing(environment, {EndSide::kGateway, EndReason::kEvicted, 0}, intents);
}

/// With 1001, where the gateway may say so.
void Session::EndOpen(Environment& environment, std::string_view reason, Ending ending,
                      Intents& intents) {
  constexpr auto kCode = ws::CloseCode::kGoingAway;
  if (passes()) return EndPassage(environment, kCode, reason, ending, intents);
  CloseInOrder(environment, kCode, reason, ending, intents);
}

void Session::OnCut(Intents& intents) {
  cut_ = true;
  // Only answers that are on their way, relayed or files, outlive a drain, up to here.
  if (ending_.reason == EndReason::kNone) ending_ = {EndSide::kGateway, EndReason::kDrain, 0};
  state_ = State::kClosing;
  intents.Drop(LinkRole::kBackend);
  intents.Drop(LinkRole::kClient);
}

}  // namespace ringway::session
