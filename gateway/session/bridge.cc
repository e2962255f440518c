// SPDX-License-Identifier: Apache-2.0
#include "gateway/session/bridge.h"

#include <algorithm>
#include <cstring>

#include "gateway/session/held_head.h"
#include "gateway/session/last_word.h"
#include "gateway/ws/frame_header.h"

namespace ringway::session {
namespace {

using base::LinkRole;

constexpr size_t kCarryBytesMax = 3;
static_assert(ws::kServerHeaderBytesMax + kCarryBytesMax <= base::kHeadRoomBytes);

/// A ping for which there was no memory is tried again after so long.
constexpr uint64_t kPingRetryNs = 1'000'000'000;

}  // namespace

Next Bridge::Begin(const Call& call, Handover&& handover) {
  const config::Route& route = call.route();
  is_text_ = route.frames == config::Frames::kText;
  may_splice_ = route.splice != config::Splice::kOff && !is_text_;
  call.counters().sessions_opened.Add(1);
  call.shell.upgraded = true;
  base::Piece answer{.lease = std::move(handover.lease), .bytes = handover.lease_bytes};
  answer.data = answer.lease.data();
  call.intents.Send(LinkRole::kClient, std::move(answer));
  call.intents.Timer(DueNs(call));
  if (handover.piece.bytes == 0) return Next::kStay;
  return frames_.Read(call, std::move(handover.piece));
}

Next Bridge::OnBytes(const Call& call, LinkRole from, base::Piece&& piece) {
  if (from == LinkRole::kBackend) return OnBackendBytes(call, std::move(piece));
  if (ping_is_out_) [[unlikely]] {
    // WHY now: the timer stands at the pong's deadline, and the next ping may be due before that.
    ping_is_out_ = false;
    call.intents.Timer(DueNs(call));
  }
  return frames_.Read(call, std::move(piece));
}

// With frames = "text" a frame must end at a character's boundary: the front of a character whose
// rest has not come is carried over to the next frame. kClosing: it is no text; else `piece` is
// what may be sent, which may be nothing.
Next Bridge::CutText(const Call& call, base::Piece& piece) {
  if (!backend_text_.Push({piece.data, piece.bytes})) {
    return frames_.Fail(call, ws::CloseCode::kInvalidPayload,
                        "the backend sent text that is not UTF-8", EndReason::kInvalidPayload);
  }
  piece.data -= carry_bytes_;
  piece.bytes += carry_bytes_;
  std::memcpy(piece.data, carry_.data(), carry_bytes_);
  const size_t tail = ws::IncompleteTailBytes({piece.data, piece.bytes});
  piece.bytes -= static_cast<uint32_t>(tail);
  std::memcpy(carry_.data(), piece.data + piece.bytes, tail);
  carry_bytes_ = static_cast<uint8_t>(tail);
  return Next::kStay;
}

Next Bridge::OnBackendBytes(const Call& call, base::Piece&& piece) {
  if (is_text_) {
    if (const Next next = CutText(call, piece); next != Next::kStay) return next;
    if (piece.bytes == 0) return Next::kStay;
  }
  const auto header = static_cast<uint32_t>(ws::BuildFrameHeaderBefore(
      is_text_ ? ws::Opcode::kText : ws::Opcode::kBinary, piece.bytes, piece.data));
  piece.data -= header;
  piece.bytes += header;
  ++call.shell.frames_out;
  call.counters().frames_out.Add(1);
  call.intents.Send(LinkRole::kClient, std::move(piece));
  return Next::kStay;
}

Next Bridge::OnEnd(const Call& call, LinkRole from, LinkEnd end) {
  if (from == LinkRole::kClient) {
    call.counters().client_resets.Add(1);
    call.intents.Finish(LinkRole::kBackend);
    if (end == LinkEnd::kFin) call.intents.Finish(LinkRole::kClient);
    constexpr auto kCode = static_cast<uint16_t>(ws::CloseCode::kAbnormal);
    return Close(call, {EndSide::kClient, EndReason::kClientGone, kCode});
  }
  if (end == LinkEnd::kReset) {
    frames_.OnBackendReset();
    call.counters().backend_resets.Add(1);
    constexpr auto kCode = ws::CloseCode::kInternalError;
    return frames_.CloseInOrder(
        call, kCode, "the backend reset the connection",
        {EndSide::kBackend, EndReason::kBackendReset, static_cast<uint16_t>(kCode)});
  }
  if (carry_bytes_ > 0) {
    return frames_.Fail(call, ws::CloseCode::kInvalidPayload,
                        "the backend ended inside a character", EndReason::kInvalidPayload);
  }
  constexpr auto kCode = ws::CloseCode::kNormal;
  return frames_.CloseInOrder(
      call, kCode, "", {EndSide::kBackend, EndReason::kBackendEnd, static_cast<uint16_t>(kCode)});
}

Next Bridge::EndInOrder(const Call& call, std::string_view reason, EndReason end_reason) {
  constexpr auto kCode = ws::CloseCode::kGoingAway;
  return frames_.CloseInOrder(call, kCode, reason, ByGateway(end_reason, kCode));
}

Next Bridge::OnDrain(const Call& call) {
  return EndInOrder(call, "the gateway is shutting down", EndReason::kDrain);
}

uint64_t Bridge::DueNs(const Call& call) const {
  const base::Limits& limits = call.limits();
  const uint64_t ping =
      ping_is_out_ ? After(call.SinceNs(ping_sent_), limits.pong_timeout_ns)
                   : After(call.SinceNs(call.shell.stamps.client_active), limits.ping_interval_ns);
  return std::min(After(call.LastByteNs(), limits.idle_timeout_ns), ping);
}

bool Bridge::SendPing(const Call& call) {
  base::Piece ping{.lease = call.stores().TakeForQueue(call.shell.slot)};
  if (!ping.lease) {
    call.counters().pings_postponed.Add(1);
    return false;
  }
  ping.data = ping.lease.data();
  ping.bytes = static_cast<uint32_t>(ws::BuildFrameHeader(ws::Opcode::kPing, 0, {ping.data, 2}));
  call.intents.Send(LinkRole::kClient, std::move(ping));
  call.counters().pings_out.Add(1);
  ping_is_out_ = true;
  ping_sent_ = Stamp(call.now_ns());
  return true;
}

Next Bridge::OnDue(const Call& call, ClientLook client) {
  const base::Limits& limits = call.limits();
  const Stamps& stamps = call.shell.stamps;
  const uint64_t now = call.now_ns();
  const uint64_t idle_due = After(call.LastByteNs(), limits.idle_timeout_ns);
  if (now >= idle_due) {
    call.counters().idle_timeouts.Add(1);
    return EndInOrder(call, "idle for too long", EndReason::kIdle);
  }
  if (!client.is_read) {
    // Its answer to a ping could not be seen: it is asked when it is read again.
    ping_is_out_ = false;
    return call.WaitUntil(std::min(idle_due, After(now, limits.ping_interval_ns)));
  }
  if (ping_is_out_ && now >= After(call.SinceNs(ping_sent_), limits.pong_timeout_ns)) {
    // WHY: the ping waits behind what is queued. A client that is slow but takes bytes is alive,
    // and one that has just taken the last of them gets its time to answer.
    const bool took = call.SinceNs(stamps.client_sent) > call.SinceNs(ping_sent_);
    if (!took || (!ping_queued_ && client.queued_bytes == 0)) {
      call.counters().pong_timeouts.Add(1);
      return frames_.Fail(call, ws::CloseCode::kGoingAway, "no answer to a ping",
                          EndReason::kPongTimeout);
    }
    ping_sent_ = stamps.client_sent;
    ping_queued_ = client.queued_bytes > 0;
  }
  if (!ping_is_out_ && now >= After(call.SinceNs(stamps.client_active), limits.ping_interval_ns)) {
    if (!SendPing(call)) return call.WaitUntil(std::min(idle_due, now + kPingRetryNs));
    ping_queued_ = client.queued_bytes > 0;
  }
  return call.WaitUntil(std::max(DueNs(call), now + base::kNsPerMs));
}

}  // namespace ringway::session
