// SPDX-License-Identifier: Apache-2.0
#include "gateway/session/relaying.h"

#include <algorithm>
#include <utility>

#include "gateway/session/admission.h"
#include "gateway/session/last_word.h"

namespace ringway::session {

using base::LinkRole;

Next Relaying::Begin(const Call& call, Handover&& handover) {
  behind_ = std::move(handover.lease);
  behind_bytes_ = handover.lease_bytes;
  keeps_client_ = handover.keeps_client;
  body_.Begin(handover.framing, handover.body_bytes);
  call.intents.Timer(DueNs(call));
  if (body_.IsComplete()) return End(call);
  if (handover.piece.bytes == 0) return Next::kStay;
  return OnBytes(call, LinkRole::kBackend, std::move(handover.piece));
}

Next Relaying::OnBytes(const Call& call, LinkRole from, base::Piece&& piece) {
  if (from == LinkRole::kClient) return call.Discard(piece.bytes);  // it is not read
  // What is behind the body is nobody's, so the body may be made shorter in the piece itself.
  const std::span<char> text{reinterpret_cast<char*>(piece.data), piece.bytes};
  const http::BodyStep step = body_.Consume(text);
  piece.bytes = static_cast<uint32_t>(step.kept_bytes);
  if (piece.bytes > 0) call.intents.Send(LinkRole::kClient, std::move(piece));
  switch (step.result) {
    case http::BodyResult::kNeedMore:
      return Next::kStay;
    case http::BodyResult::kComplete:
      return End(call);
    case http::BodyResult::kMalformed:
      break;
  }
  return Cut(call, EndReason::kBadAnswer);
}

Next Relaying::End(const Call& call) {
  Shell& shell = call.shell;
  call.counters().answers_relayed.Add(1);
  call.intents.Drop(LinkRole::kBackend);
  if (!keeps_client_ || shell.ends_after_answer) {
    call.intents.Finish(LinkRole::kClient);
    return Close(call, {EndSide::kBackend, EndReason::kAnswered, shell.answered_status});
  }
  LeaveServer(shell);
  LeaveRoute(shell);
  LeaveGateway(shell);
  return call.Go(
      Next::kHandshake,
      {.lease = std::move(behind_), .lease_bytes = behind_bytes_, .awaits_backend_gone = true});
}

// What came is delivered, and then the end, in front of the one that the head has promised.
Next Relaying::Cut(const Call& call, EndReason reason) {
  const bool is_bad = reason == EndReason::kBadAnswer;
  if (is_bad) call.counters().answers_refused.Add(1);
  call.intents.Drop(LinkRole::kBackend);
  call.intents.Finish(LinkRole::kClient);
  const EndSide side = is_bad ? EndSide::kBackend : EndSide::kGateway;
  return Close(call, {side, reason, call.shell.answered_status});
}

Next Relaying::OnEnd(const Call& call, LinkRole from, LinkEnd end) {
  if (from == LinkRole::kClient) return Abandon(call);
  if (end == LinkEnd::kFin && body_.MayEndHere()) return End(call);
  return Cut(call, EndReason::kBadAnswer);
}

Next Relaying::OnDue(const Call& call, ClientLook /*client*/) {
  if (const uint64_t due = DueNs(call); call.now_ns() < due) return call.WaitUntil(due);
  call.counters().idle_timeouts.Add(1);
  return Cut(call, EndReason::kIdle);
}

Next Relaying::OnDrain(const Call& call) {
  call.shell.ends_after_answer = true;
  return Next::kStay;
}

Next Relaying::OnExhausted(const Call& call) { return CutForMemory(call); }

uint64_t Relaying::DueNs(const Call& call) const {
  return After(std::max(call.SinceNs(), call.LastByteNs()), call.limits().idle_timeout_ns);
}

}  // namespace ringway::session
