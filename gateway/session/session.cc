// SPDX-License-Identifier: Apache-2.0
//
// How a session ends, and what its timer means.
#include "gateway/session/session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/http/refusals.h"
#include "gateway/ws/frame_header.h"

namespace ringway::session {
namespace {

using base::BufferClass;
using base::LinkRole;

constexpr uint64_t kNever = UINT64_MAX;
/// A ping for which there was no memory is tried again after so long.
constexpr uint64_t kPingRetryNs = 1'000'000'000;

// 0 in the configuration means never.
uint64_t After(uint64_t since_ns, uint64_t limit_ns) {
  return limit_ns == 0 ? kNever : since_ns + limit_ns;
}

Ending ByGateway(EndReason reason, ws::CloseCode code) {
  return {.side = EndSide::kGateway, .reason = reason, .code = static_cast<uint16_t>(code)};
}

}  // namespace

Session::Session(uint32_t listener_index, const base::SocketAddress& client, uint64_t now_ns)
    : began_ns_(now_ns),
      state_since_ns_(now_ns),
      client_active_ns_(now_ns),
      backend_active_ns_(now_ns),
      client_(client),
      listener_index_(listener_index) {}

void Session::Begin(Environment& environment, Intents& intents) {
  http::Refusal refusal;
  if (EnterGateway(environment, &refusal)) return intents.Timer(NextDueNs(environment));
  Refuse(environment, refusal,
         {.side = EndSide::kGateway,
          .reason = EndReason::kRefused,
          .code = static_cast<uint16_t>(refusal.status)},
         intents);
}

Reading Session::ReadingOf(LinkRole role) const {
  switch (state_) {
    case State::kHandshake:
      return role == LinkRole::kClient ? Reading::kOnce : Reading::kNot;
    case State::kDialing:
      return Reading::kNot;
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
  OnFrames(environment, std::move(piece), intents);
}

void Session::SendClose(Environment& environment, uint16_t code, std::string_view reason,
                        Intents& intents) {
  close_sent_ = true;
  base::Piece close{.lease = environment.arena.TryTake(BufferClass::kCell)};
  if (!close.lease) {
    // The client sees a bare end; there is nothing to say it with.
    environment.counters.pool_exhausted.Add(1);
    return;
  }
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
  intents.Send(LinkRole::kClient, std::move(close), flow::Source::kGateway);
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

void Session::OnEnd(Environment& environment, LinkRole from, LinkEnd end, Intents& intents) {
  if (from == LinkRole::kClient) {
    client_deaf_ = true;
    held_ = {};
    if (state_ == State::kHandshake || state_ == State::kDialing) {
      environment.counters.handshakes_abandoned.Add(1);
      intents.Drop(LinkRole::kClient);
      intents.Drop(LinkRole::kBackend);
      return EnterClosing(environment, {EndSide::kClient, EndReason::kAbandoned, 0}, intents);
    }
    if (ending_.reason == EndReason::kNone) environment.counters.client_resets.Add(1);
    intents.Finish(LinkRole::kBackend);
    if (end == LinkEnd::kFin) intents.Finish(LinkRole::kClient);
    constexpr auto kCode = static_cast<uint16_t>(ws::CloseCode::kAbnormal);
    return EnterClosing(environment, {EndSide::kClient, EndReason::kClientGone, kCode}, intents);
  }
  if (end == LinkEnd::kReset) backend_gone_ = true;
  if (state_ != State::kOpen) return;
  if (end == LinkEnd::kFin && text_carry_bytes_ > 0) {
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
      intents.Drop(LinkRole::kClient);
      return EnterClosing(environment, {EndSide::kGateway, EndReason::kDrain, 0}, intents);
    case State::kDialing:
      intents.Drop(LinkRole::kBackend);
      return Refuse(
          environment, http::kShuttingDown,
          {EndSide::kGateway, EndReason::kDrain, static_cast<uint16_t>(http::kShuttingDown.status)},
          intents);
    case State::kOpen:
      return CloseInOrder(environment, ws::CloseCode::kGoingAway, "the gateway is shutting down",
                          ByGateway(EndReason::kDrain, ws::CloseCode::kGoingAway), intents);
    case State::kClosing:
      return;
  }
}

void Session::OnPoolExhausted(Environment& environment, Intents& intents) {
  environment.counters.pool_exhausted.Add(1);
  switch (state_) {
    case State::kHandshake:
    case State::kDialing:
      intents.Drop(LinkRole::kBackend);
      return Refuse(environment, http::kMemoryExhausted,
                    {EndSide::kGateway, EndReason::kPoolExhausted,
                     static_cast<uint16_t>(http::kMemoryExhausted.status)},
                    intents);
    case State::kOpen:
      return Fail(environment, ws::CloseCode::kTryAgainLater,
                  "the gateway has no memory left for this session", EndReason::kPoolExhausted,
                  intents);
    case State::kClosing:
      intents.Drop(LinkRole::kBackend);
      intents.Drop(LinkRole::kClient);
      return;
  }
}

bool Session::SendPing(Environment& environment, Intents& intents) {
  base::Piece ping{.lease = environment.arena.TryTake(BufferClass::kCell)};
  if (!ping.lease) {
    environment.counters.pings_postponed.Add(1);
    return false;
  }
  ping.data = ping.lease.data();
  ping.bytes = static_cast<uint32_t>(ws::BuildFrameHeader(ws::Opcode::kPing, 0, {ping.data, 2}));
  intents.Send(LinkRole::kClient, std::move(ping), flow::Source::kGateway);
  environment.counters.pings_out.Add(1);
  ping_sent_ns_ = environment.now_ns;
  return true;
}

void Session::OnOpenDue(Environment& environment, ClientLook client, Intents& intents) {
  const base::Limits& limits = environment.limits;
  const uint64_t now = environment.now_ns;
  if (now >= After(LastByteNs(), limits.idle_timeout_ns)) {
    environment.counters.idle_timeouts.Add(1);
    return CloseInOrder(environment, ws::CloseCode::kGoingAway, "idle for too long",
                        ByGateway(EndReason::kIdle, ws::CloseCode::kGoingAway), intents);
  }
  if (!client.is_read) {
    // Its answer to a ping could not be seen: it is asked when it is read again.
    ping_sent_ns_ = 0;
    return intents.Timer(
        std::min(After(LastByteNs(), limits.idle_timeout_ns), After(now, limits.ping_interval_ns)));
  }
  if (ping_sent_ns_ != 0 && now >= After(ping_sent_ns_, limits.pong_timeout_ns)) {
    // WHY: the ping waits behind what is queued. A client that is slow but takes bytes is alive,
    // and one that has just taken the last of them gets its time to answer.
    if ((ping_queued_ || client.queued_bytes > 0) && client_sent_ns_ > ping_sent_ns_) {
      ping_sent_ns_ = client_sent_ns_;
      ping_queued_ = client.queued_bytes > 0;
    } else {
      environment.counters.pong_timeouts.Add(1);
      return Fail(environment, ws::CloseCode::kGoingAway, "no answer to a ping",
                  EndReason::kPongTimeout, intents);
    }
  }
  if (ping_sent_ns_ == 0 && now >= After(client_active_ns_, limits.ping_interval_ns)) {
    if (!SendPing(environment, intents)) {
      return intents.Timer(
          std::min(After(LastByteNs(), limits.idle_timeout_ns), now + kPingRetryNs));
    }
    ping_queued_ = client.queued_bytes > 0;
  }
  intents.Timer(std::max(NextDueNs(environment), now + base::kNsPerMs));
}

void Session::OnDue(Environment& environment, ClientLook client, Intents& intents) {
  const uint64_t due = state_ == State::kOpen ? 0 : NextDueNs(environment);
  if (environment.now_ns < due) return intents.Timer(due);
  switch (state_) {
    case State::kHandshake:
      environment.counters.handshakes_timed_out.Add(1);
      return Refuse(environment, http::kHeadTooSlow,
                    {EndSide::kGateway, EndReason::kHandshakeTimeout,
                     static_cast<uint16_t>(http::kHeadTooSlow.status)},
                    intents);
    case State::kDialing:
      environment.counters.dials_failed.Add(1);
      environment.servers.OnFailed(route_->backend_index, server_index_, environment.now_ns);
      intents.Drop(LinkRole::kBackend);
      return OnDialFailed(environment, http::kBackendTooSlow.reason, NextServer::kSpare, intents);
    case State::kOpen:
      return OnOpenDue(environment, client, intents);
    case State::kClosing:
      environment.counters.close_timeouts.Add(1);
      return OnCut(intents);
  }
}

void Session::OnCut(Intents& intents) {
  cut_ = true;
  intents.Drop(LinkRole::kBackend);
  intents.Drop(LinkRole::kClient);
}

// What either side takes of a long queue counts: its source is not read meanwhile.
uint64_t Session::LastByteNs() const {
  return std::max({client_active_ns_, backend_active_ns_, client_sent_ns_, backend_sent_ns_});
}

uint64_t Session::NextDueNs(const Environment& environment) const {
  const base::Limits& limits = environment.limits;
  switch (state_) {
    case State::kHandshake:
      return After(state_since_ns_, limits.handshake_timeout_ns);
    case State::kDialing: {
      const config::Config& config = environment.table.config();
      return After(state_since_ns_, config.backends[route_->backend_index].connect_timeout_ns);
    }
    case State::kOpen: {
      const uint64_t idle = After(LastByteNs(), limits.idle_timeout_ns);
      const uint64_t ping = ping_sent_ns_ != 0 ? After(ping_sent_ns_, limits.pong_timeout_ns)
                                               : After(client_active_ns_, limits.ping_interval_ns);
      return std::min(idle, ping);
    }
    case State::kClosing:
      break;
  }
  // WHY the bytes sent: what was received before the end goes out whole to whoever takes it, be it
  // slowly; but nobody may draw his end out for longer than a session may idle.
  const uint64_t moved_ns = std::max({state_since_ns_, client_sent_ns_, backend_sent_ns_});
  const uint64_t latest_ns =
      limits.idle_timeout_ns == 0
          ? kNever
          : state_since_ns_ + std::max(limits.close_timeout_ns, limits.idle_timeout_ns);
  return std::min(After(moved_ns, limits.close_timeout_ns), latest_ns);
}

}  // namespace ringway::session
