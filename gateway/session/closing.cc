// SPDX-License-Identifier: Apache-2.0
#include "gateway/session/closing.h"

#include <algorithm>

namespace ringway::session {

using base::LinkRole;

Next Closing::Begin(const Call& call, Handover&& handover) {
  hears_ = handover.hearing == Hearing::kHears;
  if (!hears_) frames_.Forget();
  call.intents.Timer(DueNs(call));
  return Next::kStay;
}

void Closing::EndHearing(const Call& call) {
  hears_ = false;
  frames_.Forget();
  call.intents.Timer(DueNs(call));
}

Next Closing::OnBytes(const Call& call, LinkRole from, base::Piece&& piece) {
  if (from == LinkRole::kBackend || !hears_) return call.Discard(piece.bytes);
  if (frames_.Read(call, std::move(piece)) != Next::kStay) EndHearing(call);
  return Next::kStay;
}

Next Closing::OnEnd(const Call& call, LinkRole from, LinkEnd end) {
  if (from == LinkRole::kBackend) {
    if (end == LinkEnd::kReset) frames_.OnBackendReset();
    return Next::kStay;
  }
  call.intents.Finish(LinkRole::kBackend);
  if (end == LinkEnd::kFin) call.intents.Finish(LinkRole::kClient);
  EndHearing(call);
  return Next::kStay;
}

Next Closing::OnExhausted(const Call& call) {
  call.counters().pool_exhausted.Add(1);
  call.intents.Drop(LinkRole::kBackend);
  call.intents.Drop(LinkRole::kClient);
  return Next::kStay;
}

Next Closing::OnEvicted(const Call& call) {
  call.counters().half_open_evicted.Add(1);
  call.intents.Drop(LinkRole::kClient);
  EndHearing(call);
  return Next::kStay;
}

Next Closing::OnDue(const Call& call, ClientLook /*client*/) {
  if (const uint64_t due = DueNs(call); call.now_ns() < due) return call.WaitUntil(due);
  call.counters().close_timeouts.Add(1);
  call.shell.cut = true;
  call.intents.Drop(LinkRole::kBackend);
  call.intents.Drop(LinkRole::kClient);
  return Next::kStay;
}

// WHY the bytes sent: what was received before the end goes out whole to whoever takes it, be it
// slowly; but nobody may draw his end out for longer than a session may idle.
uint64_t Closing::DueNs(const Call& call) const {
  const base::Limits& limits = call.limits();
  const uint64_t moved_ns = std::max(call.SinceNs(), call.shell.stamps.LastSentNs(call.now_ns()));
  const uint64_t latest_ns =
      limits.idle_timeout_ns == 0
          ? kNever
          : call.SinceNs() + std::max(limits.close_timeout_ns, limits.idle_timeout_ns);
  return std::min(After(moved_ns, limits.close_timeout_ns), latest_ns);
}

}  // namespace ringway::session
