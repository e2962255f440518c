// SPDX-License-Identifier: Apache-2.0
//
// What a session's timer means in each state, and when it is due. It is set late: an event that
// moves a deadline away leaves the timer alone.
#include <algorithm>
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/http/backend_refusals.h"
#include "gateway/session/session.h"
#include "gateway/ws/frame_header.h"

namespace ringway::session {
namespace {

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

bool Session::SendPing(Environment& environment, Intents& intents) {
  base::Piece ping{.lease = environment.stores.TakeForQueue(slot_)};
  if (!ping.lease) {
    environment.counters.pings_postponed.Add(1);
    return false;
  }
  ping.data = ping.lease.data();
  ping.bytes = static_cast<uint32_t>(ws::BuildFrameHeader(ws::Opcode::kPing, 0, {ping.data, 2}));
  intents.Send(LinkRole::kClient, std::move(ping));
  environment.counters.pings_out.Add(1);
  ping_sent_ns_ = environment.now_ns;
  return true;
}

void Session::OnOpenDue(Environment& environment, ClientLook client, Intents& intents) {
  const base::Limits& limits = environment.limits;
  const uint64_t now = environment.now_ns;
  if (now >= After(LastByteNs(), limits.idle_timeout_ns)) {
    environment.counters.idle_timeouts.Add(1);
    return EndOpen(environment, "idle for too long",
                   ByGateway(EndReason::kIdle, ws::CloseCode::kGoingAway), intents);
  }
  if (passes()) return intents.Timer(After(LastByteNs(), limits.idle_timeout_ns));
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
  if (environment.now_ns < due) {
    if (auto* const serving = std::get_if<Serving>(&stream_)) serving->moved_timer = true;
    return intents.Timer(due);
  }
  switch (state_) {
    case State::kHandshake:
      // A connection that rests between two requests is closed without a word (RFC 9112 9.5).
      if (answered_status_ != 0 && (held_.bytes == 0 || awaits_backend_gone_)) {
        return OnEarlyEnd(environment, intents);
      }
      environment.counters.handshakes_timed_out.Add(1);
      // WHY no 408: whoever has connected ahead of its request would take it for the answer to one
      // that it has yet to send. And whoever has begun a PROXY header has asked nothing.
      if (held_.bytes == 0 || awaits_proxy_header_) {
        client_deaf_ = true;
        held_ = {};
        intents.Drop(LinkRole::kClient);
        return EnterClosing(environment, {EndSide::kGateway, EndReason::kHandshakeTimeout, 0},
                            intents);
      }
      return Refuse(environment, http::kHeadTooSlow,
                    {EndSide::kGateway, EndReason::kHandshakeTimeout,
                     static_cast<uint16_t>(http::kHeadTooSlow.status)},
                    intents);
    case State::kDialing:
      return OnDialDue(environment, intents);
    case State::kAnswering:
      environment.counters.answers_timed_out.Add(1);
      intents.Drop(LinkRole::kBackend);
      return Refuse(environment, http::kBackendAnswerTooSlow,
                    {EndSide::kBackend, EndReason::kAnswerTimeout,
                     static_cast<uint16_t>(http::kBackendAnswerTooSlow.status)},
                    intents);
    case State::kRelaying:
      environment.counters.idle_timeouts.Add(1);
      return CutAnswer(environment, EndReason::kIdle, intents);
    case State::kServing:
      environment.counters.idle_timeouts.Add(1);
      return CutServing(environment, {EndSide::kGateway, EndReason::kIdle, answered_status_},
                        intents);
    case State::kOpen:
      return OnOpenDue(environment, client, intents);
    case State::kClosing:
      environment.counters.close_timeouts.Add(1);
      return OnCut(intents);
  }
}

uint64_t SessionBytes::NextDueNs(const Environment& environment) const {
  const base::Limits& limits = environment.limits;
  switch (state_) {
    case State::kHandshake:
      // Its next request waits for the client to take the answers before it.
      if (awaits_backend_gone_) {
        return After(std::max(state_since_ns_, LastByteNs()),
                     std::max(limits.handshake_timeout_ns, limits.idle_timeout_ns));
      }
      return After(state_since_ns_, limits.handshake_timeout_ns);
    case State::kDialing: {
      const config::Config& config = environment.table.config();
      const config::Backend& backend = config.backends[route_->backend_index];
      return std::min(try_due_ns_, After(state_since_ns_, backend.connect_timeout_ns));
    }
    case State::kAnswering:
      return After(state_since_ns_, limits.handshake_timeout_ns);
    case State::kRelaying:
    case State::kServing:
      return After(std::max(state_since_ns_, LastByteNs()), limits.idle_timeout_ns);
    case State::kOpen: {
      const uint64_t idle = After(LastByteNs(), limits.idle_timeout_ns);
      if (passes()) return idle;
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
