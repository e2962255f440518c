// SPDX-License-Identifier: Apache-2.0
#include "gateway/session/passage.h"

#include <utility>

#include "gateway/session/last_word.h"

namespace ringway::session {

using base::LinkRole;

Next Passage::Begin(const Call& call, Handover&& handover) {
  const config::Route& route = call.route();
  follows_ = route.inspect == config::Inspect::kHeaders;
  may_splice_ = route.splice != config::Splice::kOff && !follows_;
  call.counters().sessions_opened.Add(1);
  call.shell.upgraded = true;
  call.intents.Timer(DueNs(call));
  if (handover.piece.bytes > 0) {
    const Next next = OnBytes(call, LinkRole::kBackend, std::move(handover.piece));
    if (next != Next::kStay) return next;
  }
  base::Piece leftover{.lease = std::move(handover.lease), .bytes = handover.lease_bytes};
  if (leftover.bytes == 0) return Next::kStay;
  leftover.data = leftover.lease.data();
  return OnBytes(call, LinkRole::kClient, std::move(leftover));
}

Next Passage::OnBytes(const Call& call, LinkRole from, base::Piece&& piece) {
  if (!follows_) {
    call.intents.Send(Opposite(from), std::move(piece));
    return Next::kStay;
  }
  ws::HeaderFollower& follower = from == LinkRole::kClient ? from_client_ : from_backend_;
  const bool was_between_frames = follower.at_frame_boundary();
  const ws::Followed followed = follower.Follow({piece.data, piece.bytes}, call.snapshot().rules);
  call.environment.frames_read += followed.frames;
  if (from == LinkRole::kClient) {
    call.shell.messages_in += followed.messages;
    call.counters().messages_in.Add(followed.messages);
  } else {
    call.shell.frames_out += followed.frames;
    call.counters().frames_out.Add(followed.frames);
  }
  piece.bytes = static_cast<uint32_t>(followed.passed_bytes);
  if (piece.bytes > 0) call.intents.Send(Opposite(from), std::move(piece));
  if (followed.fault == ws::FollowFault::kNone) [[likely]]
    return Next::kStay;
  // The faulty frame is held back whole, so that a Close may stand in its place.
  const bool is_whole = was_between_frames || followed.passed_bytes > 0;
  if (from == LinkRole::kBackend && is_whole && !follower.close_seen()) {
    follower = ws::HeaderFollower(ws::Direction::kFromBackend);
  }
  return OnFault(call, from, followed.fault);
}

Next Passage::OnFault(const Call& call, LinkRole from, ws::FollowFault fault) {
  const ws::CloseCode code = ws::RefusalCode(fault);
  const bool is_too_big = code == ws::CloseCode::kTooBig;
  (is_too_big ? call.counters().too_big : call.counters().protocol_errors).Add(1);
  const bool is_backend = from == LinkRole::kBackend;
  return End(call, code, ws::RefusalReason(fault),
             {.side = is_backend && !is_too_big ? EndSide::kBackend : EndSide::kGateway,
              .reason = is_too_big ? EndReason::kTooBig : EndReason::kProtocolError,
              .code = static_cast<uint16_t>(code)});
}

// A FIN is passed on behind the bytes before it, and the other direction goes on.
Next Passage::OnEnd(const Call& call, LinkRole from, LinkEnd end) {
  const bool is_client = from == LinkRole::kClient;
  if (is_client == (end == LinkEnd::kReset)) close_is_late_ = true;
  if (end == LinkEnd::kReset) {
    (is_client ? call.counters().client_resets : call.counters().backend_resets).Add(1);
    constexpr auto kAbnormal = static_cast<uint16_t>(ws::CloseCode::kAbnormal);
    constexpr auto kCode = ws::CloseCode::kInternalError;
    const Ending ending = is_client ? Ending{EndSide::kClient, EndReason::kClientGone, kAbnormal}
                                    : Ending{EndSide::kBackend, EndReason::kBackendReset,
                                             static_cast<uint16_t>(kCode)};
    return End(call, kCode, "the backend reset the connection", ending);
  }
  call.intents.Finish(Opposite(from));
  const Ending ending = is_client ? Ending{EndSide::kClient, EndReason::kClientEnd, 0}
                                  : Ending{EndSide::kBackend, EndReason::kBackendEnd, 0};
  call.shell.EndWith(ending);
  return std::exchange(half_closed_, true) ? Close(call, ending) : Next::kStay;
}

// Only where the gateway has followed the frames does it know where one of its own may stand.
Next Passage::End(const Call& call, ws::CloseCode code, std::string_view reason,
                  const Ending& ending) {
  const bool may_close = follows_ && from_backend_.at_frame_boundary() &&
                         !from_backend_.close_seen() && !close_is_late_;
  if (may_close) SendClose(call, static_cast<uint16_t>(code), reason);
  call.intents.Finish(LinkRole::kBackend);
  call.intents.Finish(LinkRole::kClient);
  return Close(call, ending);
}

Next Passage::OnDrain(const Call& call) {
  constexpr auto kCode = ws::CloseCode::kGoingAway;
  return End(call, kCode, "the gateway is shutting down", ByGateway(EndReason::kDrain, kCode));
}

Next Passage::OnExhausted(const Call& call) { return CutForMemory(call); }

Next Passage::OnDue(const Call& call, ClientLook /*client*/) {
  if (const uint64_t due = DueNs(call); call.now_ns() < due) return call.WaitUntil(due);
  call.counters().idle_timeouts.Add(1);
  constexpr auto kCode = ws::CloseCode::kGoingAway;
  return End(call, kCode, "idle for too long", ByGateway(EndReason::kIdle, kCode));
}

uint64_t Passage::DueNs(const Call& call) const {
  return After(call.LastByteNs(), call.limits().idle_timeout_ns);
}

}  // namespace ringway::session
